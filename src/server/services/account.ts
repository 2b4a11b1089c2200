/**
 * The account's own things: who it is, its log, and its pins blob.
 *
 * @module
 */

import { type DeviceId, isUserId, type UserId } from "../../kernel/names.ts";
import { appendAccountEntries } from "../../ledger/account_log.ts";
import { activeDevices } from "../../ledger/account_state.ts";
import { expectHead, headMoved, idParam, ifMatch, notOnServer, position } from "../conditions.ts";
import type { ServiceOf } from "../routes.ts";
import { accountName } from "./account_answers.ts";
import { accountState, pageOf, rowsOf } from "./logs.ts";

export const getAccount: ServiceOf<"getAccount"> = {
  kind: "read",
  run: async (_parts, tx, { session }) => {
    const account = (await tx.accountById(session.userId))!;
    const { id, deviceId, expiresMs: expires } = session;
    return {
      value: {
        ...accountName(account),
        credentials_version: account.credentialsVersion,
        session: { id, device_id: deviceId as DeviceId | null, expires },
      },
    };
  },
};

export const getAccountLog: ServiceOf<"getAccountLog"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const value = await pageOf(tx, { kind: "account", id: call.session.userId }, position(call, "after"));
    return { value, version: value.head?.seq ?? 0 };
  },
};

/** Entries are A's to sign; what they say takes effect here too: a revoked device's sessions end. */
export const postAccountLog: ServiceOf<"postAccountLog"> = {
  kind: "write",
  run: async (_parts, tx, call) => {
    const userId = call.session.userId as UserId;
    const chain = { kind: "account", id: userId } as const;
    expectHead(call, await tx.head(chain), "the account's log");
    const before = await accountState(tx, userId);
    const after = appendAccountEntries(before, call.body.entries);
    await tx.append(chain, rowsOf(call.body.entries, before.head.seq, after.hashes));
    const active = new Set(activeDevices(after).map(({ id }) => id));
    for (const { id } of activeDevices(before)) {
      if (!active.has(id)) await tx.deleteSessions(userId, { deviceId: id });
    }
    return { value: { head: after.head } };
  },
};

/** Another member's log, for whoever shares a workspace; for everybody else there is no such user. */
export const getUserLog: ServiceOf<"getUserLog"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const id = idParam(call, "user", "the user", isUserId);
    const mine = call.session.userId;
    if (id !== mine && !await tx.shareWorkspace(mine, id)) throw notOnServer("the user");
    const value = await pageOf(tx, { kind: "account", id }, position(call, "after"));
    return { value, version: value.head?.seq ?? 0 };
  },
};

export const getPins: ServiceOf<"getPins"> = {
  kind: "read",
  run: async (_parts, tx, { session }) => {
    const value = await tx.pins(session.userId) ?? { version: 0, data: null };
    return { value, version: value.version };
  },
};

export const putPins: ServiceOf<"putPins"> = {
  kind: "write",
  run: async (_parts, tx, call) => {
    const expected = ifMatch(call);
    if (!await tx.putPins(call.session.userId, expected, call.body.data)) throw headMoved("the pins", null);
    return { value: { version: expected + 1 }, version: expected + 1 };
  },
};
