/** Cutting lists: pages by size, and inserts that fit one statement. @module */

/** Rows in one INSERT: well below SQLite's 32,766 parameters. */
const ROWS_PER_INSERT = 250;

/** How many items from the start fit `maxBytes`; at least one when there is one. */
export function pageEnd(sizes: readonly number[], maxBytes: number): number {
  let bytes = 0;
  for (const [i, size] of sizes.entries()) {
    bytes += size;
    if (bytes > maxBytes && i > 0) return i;
  }
  return sizes.length;
}

/** `rows` in runs that fit one INSERT. */
export function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) yield rows.slice(at, at + ROWS_PER_INSERT);
}
