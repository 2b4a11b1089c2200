/**
 * From `--project`, `--env` and the working folder to what a use-case takes.
 *
 * @module
 */

import { isAbsolute, resolve } from "node:path";
import type { EnvironmentInput } from "../usecases/secrets/outcome.ts";
import type { CommandContext } from "./context.ts";
import type { PlaceOptions } from "./options.ts";

/** The environment that a command means. */
export function placeOf(context: CommandContext, options: PlaceOptions): EnvironmentInput {
  return {
    folder: context.folder,
    ...(options.project === undefined ? {} : { project: options.project }),
    ...(options.env === undefined ? {} : { environment: options.env }),
  };
}

/** `path` as an absolute path, relative ones from the working folder. */
export function absolute(context: CommandContext, path: string): string {
  return isAbsolute(path) ? path : resolve(context.folder, path);
}
