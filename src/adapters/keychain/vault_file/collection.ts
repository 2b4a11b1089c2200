/**
 * One collection as one file: `line | envelope` (kind 8), bound to line, profile and file name, so that a file that was put in
 * the place of another is refused. A fresh key and nonce each time it is written (docs/spec/protocol.md §3). An older copy of
 * the same file is accepted: the vault does not claim to notice a rollback by whoever may write its folder.
 *
 * Plaintext: `LP(collection, name, meta, value, name, meta, value, …)`, names sorted.
 *
 * @module
 */

import { type Bytes, fromUtf8, lengthPrefixed, utf8 } from "../../../kernel/bytes.ts";
import { toHex } from "../../../kernel/encoding.ts";
import { isAppError } from "../../../kernel/error.ts";
import { Secret } from "../../../kernel/secret.ts";
import { type EnvelopePlace, openEnvelope, sealEnvelope } from "../../../crypto/envelope.ts";
import { hkdfSha256 } from "../../../crypto/hazmat/hkdf.ts";
import type { KeychainMeta } from "../../../ports/keychain.ts";
import type { Random } from "../../../ports/random.ts";
import { byText, decodeMeta, encodeMeta } from "../key.ts";
import { bodyOf, damaged, formatLine, readFields, withLine } from "./format.ts";

const FILE_NAME = /^[0-9a-f]{32}\.vault$/;

/** An item inside a collection's plaintext. `value` is a view that {@linkcode Contents} wipes. */
export interface StoredItem {
  readonly meta: KeychainMeta;
  readonly value: Uint8Array;
}

/** A decrypted collection. Disposing wipes its buffer, and with it every value. */
export class Contents implements Disposable {
  readonly collection: string;
  readonly items: ReadonlyMap<string, StoredItem>;
  readonly #plaintext: Uint8Array;

  constructor(collection: string, items: ReadonlyMap<string, StoredItem>, plaintext: Uint8Array) {
    this.collection = collection;
    this.items = items;
    this.#plaintext = plaintext;
  }

  [Symbol.dispose](): void {
    this.#plaintext.fill(0);
  }
}

/** Whether `name` is that of a collection's file. */
export function isCollectionFile(name: string): boolean {
  return FILE_NAME.test(name);
}

/** The name of a collection's file: says nothing about the collection without the vault's key. */
export function collectionFile(master: Secret, collection: string): string {
  const info = lengthPrefixed(utf8("collection"), utf8(collection));
  // EXPOSE: file names are derived from the master key so that they name no project
  return `${toHex(master.expose((key) => hkdfSha256(key, utf8("agentsecrets/v1/vault-file"), info, 16)))}.vault`;
}

function placeOf(profile: string, file: string): EnvelopePlace {
  const context = lengthPrefixed(formatLine("collection"), utf8(profile), utf8(file));
  return { kind: "vault", epoch: 0, context };
}

/** A collection's file. */
export function sealCollection(
  master: Secret,
  profile: string,
  collection: string,
  items: ReadonlyMap<string, StoredItem>,
  random: Random,
): Bytes {
  const sorted = [...items].sort(([a], [b]) => byText(a, b));
  const fields = sorted.flatMap(([name, { meta, value }]) => [utf8(name), utf8(encodeMeta(meta)), value]);
  const plaintext = lengthPrefixed(utf8(collection), ...fields);
  const place = placeOf(profile, collectionFile(master, collection));
  const envelope = sealEnvelope(master, place, plaintext, random);
  plaintext.fill(0);
  return withLine("collection", envelope);
}

/** Opens the collection's file `file`, of which `bytes` is the content. @throws {AppError} `vault_damaged`, `unsupported_format` */
export function openCollection(
  master: Secret,
  profile: string,
  place: { readonly file: string; readonly path: string },
  bytes: Uint8Array,
): Contents {
  const { file, path } = place;
  const envelope = bodyOf("collection", path, bytes);
  let plaintext: Bytes;
  try {
    plaintext = openEnvelope(master, placeOf(profile, file), envelope, path);
  } catch (error) {
    if (!isAppError(error, "decryption_failed")) throw error;
    throw damaged(path, "it is damaged, cut short, or another file was put in its place", error);
  }
  const contents = readContents(plaintext);
  if (contents === undefined) {
    plaintext.fill(0);
    throw damaged(path, "its contents are malformed");
  }
  return contents;
}

function readContents(plaintext: Bytes): Contents | undefined {
  const [collection, ...fields] = readFields(plaintext) ?? [];
  if (collection === undefined || fields.length % 3 !== 0) return undefined;
  const items = new Map<string, StoredItem>();
  for (let at = 0; at < fields.length; at += 3) {
    const meta = decodeMeta(fromUtf8(fields[at + 1]!));
    if (meta === undefined) return undefined;
    items.set(fromUtf8(fields[at]!), { meta, value: fields[at + 2]! });
  }
  return new Contents(fromUtf8(collection), items, plaintext);
}
