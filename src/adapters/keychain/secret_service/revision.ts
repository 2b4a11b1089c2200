/**
 * An item of ours as attributes of the Secret Service. A stored revision never changes: a replacement is a new item with a
 * greater `rev`, then the old one is removed. A crash between leaves two; readers take the newest, the next write tidies up.
 * An item that someone wrote with `secret-tool` has no `rev` and is older than any of ours.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import { toHex } from "../../../kernel/encoding.ts";
import type { KeychainKey, KeychainMeta } from "../../../ports/keychain.ts";
import type { Random } from "../../../ports/random.ts";
import { byText, decodeMeta, encodeMeta } from "../key.ts";

const APPLICATION = "agentsecrets";
const REV = /^\d{12}-[0-9a-f]{16}$/;

/** One item of the Secret Service that is a revision of one of ours. */
export interface Revision extends KeychainKey {
  /** The item's D-Bus path. */
  readonly path: string;
  /** Sorts as text; empty for an item that is not from this program. */
  readonly rev: string;
  readonly meta: KeychainMeta;
}

/** What every item of one home has in common, narrowed by `part`. */
export function searchAttributes(profile: string, part: Partial<KeychainKey> = {}): Record<string, string> {
  return { application: APPLICATION, profile, ...part };
}

/** Attributes of a revision that is about to be stored. */
export function newAttributes(
  profile: string,
  key: KeychainKey,
  rev: string,
  meta: KeychainMeta,
): Record<string, string> {
  const { collection, name } = key;
  return { ...searchAttributes(profile, { collection, name }), rev, meta: encodeMeta(meta) };
}

/**
 * The revision that an item is, or undefined when it is none of this profile's: its path was given to another item since.
 *
 * @throws {AppError} `vault_damaged` when its meta cannot be read: a binding that is lost would widen a secret's use
 */
export function readRevision(
  profile: string,
  path: string,
  attributes: ReadonlyMap<string, string>,
): Revision | undefined {
  const collection = attributes.get("collection");
  const name = attributes.get("name");
  const ours = attributes.get("application") === APPLICATION && attributes.get("profile") === profile;
  if (!ours || collection === undefined || name === undefined) return undefined;
  const meta = decodeMeta(attributes.get("meta") ?? "{}");
  const rev = attributes.get("rev") ?? "";
  if (meta === undefined || (rev !== "" && !REV.test(rev))) {
    throw new AppError("vault_damaged", { path: `item ${collection}/${name}`, reason: "its attributes were changed" });
  }
  return { path, collection, name, rev, meta };
}

/** Whether two readings of one path are the same revision: a `rev` is never used twice. */
export function isSame(a: Revision, b: Revision | undefined): boolean {
  return a.path === b?.path && a.rev === b.rev && a.name === b.name && a.collection === b.collection;
}

/** The newest revision of each name, sorted by name. All must be of one collection. */
export function newest(revisions: readonly Revision[]): Revision[] {
  const found = new Map<string, Revision>();
  // Among items without `rev` any order will do, as long as every reader sees the same one.
  for (const revision of revisions.toSorted((a, b) => byText(a.rev, b.rev) || byText(a.path, b.path))) {
    found.set(revision.name, revision);
  }
  return [...found.values()].sort((a, b) => byText(a.name, b.name));
}

/** A `rev` greater than all of `revisions`. The random half keeps two writers at once from taking the same. */
export function nextRev(revisions: readonly Revision[], random: Random): string {
  const last = Math.max(0, ...revisions.map(({ rev }) => rev === "" ? 0 : Number(rev.slice(0, 12))));
  return `${String(last + 1).padStart(12, "0")}-${toHex(random(8))}`;
}
