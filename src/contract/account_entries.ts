/**
 * Bodies of the account log's entries (docs/spec/protocol.md §4.2) as strict schemas: an unknown field, type or version is refused.
 *
 * The schemas say what an entry may look like; whether it may stand at its place in a log is src/ledger's to decide.
 *
 * @module
 */

import * as z from "zod/mini";
import { chain, deviceId, label, publicKeyText, userId } from "./entry_fields.ts";
import { type BodyOf, ByType, lazily } from "./lazy.ts";

// deno-lint-ignore explicit-function-return-type -- the schema is the type
function accountEntry<const T extends string, P extends z.ZodMiniType>(type: T, payload: () => P) {
  const schema = lazily(() =>
    z.strictObject({ ...chain(), user: userId(), type: z.literal(type), payload: payload() })
  );
  return { type, schema };
}

/** Bodies of the account log; all signed by A (§4.2). */
export const accountEntryBody = new ByType([
  {
    type: "account.genesis",
    schema: lazily(() =>
      z.strictObject({
        ...chain(),
        seq: z.literal(1),
        prev: z.null(),
        type: z.literal("account.genesis"),
        payload: z.strictObject({ sig_pk: publicKeyText(), enc_pk: publicKeyText() }),
      })
    ),
  },
  accountEntry(
    "device.add",
    () => z.strictObject({ device_id: deviceId(), sig_pk: publicKeyText(), label: label(64) }),
  ),
  accountEntry("device.revoke", () => z.strictObject({ device_id: deviceId() })),
  accountEntry("enc.rotate", () => z.strictObject({ enc_pk: publicKeyText() })),
  accountEntry("recovery.set", () => z.strictObject({ recovery_pk: publicKeyText() })),
  accountEntry("admin.rotate", () => z.strictObject({ sig_pk: publicKeyText() })),
  accountEntry("account.recovered", () => z.strictObject({ recovery_pk: publicKeyText() })),
]);
export type AccountEntryBody = BodyOf<typeof accountEntryBody>;
export type AccountEntryType = AccountEntryBody["type"];
/** The payload of an account entry of type `T`. */
export type AccountPayload<T extends AccountEntryType> = Extract<AccountEntryBody, { type: T }>["payload"];
