/**
 * The files beside a project's secrets: `.env.example` with the names, and in storage mode 2 `.env` with the values.
 *
 * The project's default environment has `.env`; any other has `.env.<environment>`, so that what was pulled from production is
 * never pushed to development by mistake.
 *
 * @module
 */

import { join } from "node:path";
import { sha256 } from "../../crypto/verify/sha256.ts";
import { equalBytes, utf8 } from "../../kernel/bytes.ts";
import { toBase32 } from "../../kernel/encoding.ts";
import { isAppError } from "../../kernel/error.ts";
import type { EnvironmentName, SecretName } from "../../kernel/names.ts";
import type { Files } from "../../ports/files.ts";
import { type DotenvContent, readDotenv } from "../../vault/dotenv/read.ts";
import { type DotenvUpdate, updateDotenv, updateExample } from "../../vault/dotenv/write.ts";
import { findProjectFile } from "../../vault/project_file.ts";
import type { SecretsWarning } from "./outcome.ts";

/** Largest file that is read: a thousand of the longest values. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Paths of one environment's files. */
export interface EnvFiles {
  readonly folder: string;
  /** `.env` or `.env.<environment>`. */
  readonly dotenv: string;
  /** `.env.example`. */
  readonly example: string;
  /** What a keychain item is marked with while the `.env` file holds its value: says which file, nothing of a value. */
  readonly mark: string;
}

/** What came of bringing files up to date. */
export interface FilesOutcome {
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
  /** Names whose values the `.env` file now holds. */
  readonly inDotenv: ReadonlySet<SecretName>;
}

/** The files of `environment` in the project's folder. */
export async function envFilesOf(files: Files, folder: string, environment: EnvironmentName): Promise<EnvFiles> {
  const standard = (await findProjectFile(files, folder))?.environment ?? environment;
  const dotenv = join(folder, environment === standard ? ".env" : `.env.${environment}`);
  return { folder, dotenv, example: join(folder, ".env.example"), mark: toBase32(sha256(utf8(dotenv)).subarray(0, 5)) };
}

/**
 * What the `.env` file holds, or undefined when there is none. The caller disposes of the values.
 *
 * @throws {AppError} `invalid_input`, `file_unreadable`
 */
export async function readDotenvFile(files: Files, path: string): Promise<DotenvContent | undefined> {
  const bytes = await files.read(path, { maxBytes: MAX_BYTES });
  return bytes === undefined ? undefined : readDotenv(bytes, path);
}

/** What {@linkcode DotenvContent} leaves out, as warnings. */
export function dotenvWarnings(content: DotenvContent, file: string): SecretsWarning[] {
  const warnings: SecretsWarning[] = [];
  if (content.ignoredLines.length > 0) warnings.push({ kind: "lines_ignored", file, lines: content.ignoredLines });
  if (content.unusableLines.length > 0) warnings.push({ kind: "names_ignored", file, lines: content.unusableLines });
  return warnings;
}

/**
 * Brings both files up to date with `update` (null removes a name). `.env` is written only when `values` is set, 0600;
 * `keepNames` stay in `.env.example` though they are removed here, because another environment has them.
 *
 * A file that cannot be written is a warning: the secrets themselves are safe by then.
 */
export async function updateEnvFiles(
  files: Files,
  paths: EnvFiles,
  update: DotenvUpdate,
  options: { readonly values: boolean; readonly keepNames: ReadonlySet<SecretName> },
): Promise<FilesOutcome> {
  const written: string[] = [];
  const warnings: SecretsWarning[] = [];
  let inDotenv = new Set<SecretName>();
  if (options.values && update.size > 0) {
    inDotenv = await attempt(warnings, paths.dotenv, new Set<SecretName>(), async () => {
      const before = await files.read(paths.dotenv, { maxBytes: MAX_BYTES });
      const { bytes, leftOut } = updateDotenv(before, update, paths.dotenv);
      for (const name of leftOut) warnings.push({ kind: "not_for_dotenv", name, file: paths.dotenv });
      if (await writeChanged(files, paths.dotenv, before, bytes, 0o600)) written.push(paths.dotenv);
      await warnIfShared(files, paths, warnings);
      return new Set([...update].filter(([n, v]) => v !== null && !leftOut.includes(n)).map(([n]) => n));
    });
  }
  const added = [...update].filter(([, value]) => value !== null).map(([name]) => name).sort();
  const removed = [...update].filter(([n, v]) => v === null && !options.keepNames.has(n)).map(([name]) => name);
  await attempt(warnings, paths.example, undefined, async () => {
    const before = await files.read(paths.example, { maxBytes: MAX_BYTES });
    if (before === undefined && added.length === 0) return;
    const bytes = updateExample(before, added, removed, paths.example);
    if (await writeChanged(files, paths.example, before, bytes, 0o644)) written.push(paths.example);
  });
  return { files: written, warnings, inDotenv };
}

async function attempt<T>(
  warnings: SecretsWarning[],
  file: string,
  otherwise: T,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isAppError(error)) throw error;
    warnings.push({ kind: "file_not_updated", file, reason: error.message });
    return otherwise;
  }
}

async function writeChanged(
  files: Files,
  path: string,
  before: Uint8Array | undefined,
  after: Uint8Array,
  mode: number,
): Promise<boolean> {
  if (before !== undefined && equalBytes(before, after)) return false;
  await files.write(path, after, { mode, followLink: true });
  return true;
}

/** Warns when a git checkout would offer the plaintext file for its next commit. Looks at the folder's own `.gitignore` only. */
async function warnIfShared(files: Files, paths: EnvFiles, warnings: SecretsWarning[]): Promise<void> {
  if (!await files.exists(join(paths.folder, ".git"))) return;
  const rules = await files.read(join(paths.folder, ".gitignore"), { maxBytes: MAX_BYTES });
  const lines = rules === undefined ? [] : new TextDecoder().decode(rules).split(/\r?\n/).map((line) => line.trim());
  const name = paths.dotenv.slice(paths.folder.length + 1);
  if (!lines.some((line) => ignores(line, name))) warnings.push({ kind: "file_not_ignored", file: paths.dotenv });
}

/** Whether one line of a `.gitignore` names the file, as far as lines without folders do. */
function ignores(line: string, name: string): boolean {
  const rule = line.replace(/^\//, "");
  if (rule === "" || /[#!/]/.test(rule)) return false;
  return new RegExp(`^${rule.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")}$`).test(name);
}
