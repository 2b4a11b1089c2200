/**
 * What a command's file says of itself: arguments and options (typed by what is declared), what it does, examples that run.
 *
 * @module
 */

import type { Command, OptionValues } from "@commander-js/extra-typings";
import type { CommandContext } from "./context.ts";

/** A command of any arguments and options, as the program handles it. */
export type AnyCommand = Command<unknown[], OptionValues, OptionValues>;

/** A line that runs as it stands, with what it is for. */
export interface Example {
  readonly line: string;
  readonly why: string;
}

/** A command, its types worked in and forgotten. */
export interface CommandModule {
  /** Declares arguments and options, and what happens when they were given. */
  install(command: AnyCommand, execute: Execute): AnyCommand;
  /** What the help says below the summary. */
  readonly detail: string | undefined;
  readonly examples: readonly Example[];
}

/** Runs `work` in a context made from the options. */
export type Execute = (
  options: OptionValues,
  work: (context: CommandContext) => Promise<number | void>,
) => Promise<void>;

/** The part of a declared command that carries its types. */
interface Declared {
  readonly processedArgs: unknown[];
  opts(): OptionValues;
}

interface CommandSpec<C extends Declared> {
  readonly detail?: string;
  readonly examples: readonly Example[];
  /** Declares arguments and options. */
  readonly define: (command: Command) => C;
  /** Does it. A number is the exit number; nothing means 0. */
  readonly run: (
    context: CommandContext,
    options: ReturnType<C["opts"]>,
    ...args: C["processedArgs"]
  ) => Promise<number | void>;
}

/** A command from its declaration and its body. */
export function defineCommand<C extends Declared>(spec: CommandSpec<C>): CommandModule {
  return {
    detail: spec.detail,
    examples: spec.examples,
    install: (command, execute) => {
      const declared = spec.define(command as unknown as Command) as unknown as AnyCommand;
      // Commander calls back with the arguments, then the options, then the command itself.
      return declared.action((...given: unknown[]) => {
        const args = given.slice(0, -2) as C["processedArgs"];
        const options = given.at(-2) as ReturnType<C["opts"]>;
        const everywhere = (given.at(-1) as AnyCommand).optsWithGlobals();
        return execute(everywhere, (context) => spec.run(context, options, ...args));
      });
    },
  };
}
