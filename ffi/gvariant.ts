/**
 * The serialised form of GVariant (GVariant specification §2.5), read for the two types that a Secret Service answers with:
 * arrays of object paths (`ao`) and of attributes (`a{ss}`). One copy of the bytes instead of a dozen calls per string.
 *
 * @module
 */

const decoder = new TextDecoder();

/** Width of the framing offsets of a container of `size` bytes. */
function offsetWidth(size: number): 1 | 2 | 4 {
  return size <= 0xff ? 1 : size <= 0xffff ? 2 : 4;
}

/** The elements of a serialised array of variable-sized, byte-aligned elements. */
function elements(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const width = offsetWidth(bytes.length);
  const at = (position: number): number => {
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[position + i]!;
    return value;
  };
  // The last offset is the end of the last element, and so the place where the offsets begin.
  const tableStart = at(bytes.length - width);
  const out: Uint8Array[] = [];
  let start = 0;
  for (let position = tableStart; position < bytes.length; position += width) {
    const end = at(position);
    if (end < start || end > tableStart) throw new RangeError("Malformed GVariant array");
    out.push(bytes.subarray(start, end));
    start = end;
  }
  return out;
}

function textUntilNul(bytes: Uint8Array, start = 0): { readonly text: string; readonly end: number } {
  const end = bytes.indexOf(0, start);
  if (end < 0) throw new RangeError("Malformed GVariant string");
  return { text: decoder.decode(bytes.subarray(start, end)), end };
}

/** The strings of a serialised `as` or `ao`. @throws {RangeError} When malformed. */
export function readStrings(bytes: Uint8Array): string[] {
  return elements(bytes).map((element) => textUntilNul(element).text);
}

/** The pairs of a serialised `a{ss}`. @throws {RangeError} When malformed. */
export function readDictionary(bytes: Uint8Array): Map<string, string> {
  return new Map(
    elements(bytes).map((element) => {
      const key = textUntilNul(element);
      return [key.text, textUntilNul(element, key.end + 1).text];
    }),
  );
}

/** `text` as a string in GVariant's text format. */
export function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n")}'`;
}
