/**
 * Colours and emphasis, which are there on a terminal and nowhere else.
 *
 * @module
 */

/** Paints a piece of text, or leaves it as it is. */
export type Paint = (text: string) => string;

/** The few styles that the program uses. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
}

const same: Paint = (text) => text;
const plain: Style = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

function sgr(on: number, off: number): Paint {
  return (text) => text === "" ? "" : `\x1b[${on}m${text}\x1b[${off}m`;
}

const colored: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** The style of a stream with or without colour. */
export function styleFor(color: boolean): Style {
  return color ? colored : plain;
}

// deno-lint-ignore no-control-regex -- control characters are what is replaced
const STEERING = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** `text` on one line without characters that steer a terminal: names and notes may come from other people. */
export function printable(text: string): string {
  return text.replace(STEERING, "?");
}

/** The same JSON with those characters as escapes: `JSON.stringify` leaves all but the first thirty-two as they are. */
export function printableJson(json: string): string {
  return json.replace(
    STEERING,
    (character) => character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
