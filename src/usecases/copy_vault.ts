/**
 * Copies a whole vault into another, item by item: keys, session, pins, the audit log's checkpoint, every value of every
 * environment with its meta, and the traces of deletions that were not pushed.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { Keychain, KeychainItem } from "../ports/keychain.ts";

/** Most items whose values are in memory at once. */
const BATCH = 200;

/** Copies everything and reads it back. How many items there were. @throws {AppError} `keychain_failed` when a copy is not like its original */
export async function copyVault(from: Keychain, to: Keychain, signal?: AbortSignal): Promise<number> {
  let copied = 0;
  for (const collection of await from.collections(signal)) {
    const names = (await from.list(collection, signal)).map(({ name }) => name);
    for (let at = 0; at < names.length; at += BATCH) {
      copied += await copyBatch(from, to, collection, names.slice(at, at + BATCH), signal);
    }
    const there = (await to.list(collection, signal)).length;
    if (there !== names.length) throw differs(to);
  }
  return copied;
}

async function copyBatch(
  from: Keychain,
  to: Keychain,
  collection: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<number> {
  using items = disposable(await from.getMany(collection, names, signal));
  await to.apply(
    items.list.map(({ name, meta, value }) => ({ op: "put", key: { collection, name }, meta, value })),
    signal,
  );
  using copies = disposable(await to.getMany(collection, names, signal));
  const byName = new Map(copies.list.map((copy) => [copy.name, copy]));
  if (items.list.length !== names.length) throw differs(from);
  for (const item of items.list) if (!isCopy(item, byName.get(item.name))) throw differs(to);
  return items.list.length;
}

function isCopy(item: KeychainItem, copy: KeychainItem | undefined): boolean {
  if (copy === undefined || !copy.value.equals(item.value)) return false;
  const sorted = ({ meta }: KeychainItem): string => JSON.stringify(Object.entries(meta).sort());
  return sorted(item) === sorted(copy);
}

function differs({ backend }: Keychain): AppError {
  return new AppError("keychain_failed", { backend, domain: "copy-differs", status: 1 });
}

function disposable(list: readonly KeychainItem[]): Disposable & { readonly list: readonly KeychainItem[] } {
  return { list, [Symbol.dispose]: () => list.forEach(({ value }) => value.dispose()) };
}
