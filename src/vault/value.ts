/**
 * What a value must be to be stored, and what the person should know of it.
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import { MAX_VALUE_BYTES, MIN_REDACTABLE_BYTES } from "../kernel/limits.ts";
import type { SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";

/** What follows from a value for its use; nothing of the value itself. */
export interface ValueFacts {
  /** Long enough to be searched for in answers and output. An empty value needs no search. */
  readonly redactable: boolean;
  /** Free of NUL bytes: can be an environment variable. */
  readonly fitsEnvironment: boolean;
}

/**
 * Checks a value of any bytes.
 *
 * @throws {AppError} `value_too_large` beyond 64 KiB, `invalid_value` when it is not valid UTF-8
 */
export function checkValue(name: SecretName, value: Secret): ValueFacts {
  if (!value.isShorterThan(MAX_VALUE_BYTES + 1)) {
    throw new AppError("value_too_large", { name, maxBytes: MAX_VALUE_BYTES });
  }
  const redactable = !value.isShorterThan(MIN_REDACTABLE_BYTES) || value.isShorterThan(1);
  // EXPOSE: whether the bytes are UTF-8 and hold a NUL can only be seen in them; nothing of them is kept
  return value.expose((bytes) => {
    try {
      fromUtf8(bytes);
    } catch {
      throw new AppError("invalid_value", { name, reason: "it is not valid UTF-8" });
    }
    return { redactable, fitsEnvironment: !bytes.includes(0) };
  });
}
