/**
 * Which secrets `env` gives to a program: those that were named, else the default of the folder's project, else every one of the
 * environment; unless they were named on the command line, none that decides which code runs.
 *
 * The default is a list of names in `.agentsecrets/project.json`, which whoever may write the folder may edit. It is no guard: it
 * can only leave names out, never bring one in that `env` alone would not give.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { type ProjectId, type SecretName } from "../kernel/names.ts";
import { writeProjectFile } from "../vault/project_file.ts";
import { folderProject, type ScopePorts } from "./scope.ts";

/** What a person named: these, all, or nothing. */
export type EnvChoice = readonly SecretName[] | "all" | undefined;

/** What the program gets. */
export interface EnvSelection {
  readonly names: readonly SecretName[];
  /** Left out because a variable of that name changes which code the program runs. */
  readonly leftOut: readonly SecretName[];
  /** Path of the project file whose default this is; undefined when it is none. */
  readonly defaultOf?: string;
}

/**
 * Variables with which loaders, shells and interpreters run other code. Whoever may write a secret, or the folder, must not thereby
 * choose what runs on another member's machine, so these pass only when they are named.
 */
const STEERING =
  /^(PATH|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PROMPT_COMMAND|PS4|ZDOTDIR|EDITOR|VISUAL|PAGER|BROWSER|LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|PYTHON(STARTUP|PATH|HOME|INSPECT)|PERL5?(OPT|LIB|DB)|RUBY(OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|GIT_.*|GCONV_PATH|MALLOC_.*|DENO_.*|BUN_.*|NPM_CONFIG_.*|npm_config_.*)$/;

/**
 * The names to give. `everything` is asked only when nothing narrows it.
 *
 * @throws {AppError} `config_damaged`, `unsupported_format` of the project file; those of `everything`
 */
export async function selectForEnv(
  ports: ScopePorts,
  choice: EnvChoice,
  project: ProjectId,
  everything: () => Promise<readonly SecretName[]>,
): Promise<EnvSelection> {
  if (choice !== undefined && choice !== "all") return { names: [...new Set(choice)], leftOut: [] };
  const file = choice === "all" ? undefined : await folderProject(ports);
  const listed = file?.projectId === project ? file.envOnly : undefined;
  const all = listed ?? await everything();
  const leftOut = all.filter((name) => STEERING.test(name));
  const names = all.filter((name) => !leftOut.includes(name));
  return { names, leftOut, ...(file === undefined || listed === undefined ? {} : { defaultOf: file.path }) };
}

/** A default as it was written. */
export interface SavedEnvDefault {
  readonly path: string;
  /** Undefined: there is no default any more. */
  readonly names: readonly SecretName[] | undefined;
}

/**
 * Writes the default of the folder's project, or takes it away. Whether the names exist is not asked: a default serves every
 * environment and every machine.
 *
 * @throws {AppError} `no_project`, `invalid_input` for a name that passes only on the command line, `config_damaged`, `file_unwritable`
 */
export async function saveEnvDefault(
  ports: ScopePorts,
  names: readonly SecretName[] | undefined,
): Promise<SavedEnvDefault> {
  const steering = names?.find((name) => STEERING.test(name));
  if (steering !== undefined) {
    const reason =
      `a variable ${steering} changes which code a program runs, so it is given only when it is named each time`;
    throw new AppError("invalid_input", { what: "the default", reason });
  }
  const file = await folderProject(ports);
  if (file === undefined) throw new AppError("no_project");
  const { folder, path: _path, envOnly: _before, ...content } = file;
  const sorted = names === undefined ? undefined : [...new Set(names)].sort();
  const path = await writeProjectFile(ports.files, folder, {
    ...content,
    ...(sorted === undefined ? {} : { envOnly: sorted }),
  });
  return { path, names: sorted };
}
