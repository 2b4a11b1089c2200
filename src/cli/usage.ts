/**
 * Mistakes on the command line, in the catalog's words.
 *
 * What was typed wrong is quoted only when it looks like a flag or a command: an argument in the wrong place may be a value.
 *
 * @module
 */

import type { CommanderError } from "@commander-js/extra-typings";
import { AppError } from "../kernel/error.ts";

const FLAG_LIKE = /^--?[a-z][a-z0-9-]{0,30}$/;
const COMMAND_LIKE = /^[a-z][a-z-]{0,20}$/;

/** What a parser's complaint means; `within` is the command it is about, `commands` are those below it. */
export function usageError(error: CommanderError, within: string, commands: readonly string[]): AppError {
  switch (error.code) {
    case "commander.unknownOption":
      return new AppError("unknown_flag", {
        flag: quotable(/unknown option '([^'=]*)/.exec(error.message)?.[1] ?? "", FLAG_LIKE),
        near: suggestion(error.message),
        within,
      });
    case "commander.unknownCommand": {
      const typed = quotable(/unknown command '([^']*)/.exec(error.message)?.[1] ?? "", COMMAND_LIKE);
      const begun = commands.filter((name) => name.startsWith(typed));
      return new AppError("unknown_command", {
        command: typed,
        near: begun.length === 1 ? begun[0]! : suggestion(error.message),
        within,
      });
    }
    case "commander.excessArguments":
      return tooMany(within, error.message);
    case "commander.missingArgument":
      return usage(`Cannot run ${within}`, error.message, /missing required argument '[a-zA-Z= -]+'/);
    case "commander.optionMissingArgument":
      return usage(`Cannot run ${within}`, error.message, /option '[^']{1,60}' argument missing/);
    case "commander.conflictingOption":
      return usage(
        `Cannot run ${within}`,
        error.message,
        /option '[^']{1,60}' cannot be used with option '[^']{1,60}'/,
      );
    default:
      return new AppError("usage", { problem: `Cannot run ${within}: its arguments are not as its help says` });
  }
}

/** How many arguments a command takes, and how many there were: a flag's value without its flag is most often one too many. */
function tooMany(within: string, message: string): AppError {
  const [, takes, got] = /Expected (\d+) arguments? but got (\d+)/.exec(message) ?? [];
  const start = `Cannot run ${within}: too many arguments`;
  if (takes === undefined) return new AppError("usage", { problem: start });
  const some = takes === "0" ? "no argument" : takes === "1" ? "one argument" : `${takes} arguments`;
  return new AppError("usage", { problem: `${start}: it takes ${some} beside its flags, not ${got}` });
}

/** The part of the parser's message that is known to quote nothing of what was typed. */
function usage(start: string, message: string, safe: RegExp): AppError {
  const detail = safe.exec(message)?.[0];
  return new AppError("usage", { problem: detail === undefined ? start : `${start}: ${detail}` });
}

function quotable(text: string, form: RegExp): string {
  return form.test(text) ? text : "…";
}

function suggestion(message: string): string {
  return /\(Did you mean (?:one of )?([a-z0-9, -]+)\?\)/.exec(message)?.[1]?.replace(/, ([^,]+)$/, " or $1") ?? "";
}
