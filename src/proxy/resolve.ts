/**
 * Turns names into values: only for a {@linkcode Grant}, and only the names that it holds.
 *
 * @module
 */

import { missingSecrets } from "../kernel/missing_secrets.ts";
import type { SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { LentSecrets, SecretReader, SecretScope } from "../ports/secret_reader.ts";
import { Grant } from "./decide.ts";

/** What a call needs of the keychain, on loan. */
export interface Resolved extends Disposable {
  readonly scope: SecretScope;
  /** The values of the grant's secrets: these, and no others, may go out. */
  readonly granted: ReadonlyMap<SecretName, Secret>;
  /** Every value of the environment, those of `granted` among them: these are looked for in the answer. */
  readonly known: ReadonlyMap<SecretName, Secret>;
}

/**
 * Both; the caller ends the loan. As current as the reader: a change by another process holds within a second.
 *
 * All of the environment, because an upstream may hold what an earlier call left there: a value must not come back in clear
 * only because this call uses another one, or none.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found` (all that are missing), the keychain's codes
 */
export async function resolve(
  grant: Grant,
  reader: Pick<SecretReader, "lendAll">,
  signal?: AbortSignal,
): Promise<Resolved> {
  if (!Grant.is(grant)) throw new TypeError("That is not a grant");
  const lent = await reader.lendAll(grant.scope, signal);
  const granted = new Map<SecretName, Secret>();
  for (const name of grant.secrets) {
    const value = lent.values.get(name);
    if (value !== undefined) granted.set(name, value);
  }
  if (granted.size === grant.secrets.length) return new LentValues(grant.scope, granted, lent);
  lent[Symbol.dispose]();
  throw missingSecrets(grant.secrets.filter((name) => !granted.has(name)));
}

class LentValues implements Resolved {
  readonly scope: SecretScope;
  readonly granted: ReadonlyMap<SecretName, Secret>;
  readonly #lent: LentSecrets;

  constructor(scope: SecretScope, granted: ReadonlyMap<SecretName, Secret>, lent: LentSecrets) {
    this.scope = scope;
    this.granted = granted;
    this.#lent = lent;
  }

  get known(): ReadonlyMap<SecretName, Secret> {
    return this.#lent.values;
  }

  [Symbol.dispose](): void {
    this.#lent[Symbol.dispose]();
  }
}
