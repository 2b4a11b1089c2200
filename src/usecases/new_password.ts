/**
 * What a new password must be. The account key adds 128 bits that no server ever sees, so the password is the second factor of
 * two, and NIST SP 800-63B-4 §3.1.1.2 asks eight characters of such a one, without rules about what they are.
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import type { AskPassword } from "./ports.ts";

/** Fewest characters of a new password (Unicode code points after NFKC). */
export const MIN_PASSWORD_CHARACTERS = 8;

/** Asks for a new password and checks it; a refused one is disposed of. @throws {AppError} `weak_password`, `invalid_input` */
export async function askNewPassword(ask: AskPassword): Promise<Secret> {
  const password = await ask();
  try {
    refuseWeak(password);
    return password;
  } catch (error) {
    password.dispose();
    throw error;
  }
}

/** @throws {AppError} `weak_password`, `invalid_input` (no UTF-8) */
export function refuseWeak(password: Secret): void {
  if (isTooShort(password)) throw new AppError("weak_password", { minimum: MIN_PASSWORD_CHARACTERS });
}

function isTooShort(password: Secret): boolean {
  // EXPOSE: characters are counted as a person counts them, in the text's normal form
  return password.expose((bytes) => {
    try {
      return [...fromUtf8(bytes).normalize("NFKC")].length < MIN_PASSWORD_CHARACTERS;
    } catch {
      throw new AppError("invalid_input", { what: "the password", reason: "it is not valid UTF-8" });
    }
  });
}
