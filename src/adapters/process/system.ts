/**
 * Programs run on this process's own streams, with secrets in their environment and nowhere else.
 *
 * @module
 */

import { fromUtf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import { showable } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { ChildCommand, Processes } from "../../ports/process.ts";

/** Sent on to the child wherever they come from. */
const FORWARDED: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"];
/** A terminal sends these to the child itself; passed on as well, it would get them twice. */
const FROM_TERMINAL: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];

/** The processes of this machine. */
export class SystemProcesses implements Processes {
  readonly pid = Deno.pid;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment What children inherit: the person's own variables, those included that this process dropped for itself. */
  constructor(environment: Readonly<Record<string, string>> = Deno.env.toObject()) {
    this.#environment = environment;
  }

  async run(command: ChildCommand): Promise<number> {
    const env = { ...without(this.#environment, command.withhold), ...exposed(command.secrets) };
    const signals = new SignalForwarder();
    try {
      // Listening before the child exists: a signal in between would end us and leave it behind.
      signals.listen();
      const child = start(command, env);
      signals.to(child);
      return (await child.status).code; // 128 + n for a signal
    } finally {
      signals.stop();
    }
  }

  terminate(pid: number): boolean {
    try {
      Deno.kill(pid, "SIGTERM");
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }
}

function start(command: ChildCommand, env: Record<string, string>): Deno.ChildProcess {
  try {
    return new Deno.Command(command.program, {
      args: [...command.args],
      env,
      clearEnv: true,
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    // The system's message may quote arguments; only its kind is told.
    throw new AppError("child_not_started", { program: showable(command.program), reason: explain(error) });
  }
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such program";
  if (error instanceof Deno.errors.PermissionDenied) return "it may not be executed";
  const text = error instanceof Error ? error.message : "";
  if (/too long|os error 7\b/i.test(text)) {
    return "environment and arguments are larger than the system takes; choose secrets with --only";
  }
  return "the system refused it";
}

function without(
  environment: Readonly<Record<string, string>>,
  withhold: readonly string[],
): Record<string, string> {
  const exact = new Set(withhold.filter((name) => !name.endsWith("*")));
  const prefixes = withhold.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1));
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => {
      return !exact.has(name) && !prefixes.some((prefix) => name.startsWith(prefix));
    }),
  );
}

function exposed(secrets: ReadonlyMap<string, Secret>): Record<string, string> {
  return Object.fromEntries(
    [...secrets].map(([name, value]) => {
      // EXPOSE: an environment holds text; this is the one way a value leaves for a child on purpose
      return [name, value.expose((bytes) => environmentText(name, bytes))];
    }),
  );
}

function environmentText(name: string, bytes: Uint8Array): string {
  if (bytes.includes(0)) {
    throw new AppError("invalid_value", { name, reason: "it holds a NUL byte, which no environment can" });
  }
  try {
    return fromUtf8(bytes);
  } catch {
    throw new AppError("invalid_value", { name, reason: "it is not UTF-8, which an environment needs" });
  }
}

/** Passes signals on to a child; those that come before it exists reach it when it does. */
class SignalForwarder {
  readonly #handlers: { readonly signal: Deno.Signal; readonly handle: () => void }[] = [];
  readonly #early: Deno.Signal[] = [];
  #child: Deno.ChildProcess | undefined;

  listen(): void {
    if (Deno.build.os === "windows") return;
    const atTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
    for (const signal of [...FORWARDED, ...FROM_TERMINAL]) {
      const swallowed = atTerminal && FROM_TERMINAL.includes(signal);
      const handle = swallowed ? (): void => {} : (): void => this.#pass(signal);
      Deno.addSignalListener(signal, handle);
      this.#handlers.push({ signal, handle });
    }
  }

  to(child: Deno.ChildProcess): void {
    this.#child = child;
    for (const signal of this.#early.splice(0)) this.#pass(signal);
  }

  stop(): void {
    for (const { signal, handle } of this.#handlers) Deno.removeSignalListener(signal, handle);
  }

  #pass(signal: Deno.Signal): void {
    if (this.#child === undefined) return void this.#early.push(signal);
    try {
      this.#child.kill(signal);
    } catch {
      // It has just ended.
    }
  }
}
