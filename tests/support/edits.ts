/**
 * Texts that are almost right: something valid with pieces cut out and put in, which finds more than noise does.
 *
 * @module
 */

import fc from "fast-check";

/** One change. */
interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: string;
}

function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce<string>((now, { at, cut, put }) => {
    const place = at % (now.length + 1);
    return now.slice(0, place) + put + now.slice(place + cut);
  }, text);
}

/** `text` after up to `most` changes, each of which may put in one of `trouble` or a few characters of `unit`. */
export function almost(
  text: fc.Arbitrary<string>,
  { trouble, unit, most = 4 }: {
    readonly trouble: readonly string[];
    readonly unit: fc.Arbitrary<string>;
    readonly most?: number;
  },
): fc.Arbitrary<string> {
  const put = fc.oneof(fc.string({ unit, maxLength: 12 }), fc.constantFrom(...trouble));
  const edits = fc.array(fc.record({ at: fc.nat(), cut: fc.nat(12), put }), { maxLength: most });
  return fc.tuple(text, edits).map(([whole, list]) => edited(whole, list));
}

/** Any byte, as a character. */
export const byte: fc.Arbitrary<string> = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
