/**
 * The account's own things: its log, sessions and pins (docs/spec/protocol.md §§1, 4, 7).
 *
 * @module
 */

import * as z from "zod/mini";
import { lazily, type Output } from "./lazy.ts";
import { MAX_PINS_BYTES } from "./limits.ts";
import { signedEntry } from "./entry_fields.ts";
import { bytesSchema, deviceIdSchema, emailSchema, headSchema, seqSchema, timeSchema, userIdSchema } from "./wire.ts";

/** A page of a log after `?after=seq`. `head` is where the log stands: fetch again while the last entry is before it. */
export const logPageSchema = lazily(() => z.strictObject({ entries: z.array(signedEntry()), head: headSchema() }));
/** Where a log or environment stands after a write, and what a 412 carries. */
export const appendedSchema = lazily(() => z.strictObject({ head: headSchema() }));
/** `POST /v1/account/log`: entries that continue the chain, all or none. */
export const appendAccountSchema = lazily(() =>
  z.strictObject({
    entries: z.array(signedEntry()).check(z.minLength(1), z.maxLength(100)),
  })
);

/** `GET /v1/account` */
export const accountSchema = lazily(() =>
  z.strictObject({
    user_id: userIdSchema(),
    email: emailSchema(),
    credentials_version: seqSchema(),
    session: z.strictObject({ id: z.string(), device_id: z.nullable(deviceIdSchema()), expires: timeSchema() }),
  })
);

/** `GET /v1/sessions` */
export const sessionsSchema = lazily(() =>
  z.strictObject({
    sessions: z.array(z.strictObject({
      id: z.string(),
      device_id: z.nullable(deviceIdSchema()),
      created: timeSchema(),
      last_used: timeSchema(),
      expires: timeSchema(),
      current: z.boolean(),
    })),
  })
);

/** `GET /v1/account/pins`; version 0 and null before the first `PUT`. */
export const pinsSchema = lazily(() =>
  z.strictObject({ version: seqSchema(), data: z.nullable(bytesSchema(0, MAX_PINS_BYTES)) })
);
/** `PUT /v1/account/pins` with `If-Match: "version"`. */
export const putPinsSchema = lazily(() => z.strictObject({ data: bytesSchema(1, MAX_PINS_BYTES) }));
export const pinsPutSchema = lazily(() => z.strictObject({ version: seqSchema() }));

export type LogPage = Output<typeof logPageSchema>;
export type Appended = Output<typeof appendedSchema>;
export type Account = Output<typeof accountSchema>;
export type SessionInfo = Output<typeof sessionsSchema>["sessions"][number];
export type Pins = Output<typeof pinsSchema>;
