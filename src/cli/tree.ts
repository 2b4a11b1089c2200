/**
 * From the registry to a command tree that can parse: words and summaries of everything, arguments and options of what is loaded.
 *
 * @module
 */

import { Command, type Help } from "@commander-js/extra-typings";
import type { AnyCommand, CommandModule, Example, Execute } from "./command.ts";
import { withEverywhere } from "./options.ts";
import { COMMANDS, isGroup, type Leaf, type Node } from "./registry.ts";
import { type Style, styleFor } from "./view/style.ts";

/** The program's name, as it is typed. */
export const PROGRAM = "agentsecrets";

/** Heading of the flags that are a command's own. */
export const OWN_FLAGS = "Flags:";

/** How the tree is dressed. */
export interface TreeOptions {
  /** Modules of the leaves that can run; others show only their summary. */
  readonly loaded: ReadonlyMap<Leaf, CommandModule>;
  readonly execute: Execute;
  readonly color: boolean;
  /** Help is wrapped to this many columns. */
  readonly width: number;
  readonly print: (text: string) => void;
}

/** The whole tree. Parsing throws a `CommanderError` instead of ending the process. */
export function commandTree(options: TreeOptions): AnyCommand {
  const root = dressed(new Command(PROGRAM) as unknown as AnyCommand, options);
  concise(root, options)
    .description("Let agents use your secrets without seeing them: they name a key, the value goes in on the way out.")
    .usage("<command> [flags]")
    .helpCommand(false)
    .option("-V, --version", "print the version");
  withEverywhere(root);
  for (const node of COMMANDS) addNode(root, node, options);
  root.addHelpText("after", () => everywhere(root, options) + examples(ROOT_EXAMPLES, styleFor(options.color)));
  return root;
}

const ROOT_EXAMPLES: readonly Example[] = [
  { line: `${PROGRAM} init`, why: "begin" },
  { line: `${PROGRAM} secrets set STRIPE_KEY`, why: "store a key; its value is typed, not shown" },
  {
    line: `${PROGRAM} call --url https://api.stripe.com/v1/balance --bearer STRIPE_KEY`,
    why: "use it without seeing it",
  },
];

function addNode(parent: AnyCommand, node: Node, options: TreeOptions): void {
  const command = dressed(parent.command(node.name) as unknown as AnyCommand, options);
  command.summary(node.summary).description(sentence(node.summary));
  if (node.heading !== undefined) command.helpGroup(node.heading);
  if (isGroup(node)) {
    concise(command, options).usage("<command> [flags]");
    withEverywhere(command);
    command.addHelpText("after", () => everywhere(command, options));
    for (const below of node.below) addNode(command, below, options);
    return;
  }
  const module = options.loaded.get(node);
  if (module === undefined) return;
  command.optionsGroup(OWN_FLAGS);
  if (module.detail !== undefined) command.description(`${sentence(node.summary)}.\n\n${module.detail}`);
  withEverywhere(module.install(command, options.execute) as unknown as Command);
  // Flags, as the program's other texts call them.
  command.usage(command.usage().replace("[options]", "[flags]"));
  command.addHelpText("after", () => examples(module.examples, styleFor(options.color)));
}

/** The help of a command that only leads to others: its flags take one line instead of a section. */
function concise(command: AnyCommand, options: TreeOptions): AnyCommand {
  return command.configureHelp({ ...helpStyle(options), visibleOptions: () => [] });
}

function everywhere(command: AnyCommand, options: TreeOptions): string {
  const flags = command.options.filter((option) => !option.long?.startsWith("--vault")).map((option) => option.long);
  const style = styleFor(options.color);
  return `\n${style.bold("Everywhere:")}\n  ${style.dim(`${flags.join(" ")} --help`)}\n`;
}

/** Settings that every command of the tree shares. */
function dressed(command: AnyCommand, options: TreeOptions): AnyCommand {
  return command
    .enablePositionalOptions()
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: options.print,
      writeErr: () => {}, // errors are shown by the program, in the catalog's words
      getOutHelpWidth: () => options.width,
      getErrHelpWidth: () => options.width,
      getOutHasColors: () => options.color,
      getErrHasColors: () => options.color,
    })
    .configureHelp(helpStyle(options));
}

function helpStyle(options: TreeOptions): Partial<Help> {
  const style = styleFor(options.color);
  return {
    styleTitle: style.bold,
    styleCommandText: style.cyan,
    styleSubcommandTerm: style.cyan,
    styleOptionTerm: style.cyan,
    styleArgumentTerm: style.cyan,
    subcommandTerm: (command) => command.name(),
    // On narrow terminals, too, a description is wrapped between words.
    minWidthToWrap: 16,
  };
}

function sentence(summary: string): string {
  return summary.charAt(0).toUpperCase() + summary.slice(1);
}

function examples(list: readonly Example[], style: Style): string {
  if (list.length === 0) return "";
  const lines = list.map(({ line, why }) => `  ${style.dim(`# ${why}`)}\n  ${line}`);
  return `\n${style.bold("Examples:")}\n${lines.join("\n")}`;
}
