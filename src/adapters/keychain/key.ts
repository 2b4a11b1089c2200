/**
 * What every keychain adapter accepts as a key and as meta. Keys and meta are made by this program from branded names, so
 * a wrong one is a bug (`TypeError`), not bad input of a person.
 *
 * @module
 */

import type { KeychainChange, KeychainKey, KeychainMeta } from "../../ports/keychain.ts";

const PART = /^[\x21-\x7e]{1,512}$/;
/** Upper bound of an item's meta as JSON, in UTF-16 units: it travels with every listing. */
const MAX_META_LENGTH = 16_384;

function checkPart(part: string): void {
  if (!PART.test(part)) throw new TypeError("A keychain key takes 1…512 printable ASCII characters without spaces");
}

/** @throws {TypeError} For a collection that the port does not allow. */
export function checkCollection(collection: string): void {
  checkPart(collection);
}

/** @throws {TypeError} For a key that the port does not allow. */
export function checkKey(key: KeychainKey): void {
  checkPart(key.collection);
  checkPart(key.name);
}

/** @throws {TypeError} For a change that the port does not allow; nothing of the batch is applied then. */
export function checkChange(change: KeychainChange): void {
  checkKey(change.key);
  if (change.op === "put") encodeMeta(change.meta);
}

/** The one JSON text of `meta`: keys sorted. @throws {TypeError} When too long or not well-formed text. */
export function encodeMeta(meta: KeychainMeta): string {
  const text = JSON.stringify(Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : 1))));
  const flat = Object.entries(meta).flat();
  if (text.length > MAX_META_LENGTH || !flat.every((t) => t.isWellFormed())) throw new TypeError("Unusable meta");
  return text;
}

/** The meta of a JSON text; undefined when it is not an object of strings. */
export function decodeMeta(text: string): KeychainMeta | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    return Object.values(value).every((v) => typeof v === "string") ? value as KeychainMeta : undefined;
  } catch {
    return undefined;
  }
}

/** Order of names and collections in every answer: by UTF-16 unit, the same on every machine. */
export function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
