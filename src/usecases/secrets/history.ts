/**
 * `secrets history`: the versions of one secret, when and by whom, without values.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
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

/** @throws {AppError} `secret_not_found`, `server_unreachable`, the codes of verifying a snapshot and of opening an environment */
export function secretHistory(
  _ports: SecretsPorts,
  _input: SecretHistoryInput,
  _signal?: AbortSignal,
): Promise<SecretHistoryResult> {
  throw new Error("being built");
}
