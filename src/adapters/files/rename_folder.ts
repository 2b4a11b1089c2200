/** Moving a folder in one step. @module */

import { AppError } from "../../kernel/error.ts";

/** @throws {AppError} `file_exists`, `file_unwritable` */
export async function renameFolder(from: string, to: string): Promise<void> {
  // rename(2) replaces an empty folder without a word.
  const taken = await Deno.lstat(to).then(() => true, () => false);
  if (taken) throw new AppError("file_exists", { path: to });
  try {
    await Deno.rename(from, to);
  } catch (error) {
    throw new AppError("file_unwritable", { path: to, reason: "it cannot be moved there" }, { cause: error });
  }
}
