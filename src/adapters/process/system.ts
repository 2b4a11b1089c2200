/**
 * Programs run on this process's own streams, or through filters to them, with secrets in their environment and nowhere else.
 *
 * @module
 */

import { fromUtf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import { showable } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { ChildCommand, OutputFilter, Processes } from "../../ports/process.ts";
import { MaskedOutput } from "./masked_output.ts";
import { SignalForwarder } from "./signal_forwarder.ts";

/** The filters of this child's streams; undefined for a stream that is the child's own. */
interface Filters {
  readonly stdout: OutputFilter | undefined;
  readonly stderr: OutputFilter | undefined;
}

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
      const filters = { stdout: await filterOf("stdout", command), stderr: await filterOf("stderr", command) };
      const child = start(command, env, filters);
      signals.to(child);
      const carried = carryAll(child, filters);
      // Its failure is looked at when the child has ended.
      carried.catch(() => {});
      const { code } = await child.status; // 128 + n for a signal
      // Programs that the child left behind may still hold its output open.
      await Promise.race([carried, signals.ended()]);
      return code;
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

/** A terminal stays the child's own: what shows there is for a person, and the child may ask it for its size or its keys. */
async function filterOf(stream: "stdout" | "stderr", command: ChildCommand): Promise<OutputFilter | undefined> {
  return Deno[stream].isTerminal() ? undefined : await command.filter?.();
}

/** Everything that the child prints, to its end. */
async function carryAll(child: Deno.ChildProcess, { stdout, stderr }: Filters): Promise<void> {
  const outputs: MaskedOutput[] = [];
  if (stdout !== undefined) outputs.push(new MaskedOutput("stdout", child.stdout, Deno.stdout, stdout));
  if (stderr !== undefined) outputs.push(new MaskedOutput("stderr", child.stderr, Deno.stderr, stderr));
  const results = await Promise.allSettled(outputs.map((output) => output.carry()));
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

function start(command: ChildCommand, env: Record<string, string>, filters: Filters): Deno.ChildProcess {
  try {
    return new Deno.Command(command.program, {
      args: [...command.args],
      env,
      clearEnv: true,
      stdin: "inherit",
      stdout: filters.stdout === undefined ? "inherit" : "piped",
      stderr: filters.stderr === undefined ? "inherit" : "piped",
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
