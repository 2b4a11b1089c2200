/**
 * `secrets import`: what a `.env` text holds, as one write.
 *
 * @module
 */

import { isAbsolute, join } from "node:path";
import { AppError } from "../../kernel/error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { type DotenvContent, readDotenv } from "../../vault/dotenv/read.ts";
import { dotenvWarnings, readDotenvFile } from "./env_files.ts";
import { type OfflineEnvironment, type OnlineEnvironment, openSecretsAnyway } from "./open_secrets.ts";
import type { ChangedSecret, EnvironmentInput, SecretsWarning, WriteResult } from "./outcome.ts";
import type { Intent } from "./plan_writes.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { valueWarnings, writeSecrets } from "./write_secrets.ts";

export interface ImportSecretsInput extends EnvironmentInput {
  /** A path, relative to `folder` or absolute, or the text that was read from stdin. */
  readonly source: { readonly path: string } | { readonly text: Secret };
  readonly force?: boolean;
}

const STDIN = "standard input";

/**
 * Stores what the text holds; `secrets` of the result lists the unchanged ones too. All or none.
 *
 * @throws {AppError} `file_unreadable`, `invalid_input` (not UTF-8, no assignment in it), and those of `setSecrets`
 */
export async function importSecrets(
  ports: SecretsPorts,
  input: ImportSecretsInput,
  signal?: AbortSignal,
): Promise<WriteResult> {
  const what = "path" in input.source ? input.source.path : STDIN;
  const content = await readSource(ports, input, what);
  try {
    const warnings: SecretsWarning[] = dotenvWarnings(content, what);
    if (content.values.size === 0) throw new AppError("invalid_input", { what, reason: "it holds no NAME=value line" });
    for (const [name, value] of content.values) warnings.push(...valueWarnings(name, value));
    using environment = await openSecretsAnyway(ports, input, signal);
    const { intents, unchanged } = await sort(environment, content, signal);
    const result = await writeSecrets(ports, environment, intents, { force: input.force === true, warnings, signal });
    return { ...result, secrets: [...result.secrets, ...unchanged] };
  } finally {
    for (const value of content.values.values()) value.dispose();
  }
}

async function readSource(ports: SecretsPorts, input: ImportSecretsInput, what: string): Promise<DotenvContent> {
  const { source } = input;
  if ("text" in source) {
    // EXPOSE: the text holds values of all its lines and is taken apart into secrets here
    return source.text.expose((bytes) => readDotenv(bytes, what));
  }
  const path = isAbsolute(source.path) ? source.path : join(input.folder, source.path);
  const content = await readDotenvFile(ports.files, path);
  if (content === undefined) throw new AppError("file_unreadable", { path, reason: "there is no such file" });
  return content;
}

/** What this machine holds already needs no new version. */
async function sort(
  { local, keychain, collection }: OnlineEnvironment | OfflineEnvironment,
  { values }: DotenvContent,
  signal?: AbortSignal,
): Promise<{ readonly intents: readonly Intent[]; readonly unchanged: readonly ChangedSecret[] }> {
  const shared = [...values.keys()].filter((name) => (local.get(name)?.state ?? "deleted") !== "deleted");
  const items = shared.length === 0 ? [] : await keychain.getMany(collection, shared, signal);
  const here = new Map(items.map((item) => [item.name, item.value]));
  const intents: Intent[] = [], unchanged: ChangedSecret[] = [];
  for (const [name, value] of values) {
    const base = local.get(name)?.baseVersion ?? 0;
    if (here.get(name)?.equals(value) !== true) intents.push({ op: "set", name, value, binding: undefined, base });
    else unchanged.push({ name, change: "unchanged", ...(base === 0 ? {} : { version: base }) });
  }
  for (const { value } of items) value.dispose();
  return { intents, unchanged };
}
