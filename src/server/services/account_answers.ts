/** What logins, step-ups and recoveries answer of an account: its sealed blobs. @module */

import type { Email, UserId } from "../../kernel/names.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import type { AccountRow } from "../../ports/blob_store.ts";

/** The blobs that only password and account key open. */
export function accountBlobs(account: AccountRow): { wrap_pw: Bytes; keyset: Bytes; credentials_version: number } {
  return {
    wrap_pw: account.wrapPw,
    keyset: account.keyset,
    credentials_version: account.credentialsVersion,
  };
}

/** Whose account it is. */
export function accountName(account: AccountRow): { user_id: UserId; email: Email } {
  return { user_id: account.userId as UserId, email: account.email as Email };
}

/** The rate bucket of an account's handle. */
export function bucketOf(kind: "ak" | "rc" | "user" | "register", handle: string): string {
  return `proof/${kind}/${handle}`;
}
