/**
 * Changing the password or the account key (docs/spec/protocol.md §1.5): one compare-and-swap, and every other session ends.
 *
 * @module
 */

import type { PasswordCredentials, RecoveryCredentials } from "../../contract/auth.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import { toHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import type { AccountRow, WriteTransaction } from "../../ports/blob_store.ts";
import { headMoved } from "../conditions.ts";
import type { ServiceOf } from "../routes.ts";
import { bucketOf } from "./account_answers.ts";
import { checkProof } from "./challenges.ts";
import { authenticate, requireStepUp } from "./sessions.ts";

/** New ways in. What is left out stays. */
export interface NewCredentials {
  readonly password: PasswordCredentials;
  readonly recovery?: RecoveryCredentials | undefined;
  readonly keyset?: Bytes | undefined;
}

/** The session proved the old password within the step-up; the proof shows that the new one works. */
export const putCredentials: ServiceOf<"putCredentials"> = {
  kind: "own",
  run: async (parts, call) => {
    const { body } = call;
    await checkProof(parts, call, {
      action: "credentials",
      challengeId: body.challenge,
      bucket: bucketOf("ak", toHex(body.password.ak_id)),
      find: async () => ({ key: body.password.login_pk, found: undefined }),
    });
    const store = await parts.store();
    return await store.write(async (tx) => {
      const session = await authenticate(parts, tx, call);
      await requireStepUp(parts, tx, { ...call, session }, "change the password");
      const account = (await tx.accountById(session.userId))!;
      const version = await replace(tx, account, body.version, body);
      await tx.deleteSessions(session.userId, { exceptId: session.id });
      return { value: { credentials_version: version } };
    });
  },
};

/** Replaces the credentials of exactly `expected`; gives the new version. @throws {AppError} `head_moved`, `bad_request` */
export async function replace(
  tx: WriteTransaction,
  account: AccountRow,
  expected: number,
  { password, recovery, keyset }: NewCredentials,
): Promise<number> {
  if (account.credentialsVersion !== expected) throw headMoved("the account's credentials", null);
  const credentialsVersion = expected + 1;
  const replaced = await tx.replaceCredentials({
    ...account,
    akId: password.ak_id,
    loginPk: password.login_pk,
    wrapPw: password.wrap_pw,
    ...(recovery && { rcId: recovery.rc_id, recoverPk: recovery.recover_pk, wrapRc: recovery.wrap_rc }),
    ...(keyset && { keyset }),
    credentialsVersion,
  }, expected);
  if (!replaced) throw new AppError("bad_request", { reason: "its handles are not new" });
  return credentialsVersion;
}
