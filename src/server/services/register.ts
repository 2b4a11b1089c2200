/**
 * Registration (docs/spec/protocol.md §1.2): the account's genesis and first device, its handles, public keys and sealed blobs,
 * proved by L.
 *
 * @module
 */

import type { RegisterRequest } from "../../contract/auth.ts";
import { sha256 } from "../../crypto/verify/sha256.ts";
import { equalBytes, utf8 } from "../../kernel/bytes.ts";
import { toHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import { replayAccountLog } from "../../ledger/account_log.ts";
import { type AccountState, activeDevices } from "../../ledger/account_state.ts";
import type { AccountRow } from "../../ports/blob_store.ts";
import type { Registration, ServerParts } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { bucketOf } from "./account_answers.ts";
import { checkProof } from "./challenges.ts";
import { rowsOf } from "./logs.ts";
import { grantStepUp, startSession } from "./sessions.ts";

/** @throws {AppError} `registration_refused`, `login_refused`, `log_invalid`, `signature_invalid`, `name_taken` */
export const register: ServiceOf<"register"> = {
  kind: "own",
  run: async (parts, call) => {
    const { body } = call;
    if (!mayRegister(parts.registration, body.token)) throw new AppError("registration_refused");
    await checkProof(parts, call, {
      action: "register",
      challengeId: body.challenge,
      bucket: bucketOf("register", toHex(body.password.ak_id)),
      find: async () => ({ key: body.password.login_pk, found: undefined }),
    });
    const state = replayAccountLog(body.entries);
    if (!activeDevices(state).some((device) => device.id === body.device_id)) {
      throw new AppError("bad_request", { reason: "its device is not in its account log" });
    }
    const store = await parts.store();
    return await store.write(async (tx) => {
      if (!await tx.insertAccount(rowOfNew(parts, body, state))) {
        throw new AppError("name_taken", { kind: "account", name: body.email });
      }
      await tx.append({ kind: "account", id: state.userId }, rowsOf(body.entries, 0, state.hashes));
      const { id, session } = await startSession(parts, tx, state.userId, body.device_id);
      const step_up = await grantStepUp(parts, tx, id);
      return { value: { user_id: state.userId, session, step_up, credentials_version: 1 } };
    });
  },
};

function mayRegister(registration: Registration, token: string | undefined): boolean {
  if (registration.kind === "open") return true;
  const hash = sha256(utf8(token ?? ""));
  return token !== undefined && registration.sha256.some((known) => equalBytes(known, hash));
}

function rowOfNew(parts: ServerParts, body: RegisterRequest, { userId }: AccountState): AccountRow {
  return {
    userId,
    email: body.email,
    akId: body.password.ak_id,
    loginPk: body.password.login_pk,
    wrapPw: body.password.wrap_pw,
    rcId: body.recovery.rc_id,
    recoverPk: body.recovery.recover_pk,
    wrapRc: body.recovery.wrap_rc,
    keyset: body.keyset,
    credentialsVersion: 1,
    createdMs: parts.clock.now(),
  };
}
