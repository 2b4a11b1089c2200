/**
 * Words that the inputs and results of all secrets use-cases share. Names, numbers and states only: no result but that of
 * `getSecret` holds a value.
 *
 * @module
 */

import type { EnvironmentId, EnvironmentName, ProjectId, SecretName, WorkspaceId } from "../../kernel/names.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";

/** Which environment is meant. What is left out comes from `.agentsecrets/project.json` and the person's configuration. */
export interface EnvironmentInput {
  /** Absolute path of the folder the command runs in. */
  readonly folder: string;
  /** `--project`: a project's name in the active workspace. */
  readonly project?: string;
  /** `--env`: an environment's name. */
  readonly environment?: string;
}

/** The environment that a use-case worked on. */
export interface EnvironmentPlace {
  readonly workspaceId: WorkspaceId;
  readonly workspace: string;
  readonly projectId: ProjectId;
  readonly project: string;
  readonly environmentId: EnvironmentId;
  readonly environment: EnvironmentName;
}

/** How the copy on this machine relates to the server's: equal to a version of it, changed here, or deleted here. */
export type LocalState = "synced" | "modified" | "deleted";

/** What happened to one secret. `version` is the server's number; undefined while only this machine knows of it. */
export interface ChangedSecret {
  readonly name: SecretName;
  readonly change: "created" | "updated" | "deleted" | "unchanged";
  readonly version?: number;
}

/** A secret changed both here and on the server since this machine's copy: never resolved without a person. */
export interface SecretConflict {
  readonly name: SecretName;
  /** `file`: the `.env` file and the keychain hold different values and neither is known to be the later one. */
  readonly here: "modified" | "deleted" | "file";
  readonly there: "modified" | "deleted" | "unchanged";
  /** Version that this machine's copy was based on; 0 when it was never on the server. */
  readonly baseVersion: number;
  /** Version on the server now; undefined when it has none. */
  readonly remoteVersion?: number;
}

/** Something that worked but that the person should know. Each is one line for the view. */
export type SecretsWarning =
  /** The value is too short to be searched for in answers and output: redaction cannot protect it. */
  | { readonly kind: "not_redactable"; readonly name: SecretName; readonly minBytes: number }
  /** The value holds a NUL byte: `env` and `.env` cannot carry it. */
  | { readonly kind: "not_for_environment"; readonly name: SecretName }
  /** The value cannot be written so that every `.env` reader gets it back; it was left out of the file. */
  | { readonly kind: "not_for_dotenv"; readonly name: SecretName; readonly file: string }
  /** The server could not be reached: the change is kept here until `secrets push`. */
  | { readonly kind: "kept_local"; readonly origin: string; readonly reason: string; readonly count: number }
  /** The server could not be reached: the answer knows this machine's side only. */
  | { readonly kind: "server_unreachable"; readonly origin: string; readonly reason: string }
  /** Lines of a `.env` file that are no assignment; left out. Numbers from 1, never content. */
  | { readonly kind: "lines_ignored"; readonly file: string; readonly lines: readonly number[] }
  /** Names of a `.env` file that cannot be secret names; left out. */
  | { readonly kind: "names_ignored"; readonly file: string; readonly lines: readonly number[] }
  /** The change is done, but this file could not be brought up to date. */
  | { readonly kind: "file_not_updated"; readonly file: string; readonly reason: string }
  /** A plaintext `.env` lies in a git checkout whose `.gitignore` does not name it. */
  | { readonly kind: "file_not_ignored"; readonly file: string };

/** What every use-case that writes secrets answers. */
export interface WriteResult {
  readonly place: EnvironmentPlace;
  readonly secrets: readonly ChangedSecret[];
  /** `server`: committed there and stored here. `local`: stored here only, until `secrets push`. */
  readonly stored: "server" | "local";
  /** Paths of `.env` and `.env.example` files that were rewritten. */
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/** Binding as typed: entries like the allowlist's and HTTP methods. Undefined lists do not restrict. */
export type BindingInput = SecretBinding;
