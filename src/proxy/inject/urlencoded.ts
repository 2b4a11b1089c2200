/**
 * `name=value&…` as text: one pair is set, every other byte stays. Parsing and writing the whole again would change the case of
 * escapes, `+` and `%20`, empty pairs and order, and break what was signed over it.
 *
 * @module
 */

const encoder = new TextEncoder();
/** RFC 3986 §2.3: what needs no escape anywhere in a URL or a form. */
const UNRESERVED = /[A-Za-z0-9._~-]/;
const SPACE = 0x20, PERCENT = 0x25, PLUS = 0x2b, EQUALS = 0x3d;

/**
 * `text` with the pair `name` set to `encodedValue`: in the place of the first pair of that name (further ones are dropped), or
 * at the end.
 *
 * @param encodedValue Percent-encoded already.
 */
export function setPair(text: string, name: string, encodedValue: string): string {
  const wanted = encoder.encode(name);
  const pair = `${percentEncode(wanted)}=${encodedValue}`;
  if (text === "") return pair;
  // Nothing is made of a pair that stays: a body may have millions.
  let kept = "", keptTo = 0, placed = false;
  for (let from = 0; from <= text.length;) {
    const next = text.indexOf("&", from), end = next < 0 ? text.length : next;
    if (isNamed(text, from, end, wanted)) {
      kept += placed ? text.slice(keptTo, Math.max(keptTo, from - 1)) : text.slice(keptTo, from) + pair;
      keptTo = end;
      placed = true;
    }
    from = end + 1;
  }
  return placed ? kept + text.slice(keptTo) : `${text}&${pair}`;
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

/** Whether the pair from `from` to `end` has the name of these bytes, as a server reads it. */
function isNamed(text: string, from: number, end: number, wanted: Uint8Array): boolean {
  let at = 0;
  while (from < end && text.charCodeAt(from) !== EQUALS) {
    const code = text.charCodeAt(from);
    const escaped = code === PERCENT && from + 2 < end ? hexByte(text, from + 1) : undefined;
    if (escaped !== undefined) {
      if (wanted[at++] !== escaped) return false;
      from += 3;
    } else if (code < 0x80) {
      if (wanted[at++] !== (code === PLUS ? SPACE : code)) return false;
      from++;
    } else {
      const character = String.fromCodePoint(text.codePointAt(from)!);
      for (const byte of encoder.encode(character)) if (wanted[at++] !== byte) return false;
      from += character.length;
    }
  }
  return at === wanted.length;
}

/** The byte of two hex digits, undefined where there are none. */
function hexByte(text: string, at: number): number | undefined {
  const high = hexDigit(text.charCodeAt(at)), low = hexDigit(text.charCodeAt(at + 1));
  return high < 0 || low < 0 ? undefined : high << 4 | low;
}

/** −1 for what is none. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = (code | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : -1;
}
