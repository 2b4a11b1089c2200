/**
 * The command line as a whole: finds the command, loads it alone, parses, runs it, and shows how it ended.
 *
 * @module
 */

import { CommanderError, type OptionValues } from "@commander-js/extra-typings";
import { AppError, isAppError, toAppError } from "../kernel/error.ts";
import { Answers } from "./answers.ts";
import type { AnyCommand, CommandModule } from "./command.ts";
import type { CommandContext, Host } from "./context.ts";
import { COMMANDS, findNode, isGroup, type Leaf, type Node } from "./registry.ts";
import { commandTree, PROGRAM } from "./tree.ts";
import { usageError } from "./usage.ts";
import { VERSION } from "./version.ts";
import { errorDocument, errorText, errorTrace } from "./view/error.ts";
import { styleFor } from "./view/style.ts";
import { View } from "./view/view.ts";

/** Runs one command line. Returns the exit number; never throws. */
export async function runProgram(args: readonly string[], host: Host): Promise<number> {
  const run = new Run(host, asksForHelp(args) ? [...args.filter((arg) => arg !== "help"), "--help"] : args);
  try {
    return await run.execute();
  } catch (error) {
    return await run.fail(error);
  }
}

/** Whether `help` stands where a command would: first, or below a group. */
function asksForHelp(args: readonly string[]): boolean {
  if (args[0] === "help") return true;
  const { nodes } = findNode(operands(args));
  const last = nodes.at(-1);
  return last !== undefined && isGroup(last) && operands(args)[nodes.length] === "help";
}

/** Options that take the next argument as their value, before any command. */
const TAKES_VALUE: ReadonlySet<string> = new Set(["--output", "--vault-passphrase-fd"]);

/** One command line on its way. */
class Run {
  readonly #host: Host;
  readonly #args: readonly string[];
  readonly #nodes: readonly Node[];
  readonly #color: boolean;
  #json: boolean;
  #exit = 0;
  #printed = "";

  constructor(host: Host, args: readonly string[]) {
    this.#host = host;
    this.#args = args;
    this.#nodes = findNode(operands(args)).nodes;
    this.#json = announcesJson(args);
    this.#color = !ours(args).includes("--no-color");
  }

  async execute(): Promise<number> {
    const tree = await this.#tree();
    if (this.#args.length === 0) tree.outputHelp();
    else await this.#parse(tree);
    await this.#host.terminal.write("stdout", this.#printed);
    return this.#exit;
  }

  /** Shows a failure and returns its exit number. */
  async fail(thrown: unknown): Promise<number> {
    const { terminal, signal, debug } = this.#host;
    const interrupted = this.#host.interruptedExit();
    const cancelled = interrupted !== undefined || isAbort(thrown, signal);
    const error = cancelled ? new AppError("cancelled") : this.#located(toAppError(thrown));
    const exit = interrupted ?? error.exit;
    if (this.#json) await terminal.write("stdout", `${JSON.stringify(errorDocument(error, exit), undefined, 2)}\n`);
    await terminal.write("stderr", errorText(error, styleFor(this.#color && terminal.hasColor("stderr"))));
    if (debug) await terminal.write("stderr", errorTrace(thrown));
    return exit;
  }

  async #parse(tree: AnyCommand): Promise<void> {
    try {
      await tree.parseAsync(this.#args as string[], { from: "user" });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.code === "commander.helpDisplayed") return;
      if (error.code !== "commander.help") throw usageError(error, this.#words(), this.#below());
      if (tree.opts()["version"] === true) this.#printed = `${VERSION}\n`;
      else await this.#needsCommand(tree);
    }
  }

  /** A group without a command: its help, on stderr, as a usage error. */
  async #needsCommand(tree: AnyCommand): Promise<void> {
    let command = tree;
    for (const node of this.#nodes) command = command.commands.find((c) => c.name() === node.name) as AnyCommand;
    await this.#host.terminal.write("stderr", command.helpInformation());
    throw new AppError("usage", { problem: `Cannot run ${this.#words()}: it needs one of the commands above` });
  }

  /** A usage error that names the command whose help says more. */
  #located(error: AppError): AppError {
    if (!isAppError(error, "usage")) return error;
    const problem = error.message;
    return new AppError("usage", { problem, within: this.#words() }, { cause: error.cause });
  }

  #below(): string[] {
    const last = this.#nodes.at(-1);
    const nodes = last === undefined ? COMMANDS : isGroup(last) ? last.below : [];
    return nodes.map((node) => node.name);
  }

  #words(): string {
    return [PROGRAM, ...this.#nodes.map((node) => node.name)].join(" ");
  }

  async #tree(): Promise<AnyCommand> {
    const loaded = new Map<Leaf, CommandModule>();
    const last = this.#nodes.at(-1);
    if (last !== undefined && !isGroup(last)) loaded.set(last, (await last.load()).command);
    const { terminal } = this.#host;
    return commandTree({
      loaded,
      execute: (options, work) => this.#work(options, work),
      color: this.#color && terminal.hasColor("stdout"),
      width: Math.min(terminal.columns(), 110),
      print: (text) => {
        this.#printed += text;
      },
    });
  }

  async #work(options: OptionValues, work: (context: CommandContext) => Promise<number | void>): Promise<void> {
    const { terminal, signal } = this.#host;
    this.#json = options["json"] === true || options["output"] === "json";
    if (options["json"] === true && options["output"] === "text") {
      throw new AppError("usage", { problem: "Cannot use --json and --output text together" });
    }
    const view = new View(terminal, {
      json: this.#json,
      text: options["output"] === "text",
      quiet: options["quiet"] === true,
      color: this.#color,
    });
    using answers = new Answers(terminal, signal);
    // The world hides this process's memory: it is made before a password comes in.
    const world = await this.#host.makeWorld({
      vaultPassphrase: () => answers.vaultPassphrase(),
      password: () => answers.vaultPassword(),
      ...(typeof options["upstreamProxy"] === "string" ? { upstreamProxy: options["upstreamProxy"] } : {}),
    });
    await answers.prepare(options);
    const now = (): number => world.clock.now();
    this.#exit = await work({ world, terminal, view, answers, signal, folder: world.workingFolder, now }) ?? 0;
  }
}

/** The words that name a command: the first arguments that are no flags, up to `--`. */
function operands(args: readonly string[]): string[] {
  const words: string[] = [];
  const before = ours(args);
  for (let i = 0; i < before.length; i++) {
    if (!before[i]!.startsWith("-")) words.push(before[i]!);
    else if (TAKES_VALUE.has(before[i]!)) i++;
  }
  return words;
}

/** Whether JSON is asked for, as far as it can be seen before parsing: so that a usage error is JSON too. */
function announcesJson(args: readonly string[]): boolean {
  return ours(args).some((arg, i, all) =>
    arg === "--json" || arg === "--output=json" || (arg === "--output" && all[i + 1] === "json")
  );
}

/** The arguments before `--`: what follows belongs to another program. */
function ours(args: readonly string[]): readonly string[] {
  const end = args.indexOf("--");
  return end < 0 ? args : args.slice(0, end);
}

function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error instanceof DOMException && error.name === "AbortError"));
}
