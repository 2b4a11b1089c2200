/**
 * Temporary files: a file's new bytes, beside it and already on the disk, before they take its name.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { toHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import type { Random } from "../../ports/random.ts";

/** `.agentsecrets-` + 16 random hex digits + `.tmp`: never longer than the file system allows, whatever the file's name. */
const TEMPORARY = /^\.agentsecrets-[0-9a-f]{16}\.tmp$/;
/** A write takes milliseconds. What is older was left by a process that died, and may hold what its file must not keep. */
const STALE_AFTER_MS = 60_000;

/** Writes `bytes` to a new file in `folder` and waits until the disk has them. Leaves nothing behind when it fails. */
export async function writeTemporary(
  folder: string,
  bytes: Uint8Array,
  mode: number,
  random: Random,
): Promise<string> {
  const path = join(folder, `.agentsecrets-${toHex(random(8))}.tmp`);
  const file = await Deno.open(path, { write: true, createNew: true, mode });
  try {
    try {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
      // The umask may have taken bits of `mode` away; before the sync, so that the mode is as durable as the bytes.
      if (Deno.build.os !== "windows") await Deno.chmod(path, mode);
      await file.sync();
    } finally {
      file.close();
    }
  } catch (error) {
    await Deno.remove(path).catch(() => {});
    throw error;
  }
  return path;
}

/** Waits until the disk knows the names in `folder`: without it a crash may bring an old name back. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows gives no handle on a folder to flush; NTFS keeps names in its journal.
  if (Deno.build.os === "windows") return;
  const handle = await Deno.open(folder, { read: true });
  try {
    await handle.sync();
  } finally {
    handle.close();
  }
}

/**
 * Removes what dead processes left in `folder`. A writer that slept for a minute in the middle of its work finds its
 * temporary file gone and fails without harm: the file it wanted to replace is as it was.
 */
export async function removeStale(folder: string, nowMs: number): Promise<void> {
  try {
    for await (const entry of Deno.readDir(folder)) {
      if (!entry.isFile || !TEMPORARY.test(entry.name)) continue;
      const path = join(folder, entry.name);
      const changed = (await Deno.lstat(path)).mtime?.getTime() ?? nowMs;
      if (nowMs - changed > STALE_AFTER_MS) await Deno.remove(path);
    }
  } catch {
    // Tidying up is not what the caller asked for; the write that follows reports what is wrong with the folder.
  }
}

/** Makes `path` and the missing folders above it, each durable in its parent. @throws {AppError} `file_unwritable` where a file is in the way; else the system's own errors. */
export async function makeFolders(path: string, mode: number): Promise<void> {
  try {
    await Deno.mkdir(path, { mode });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) {
      // A link to a folder will do; a file will not.
      if ((await Deno.stat(path)).isDirectory) return;
      throw new AppError("file_unwritable", { path, reason: "it is not a folder" }, { cause: error });
    }
    if (!(error instanceof Deno.errors.NotFound) || dirname(path) === path) throw error;
    await makeFolders(dirname(path), mode);
    return makeFolders(path, mode);
  }
  await syncFolder(dirname(path));
}
