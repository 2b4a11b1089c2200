/**
 * The words that can follow each command, gathered from the command tree.
 *
 * The scripts made of them are static. A completer that asks the program would start it at every Tab with what was typed so far
 * as its arguments, and a half-typed `KEY=value` would stand in the process list.
 *
 * @module
 */

import type { AnyCommand } from "../command.ts";

/** A word and what it is for. */
export interface Word {
  readonly text: string;
  readonly about: string;
}

/** A flag and what it is for. */
export interface Flag extends Word {
  readonly short: string | undefined;
  readonly takesValue: boolean;
}

/** What can follow one command. `path` is `/secrets/set`; empty for the program itself. */
export interface Completions {
  readonly path: string;
  readonly commands: readonly Word[];
  readonly flags: readonly Flag[];
}

/** What can follow each command of the tree, the program itself first. */
export function completionsOf(tree: AnyCommand, path = ""): Completions[] {
  const help = tree.createHelp();
  const below = help.visibleCommands(tree) as AnyCommand[];
  const own: Completions = {
    path,
    commands: below.map((command) => ({ text: command.name(), about: command.summary() })),
    flags: tree.options.filter((option) => option.long !== undefined).map((option) => ({
      text: option.long ?? "",
      short: option.short,
      about: option.description,
      takesValue: option.required || option.optional,
    })),
  };
  return [own, ...below.flatMap((command) => completionsOf(command, `${path}/${command.name()}`))];
}
