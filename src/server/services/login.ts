/**
 * Login and step-up, proved by L, and renewal, proved by D (docs/spec/protocol.md §1.4).
 *
 * @module
 */

import type { ProofAction } from "../../kernel/proof.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import { fromBase64Url, toHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import { activeDevices } from "../../ledger/account_state.ts";
import type { AccountRow } from "../../ports/blob_store.ts";
import type { Call, ServerParts } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { accountBlobs, accountName, bucketOf } from "./account_answers.ts";
import { checkProof } from "./challenges.ts";
import { accountState } from "./logs.ts";
import { authenticate, grantStepUp, startSession } from "./sessions.ts";

/** The account whose L signed. @throws {AppError} `login_refused`, `rate_limited` */
function checkLogin(
  parts: ServerParts,
  call: Call<{ readonly challenge: string; readonly ak_id: Bytes }>,
  action: ProofAction,
): Promise<AccountRow> {
  const { challenge, ak_id } = call.body;
  return checkProof(parts, call, {
    action,
    challengeId: challenge,
    bucket: bucketOf("ak", toHex(ak_id)),
    find: async (tx) => {
      const found = await tx.accountByAkId(ak_id);
      return found && { key: found.loginPk, found };
    },
  });
}

export const login: ServiceOf<"login"> = {
  kind: "own",
  run: async (parts, call) => {
    const proved = await checkLogin(parts, call, "login");
    const store = await parts.store();
    return await store.write(async (tx) => {
      // Read again: the credentials may have been replaced since the proof was checked.
      const account = await tx.accountByAkId(call.body.ak_id);
      if (account?.credentialsVersion !== proved.credentialsVersion) throw new AppError("login_refused");
      await tx.resetRate(bucketOf("ak", toHex(call.body.ak_id)));
      const { id, session } = await startSession(parts, tx, account.userId, null);
      const step_up = await grantStepUp(parts, tx, id);
      const pins = await tx.pins(account.userId) ?? { version: 0, data: null };
      return { value: { ...accountName(account), session, step_up, ...accountBlobs(account), pins } };
    });
  },
};

export const stepUp: ServiceOf<"stepUp"> = {
  kind: "own",
  run: async (parts, call) => {
    const proved = await checkLogin(parts, call, "stepup");
    const store = await parts.store();
    return await store.write(async (tx) => {
      const session = await authenticate(parts, tx, call);
      const account = await tx.accountByAkId(call.body.ak_id);
      const same = account?.credentialsVersion === proved.credentialsVersion && account.userId === session.userId;
      if (!same) throw new AppError("login_refused");
      await tx.resetRate(bucketOf("ak", toHex(call.body.ak_id)));
      return { value: { step_up: await grantStepUp(parts, tx, session.id), ...accountBlobs(account) } };
    });
  },
};

/** A session for a device of the account, until the device is revoked. */
export const renew: ServiceOf<"renew"> = {
  kind: "own",
  run: async (parts, call) => {
    const { challenge, user_id, device_id } = call.body;
    const bucket = bucketOf("user", `${user_id}/${device_id}`);
    await checkProof(parts, call, {
      action: "renew",
      challengeId: challenge,
      bucket,
      find: async (tx) => {
        if (await tx.accountById(user_id) === undefined) return undefined;
        const device = activeDevices(await accountState(tx, user_id)).find(({ id }) => id === device_id);
        return device && { key: fromBase64Url(device.key)!, found: undefined };
      },
    });
    const store = await parts.store();
    return await store.write(async (tx) => {
      const still = activeDevices(await accountState(tx, user_id)).some(({ id }) => id === device_id);
      if (!still) throw new AppError("login_refused");
      await tx.resetRate(bucket);
      const { session } = await startSession(parts, tx, user_id, device_id);
      return { value: { session } };
    });
  },
};
