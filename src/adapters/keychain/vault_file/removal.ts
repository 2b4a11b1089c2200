/**
 * Removing a vault that is not in force any more, or never came to be.
 *
 * What opens the collections goes first: from then on the rest is noise, also where a kill or a full disk stops the work. Each file is
 * overwritten before its name goes. Not claimed: that the disk forgets. File systems that write elsewhere (btrfs, ZFS, overlays,
 * snapshots), SSDs and backups keep old blocks.
 *
 * @module
 */

import { join } from "node:path";
import type { Files } from "../../../ports/files.ts";
import { isCollectionFile } from "./collection.ts";

/** The files beside the collections, in the order in which they go. */
const OPENERS = ["vault.key", "vault.head.next", "vault.head"];

/** Removes the vault in `folder`, whole or half. Files that are none of a vault's, and then the folder, stay. */
export async function removeVault(files: Files, folder: string): Promise<void> {
  const names = await namesIn(folder);
  const own = names.filter((name) => isCollectionFile(name) || /^\.agentsecrets-[0-9a-f]{16}\.tmp$/.test(name));
  for (const name of [...OPENERS.filter((opener) => names.includes(opener)), ...own]) {
    await overwrite(join(folder, name));
    await files.remove(join(folder, name));
  }
  await files.remove(join(folder, "lock"));
  // An empty one goes; one that is not empty, or not there, is left as it is.
  await Deno.remove(folder).catch(() => {});
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const { name } of Deno.readDir(folder)) names.push(name);
    return names;
  } catch {
    return []; // no folder: nothing to remove
  }
}

/** Best effort: a file that cannot be overwritten is removed all the same. */
async function overwrite(path: string): Promise<void> {
  try {
    if (!(await Deno.lstat(path)).isFile) return;
    using file = await Deno.open(path, { write: true });
    const zeros = new Uint8Array(64 * 1024);
    for (let left = (await file.stat()).size; left > 0;) left -= await file.write(zeros.subarray(0, left));
    await file.sync();
  } catch {
    // Its removal says what is wrong, if it fails too.
  }
}
