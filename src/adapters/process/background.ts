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

/** What this program drops from its own environment and a new one may be told to read: which proxy the person uses. */
const DROPPED = /^(https?|all|no)_proxy$/i;

/** Starts processes of this program. */
export class SystemBackground implements Background {
  readonly #dropped: Readonly<Record<string, string>>;

  /** @param inherited The environment as this program found it. */
  constructor(inherited: Readonly<Record<string, string>> = {}) {
    this.#dropped = Object.fromEntries(Object.entries(inherited).filter(([name]) => DROPPED.test(name)));
  }

  async start({ args, logPath, stdin, environment }: BackgroundCommand): Promise<BackgroundProcess> {
    const own = [Deno.execPath(), ...await leadingArguments(), ...args];
    const [program, ...rest] = Deno.build.os === "windows" ? own : ["/bin/sh", "-c", INTO_LOG, "sh", logPath, ...own];
    const child = await startWith({ program: program!, args: rest, env: { ...this.#dropped, ...environment } }, stdin);
    const ended = child.status.then(() => {});
    child.unref();
    return { pid: child.pid, ended };
  }
}

/**
 * On Linux the line goes through a socket. A pipe could be opened by any program of the same user, as /proc/PID/fd/0 of the new process,
 * in the instants in which that has not hidden itself yet; a socket cannot be opened, and taking it by pidfd_getfd(2) needs the right
 * to attach.
 */
async function startWith(own: Own, line: Secret | undefined): Promise<Deno.ChildProcess> {
  if (line === undefined) return spawn(own, "null");
  if (Deno.build.os !== "linux") return await throughPipe(spawn(own, "piped"), line);
  const { withSocketInput } = await import("../../../ffi/socket_pair.ts");
  const { started, end } = withSocketInput(() => spawn(own, "inherit"));
  using socket = end;
  const bytes = lineOf(line);
  // A child that has ended before it read says why in its log.
  socket.send(bytes);
  bytes.fill(0);
  return started;
}

/** This program, as it is started again. */
interface Own {
  readonly program: string;
  readonly args: string[];
  /** Added to what it inherits. */
  readonly env: Record<string, string>;
}

function spawn({ program, args, env }: Own, stdin: "null" | "piped" | "inherit"): Deno.ChildProcess {
  try {
    const options = { args, env, stdin, stdout: "null", stderr: "null", detached: true } as const;
    return new Deno.Command(program, options).spawn();
  } catch (error) {
    throw new AppError("child_not_started", { program: "agentsecrets", reason: "the system refused it" }, {
      cause: error,
    });
  }
}

async function throughPipe(child: Deno.ChildProcess, line: Secret): Promise<Deno.ChildProcess> {
  const writer = child.stdin.getWriter();
  const bytes = lineOf(line);
  try {
    await writer.write(bytes);
    await writer.close();
  } catch {
    // It ended before it read: its log says why.
  } finally {
    bytes.fill(0);
  }
  return child;
}

function lineOf(line: Secret): Uint8Array<ArrayBuffer> {
  // EXPOSE: what opens the vault, for the same program, on its standard input
  return line.expose((value) => {
    const bytes = new Uint8Array(value.length + 1);
    bytes.set(value);
    bytes[value.length] = 10;
    return bytes;
  });
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
