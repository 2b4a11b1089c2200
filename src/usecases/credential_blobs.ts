/**
 * An account's ways in, as the server stores them: the texts that crypto makes, as the bytes of the contract; and the key set as
 * one blob. What they say is checked where they are opened; here only their form.
 *
 * @module
 */

import type { PasswordCredentials as StoredPassword, RecoveryCredentials as StoredRecovery } from "../contract/auth.ts";
import type { Keyset } from "../crypto/account_wraps.ts";
import type { PasswordCredentials, RecoveryCredentials } from "../crypto/credentials.ts";
import { type Bytes, fromUtf8, utf8 } from "../kernel/bytes.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";

/** The way in by password, for the wire. */
export function passwordBlobs({ ak_id, login_pk, wrap_pw }: PasswordCredentials): StoredPassword {
  return { ak_id: fromBase64Url(ak_id)!, login_pk: fromBase64Url(login_pk)!, wrap_pw: fromBase64Url(wrap_pw)! };
}

/** The way in by recovery code, for the wire. */
export function recoveryBlobs({ rc_id, recovery_pk, wrap_rc }: RecoveryCredentials): StoredRecovery {
  return { rc_id: fromBase64Url(rc_id)!, recover_pk: fromBase64Url(recovery_pk)!, wrap_rc: fromBase64Url(wrap_rc)! };
}

/** Both sealed private halves, each an envelope under UK, as one blob. */
export function encodeKeyset(keyset: Keyset): Bytes {
  return utf8(JSON.stringify({ sig: keyset.sig, enc: keyset.enc }));
}

/** @throws {AppError} `decryption_failed` when it has another form: a wrong blob and a wrong key are one error */
export function decodeKeyset(blob: Uint8Array): Keyset {
  try {
    const value: unknown = JSON.parse(fromUtf8(blob));
    const { sig, enc } = value as { readonly sig?: unknown; readonly enc?: unknown };
    if (typeof sig === "string" && typeof enc === "string") return { sig, enc };
  } catch { /* refused below */ }
  throw new AppError("decryption_failed", { what: "the account's keys" });
}
