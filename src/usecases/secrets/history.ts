/**
 * `secrets history`: the versions of one secret, when and by whom, without values.
 *
 * @module
 */

import type { CommitAuthor } from "../../contract/environment_commits.ts";
import { AppError } from "../../kernel/error.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import type { UserId } from "../../kernel/names.ts";
import { openWorkspace } from "../open_workspace.ts";
import { openIn } from "./open_secrets.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface SecretHistoryInput extends EnvironmentInput {
  readonly name: string;
}

export interface SecretVersion {
  /** From 1. */
  readonly version: number;
  readonly change: "set" | "deleted";
  /** When its author says it was written, milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly author: { readonly kind: "user" | "agent"; readonly id: string; readonly you: boolean };
  /** Whether it is the version on the server now. */
  readonly current: boolean;
  /** Whether the copy on this machine is based on it. */
  readonly here: boolean;
}

export interface SecretHistoryResult {
  readonly place: EnvironmentPlace;
  readonly name: SecretName;
  /** Newest first; never empty. */
  readonly versions: readonly SecretVersion[];
}

/**
 * Read from the signed commits, every one of them verified: a server cannot leave out, add or redate a version.
 *
 * @throws {AppError} `secret_not_found`, `server_unreachable`, the codes of verifying commits and of opening an environment
 */
export async function secretHistory(
  ports: SecretsPorts,
  input: SecretHistoryInput,
  signal?: AbortSignal,
): Promise<SecretHistoryResult> {
  const name = parseSecretName(input.name);
  using workspace = await openWorkspace(ports, { folder: input.folder }, signal);
  using environment = await openIn(ports, workspace, input, () => {}, signal);
  const { remote, local, place } = environment;
  const changes = await remote.changesOf(remote.sidOf(name), signal);
  if (changes.length === 0) throw new AppError("secret_not_found", { name });
  const newest = changes.at(-1)!.ver;
  const base = local.get(name)?.baseVersion;
  const versions = changes.map(({ ver, op, at, author }): SecretVersion => ({
    version: ver,
    change: op === "set" ? "set" : "deleted",
    atMs: at,
    author: authorOf(author, workspace.device.userId),
    current: ver === newest,
    here: ver === base,
  }));
  return { place, name, versions: versions.reverse() };
}

function authorOf(author: CommitAuthor, you: UserId): SecretVersion["author"] {
  return "agent" in author
    ? { kind: "agent", id: author.agent, you: false }
    : { kind: "user", id: author.user, you: author.user === you };
}
