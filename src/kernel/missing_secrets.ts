/**
 * How every layer says that secrets are not there.
 *
 * @module
 */

import { AppError } from "./error.ts";
import type { SecretName } from "./names.ts";

/** `secret_not_found` or `secrets_not_found`, which names all of them. At least one. */
export function missingSecrets(names: readonly SecretName[]): AppError {
  if (names.length === 1) return new AppError("secret_not_found", { name: names[0]! });
  return new AppError("secrets_not_found", { names: names.map((name) => `'${name}'`).join(", ") });
}

/** Does nothing when none is missing. @throws {AppError} `secret_not_found`, `secrets_not_found` */
export function refuseMissing(missing: readonly SecretName[]): void {
  if (missing.length > 0) throw missingSecrets(missing);
}
