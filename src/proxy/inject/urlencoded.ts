/**
 * `name=value&…` as text: one pair is set, every other byte stays. Parsing and writing the whole again would change the case of
 * escapes, `+` and `%20`, empty pairs and order, and break what was signed over it.
 *
 * @module
 */

import { fromUtf8 } from "../../kernel/bytes.ts";

const encoder = new TextEncoder();
/** RFC 3986 §2.3: what needs no escape anywhere in a URL or a form. */
const UNRESERVED = /[A-Za-z0-9._~-]/;

/**
 * `text` with the pair `name` set to `encodedValue`: in the place of the first pair of that name (further ones are dropped), or
 * at the end.
 *
 * @param encodedValue Percent-encoded already.
 */
export function setPair(text: string, name: string, encodedValue: string): string {
  const pair = `${percentEncode(encoder.encode(name))}=${encodedValue}`;
  if (text === "") return pair;
  let placed = false;
  const pairs = text.split("&").flatMap((existing) => {
    if (decodedName(existing) !== name) return [existing];
    if (placed) return [];
    placed = true;
    return [pair];
  });
  return (placed ? pairs : [...pairs, pair]).join("&");
}

/** Each byte that is not unreserved as `%XX`. */
export function percentEncode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text;
}

/** The name of a pair as a server reads it, or undefined where it holds no valid text. */
function decodedName(pair: string): string | undefined {
  const end = pair.indexOf("=");
  const raw = (end < 0 ? pair : pair.slice(0, end)).replaceAll("+", " ");
  const bytes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    const escape = /^%([0-9A-Fa-f]{2})/.exec(raw.slice(i, i + 3));
    const character = escape === null ? String.fromCodePoint(raw.codePointAt(i)!) : escape[0];
    bytes.push(...(escape === null ? encoder.encode(character) : [parseInt(escape[1]!, 16)]));
    i += character.length - 1;
  }
  try {
    return fromUtf8(new Uint8Array(bytes));
  } catch {
    return undefined;
  }
}
