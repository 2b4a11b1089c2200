/**
 * How the engine reads secrets: names in, values out, from this process's keychain or, in sealed mode, inside the broker.
 *
 * @module
 */

import type { EnvironmentId, ProjectId, SecretName, WorkspaceId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";

/** One environment of one project of one workspace: where a secret's name means one value. */
export interface SecretScope {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  readonly environmentId: EnvironmentId;
}

/** Where and how a secret may be used, narrower than the allowlist. Undefined lists do not restrict. */
export interface SecretBinding {
  /** Allowlist-style entries, normalised. */
  readonly domains?: readonly string[];
  /** Upper-case HTTP methods. */
  readonly methods?: readonly string[];
}

/** What may be known of a secret before it is resolved. */
export interface SecretDescription {
  readonly name: SecretName;
  readonly binding: SecretBinding;
}

/** All secrets of one scope as they were at one moment, on loan. Disposing of it ends the loan: nothing of it may be used after. */
export interface LentSecrets extends Disposable {
  readonly bindings: ReadonlyMap<SecretName, SecretBinding>;
  /** The lender's own: nobody else disposes of them. The same object again means the same values. */
  readonly values: ReadonlyMap<SecretName, Secret>;
}

/** Reads secrets of one machine. */
export interface SecretReader {
  /** Descriptions of those `names` that exist. */
  describe(scope: SecretScope, names: readonly SecretName[], signal?: AbortSignal): Promise<SecretDescription[]>;
  /** Every name in the scope, sorted. */
  names(scope: SecretScope, signal?: AbortSignal): Promise<SecretName[]>;
  /**
   * The values of all `names`. The caller disposes of them.
   *
   * @throws {AppError} `secret_not_found`, `secrets_not_found` naming every missing one; the keychain's codes
   */
  read(scope: SecretScope, names: readonly SecretName[], signal?: AbortSignal): Promise<Map<SecretName, Secret>>;
  /** Everything in the scope, for redaction. @throws {AppError} the keychain's codes */
  lendAll(scope: SecretScope, signal?: AbortSignal): Promise<LentSecrets>;
}
