/**
 * This program once more, in the background: the same binary or the same script with the same permissions, in a session of its
 * own (setsid(2)), with its output in a file.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Background, BackgroundCommand, BackgroundProcess } from "../../ports/background.ts";

/** The shell only opens the log and steps aside; nothing of the command is part of its text. */
const INTO_LOG = 'log=$1; shift; exec "$@" >>"$log" 2>&1';

/** Starts processes of this program. */
export class SystemBackground implements Background {
  async start({ args, logPath, stdin }: BackgroundCommand): Promise<BackgroundProcess> {
    const own = [Deno.execPath(), ...await leadingArguments(), ...args];
    const [program, ...rest] = Deno.build.os === "windows" ? own : ["/bin/sh", "-c", INTO_LOG, "sh", logPath, ...own];
    const child = spawn(program!, rest, stdin !== undefined);
    if (stdin !== undefined) await giveLine(child, stdin);
    const ended = child.status.then(() => {});
    child.unref();
    return { pid: child.pid, ended };
  }
}

function spawn(program: string, args: string[], hasInput: boolean): Deno.ChildProcess {
  try {
    const options = {
      args,
      stdin: hasInput ? "piped" : "null",
      stdout: "null",
      stderr: "null",
      detached: true,
    } as const;
    return new Deno.Command(program, options).spawn();
  } catch (error) {
    throw new AppError("child_not_started", { program: "agentsecrets", reason: "the system refused it" }, {
      cause: error,
    });
  }
}

async function giveLine(child: Deno.ChildProcess, line: Secret): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    // EXPOSE: the vault's passphrase, for the same program, through a pipe that nobody else can open
    const bytes = line.expose((value) => new Uint8Array([...value, 10]));
    await writer.write(bytes);
    bytes.fill(0);
    await writer.close();
  } catch {
    // It ended before it read: its log says why.
  }
}

/** What stands between the runtime and our own arguments: nothing in a compiled program. */
async function leadingArguments(): Promise<readonly string[]> {
  if (Deno.build.standalone) return [];
  // Exactly as this process was started: guessing could give the new one other permissions.
  const line = await Deno.readTextFile("/proc/self/cmdline").catch(() => "");
  const all = line.split("\0").slice(0, -1);
  if (all.length > Deno.args.length) return all.slice(1, all.length - Deno.args.length);
  return ["run", "--quiet", "--no-prompt", "--allow-all", Deno.mainModule];
}
