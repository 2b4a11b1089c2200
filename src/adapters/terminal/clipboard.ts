/**
 * The desktop's clipboard, through the program that the system has for it. The value goes through a pipe, never an argument.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { Secret } from "../../kernel/secret.ts";

/** Programs that take what to copy on standard input, in the order to try. */
const PROGRAMS: Readonly<Record<string, readonly (readonly [program: string, ...args: string[]])[]>> = {
  linux: [["wl-copy"], ["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"], ["clip.exe"]],
  darwin: [["pbcopy"]],
  windows: [["clip.exe"]],
};

/** @throws {AppError} `clipboard_unavailable` */
export async function copyToClipboard(secret: Secret): Promise<void> {
  for (const [program, ...args] of PROGRAMS[Deno.build.os] ?? []) {
    if (await feed(program, args, secret)) return;
  }
  throw new AppError("clipboard_unavailable");
}

/** Whether the program was there and took it. */
async function feed(program: string, args: readonly string[], secret: Secret): Promise<boolean> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  } catch {
    return false; // not installed
  }
  const writer = child.stdin.getWriter();
  try {
    // EXPOSE: a person asked for it in the clipboard and has given the password
    await secret.expose((bytes) => writer.write(bytes));
    await writer.close();
  } catch {
    return false; // it ended without reading: no display to talk to
  }
  return (await child.status).success;
}
