/**
 * Recovery (docs/spec/protocol.md §1.5): R opens `wrap_rc`; then password, account key and recovery code are new, the account log
 * records it, and every session ends.
 *
 * @module
 */

import { toHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import { appendAccountEntries } from "../../ledger/account_log.ts";
import { activeDevices } from "../../ledger/account_state.ts";
import type { AccountRow } from "../../ports/blob_store.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import type { ProofAction } from "../../kernel/proof.ts";
import type { Call, ServerParts } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { accountName, bucketOf } from "./account_answers.ts";
import { checkProof } from "./challenges.ts";
import { replace } from "./credentials.ts";
import { accountState, allEntries, rowsOf } from "./logs.ts";
import { grantStepUp, startSession } from "./sessions.ts";

function checkRecovery(
  parts: ServerParts,
  call: Call<{ readonly challenge: string; readonly rc_id: Bytes }>,
  action: ProofAction,
): Promise<AccountRow> {
  const { challenge, rc_id } = call.body;
  return checkProof(parts, call, {
    action,
    challengeId: challenge,
    bucket: bucketOf("rc", toHex(rc_id)),
    find: async (tx) => {
      const found = await tx.accountByRcId(rc_id);
      return found && { key: found.recoverPk, found };
    },
  });
}

export const recoverStart: ServiceOf<"recoverStart"> = {
  kind: "own",
  run: async (parts, call) => {
    const account = await checkRecovery(parts, call, "recover.start");
    const store = await parts.store();
    const entries = await store.read((tx) => allEntries(tx, { kind: "account", id: account.userId }));
    const { wrapRc: wrap_rc, keyset, credentialsVersion: credentials_version } = account;
    return { value: { ...accountName(account), wrap_rc, keyset, credentials_version, entries } };
  },
};

export const recoverFinish: ServiceOf<"recoverFinish"> = {
  kind: "own",
  run: async (parts, call) => {
    const { body } = call;
    const { userId } = await checkRecovery(parts, call, "recover.finish");
    if (!body.entries.some(({ type }) => type === "account.recovered")) {
      throw new AppError("bad_request", { reason: "its account log does not record the recovery" });
    }
    const store = await parts.store();
    return await store.write(async (tx) => {
      const account = await tx.accountByRcId(body.rc_id);
      if (account?.userId !== userId) throw new AppError("login_refused");
      const { user_id } = accountName(account);
      const before = await accountState(tx, user_id);
      const after = appendAccountEntries(before, body.entries);
      const device_id = body.device_id ?? null;
      if (device_id !== null && !activeDevices(after).some(({ id }) => id === device_id)) {
        throw new AppError("bad_request", { reason: "its device is not in its account log" });
      }
      const credentials_version = await replace(tx, account, body.version, body);
      await tx.append({ kind: "account", id: userId }, rowsOf(body.entries, before.head.seq, after.hashes));
      await tx.deleteSessions(userId, {});
      await tx.resetRate(bucketOf("rc", toHex(body.rc_id)));
      const { id, session } = await startSession(parts, tx, userId, device_id);
      const step_up = await grantStepUp(parts, tx, id);
      return { value: { user_id, session, step_up, credentials_version } };
    });
  },
};
