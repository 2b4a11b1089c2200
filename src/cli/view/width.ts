/**
 * How many columns a text takes on a terminal.
 *
 * @module
 */

/** Printable ASCII and the dash of empty cells: one column each. */
const NARROW = /^[\x20-\x7e—]*$/;

/**
 * A function that measures `texts`. The package that knows every script and emoji takes longer to load than most commands take
 * to run, so it is loaded only where a text needs it.
 */
export async function measurerOf(texts: readonly string[]): Promise<(text: string) => number> {
  if (texts.every((text) => NARROW.test(text))) return (text) => text.length;
  return (await import("string-width")).default;
}
