/**
 * Where the Emergency Kit goes: to a person's terminal, or into a new 0600 file that the person names. Nowhere else: with its
 * recovery code an account can be taken over, so it is never left in the home folder by itself.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { type EmergencyKit, saveEmergencyKit } from "../usecases/emergency_kit.ts";
import type { CommandContext } from "./context.ts";
import { absolute } from "./place.ts";

/** Checks before anything is made that the kit will have somewhere to go. @throws {AppError} `missing_answer`, `file_exists` */
export async function requireKitPlace(context: CommandContext, file: string | undefined): Promise<void> {
  if (file === undefined) {
    if (canShow(context)) return;
    throw new AppError("missing_answer", { what: "a place for the Emergency Kit", flag: "--kit FILE" });
  }
  if (await context.world.files.exists(absolute(context, file))) throw new AppError("file_exists", { path: file });
}

/** Shows or saves the kit. Returns the file's path, or null when it was shown. @throws {AppError} as {@linkcode requireKitPlace} */
export async function deliverKit(
  context: CommandContext,
  kit: EmergencyKit,
  file: string | undefined,
): Promise<string | null> {
  if (file !== undefined) {
    const path = absolute(context, file);
    await saveEmergencyKit(context.world, kit, path);
    return path;
  }
  if (!canShow(context)) {
    throw new AppError("missing_answer", { what: "a place for the Emergency Kit", flag: "--kit FILE" });
  }
  await context.terminal.write("stdout", "\n");
  await context.terminal.reveal(kit.text);
  return null;
}

/** The line that says where the kit is. */
export function kitLine(path: string | null): string {
  return path === null
    ? "Print the Emergency Kit above or write it down: a recovery code is shown once, the account key only with the password"
    : `The Emergency Kit is in ${path}: print it, put it away, and remove the file from this machine`;
}

function canShow(context: CommandContext): boolean {
  return context.terminal.isTerminal("stdout") && !context.view.json;
}
