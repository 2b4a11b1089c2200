/**
 * Getting in: challenges, registration, login, step-up, renewal and recovery (docs/spec/protocol.md §1).
 *
 * A proof is an Ed25519 signature over the facts of `ProofChallenge` (src/kernel/proof.ts). It travels in the header `agentsecrets-proof`
 * and covers the exact bytes of the body, so nothing needs a canonical form.
 *
 * @module
 */

import * as z from "zod/mini";
import { lazily, type Lazy, type Output } from "./lazy.ts";
import { MAX_ITEMS_PER_REQUEST, MAX_PINS_BYTES, MAX_SEALED_BYTES } from "./limits.ts";
import { signedEntry } from "./entry_fields.ts";
import {
  bytesSchema,
  deviceIdSchema,
  emailSchema,
  publicKeySchema,
  seqSchema,
  timeSchema,
  userIdSchema,
} from "./wire.ts";

/** The header that holds the proof's signature, base64url. */
export const PROOF_HEADER = "agentsecrets-proof";
/** The header that holds a step-up token. */
export const STEP_UP_HEADER = "agentsecrets-step-up";

/** A challenge's name. */
export const challengeIdSchema: Lazy<z.ZodMiniType<string, string>> = lazily(() =>
  z.string().check(z.regex(/^c_[a-z2-7]{26}$/))
);
const handle = lazily(() => bytesSchema(16));
const wrap = lazily(() => bytesSchema(1, MAX_SEALED_BYTES));

/** A challenge: single use, 60 s. */
export const challengeSchema = lazily(() =>
  z.strictObject({ id: challengeIdSchema(), nonce: bytesSchema(32), expires: timeSchema() })
);

/** An opaque bearer token; only its SHA-256 rests on the server. */
export const tokenSchema: Lazy<z.ZodMiniType<string, string>> = lazily(() =>
  z.string().check(z.regex(/^(ses|stp)1_[A-Za-z0-9_-]{43}$/))
);
/** A session as its owner holds it. */
export const sessionSchema = lazily(() => z.strictObject({ token: tokenSchema(), expires: timeSchema() }));

/** What login and step-up find the account by, and what they prove. */
export const passwordCredentialsSchema = lazily(() =>
  z.strictObject({
    ak_id: handle(),
    login_pk: publicKeySchema(),
    wrap_pw: wrap(),
  })
);
/** What recovery finds the account by, and what it proves. */
export const recoveryCredentialsSchema = lazily(() =>
  z.strictObject({
    rc_id: handle(),
    recover_pk: publicKeySchema(),
    wrap_rc: wrap(),
  })
);

/** `POST /v1/auth/register`, proved by L. `entries`: the account's genesis and its first `device.add`. */
export const registerSchema = lazily(() =>
  z.strictObject({
    challenge: challengeIdSchema(),
    email: emailSchema(),
    entries: z.array(signedEntry()).check(z.minLength(2), z.maxLength(8)),
    password: passwordCredentialsSchema(),
    recovery: recoveryCredentialsSchema(),
    keyset: wrap(),
    device_id: deviceIdSchema(),
    /** Setup or invite token, where the server is not open. */
    token: z.optional(z.string().check(z.maxLength(256))),
  })
);
/** The password was just proved, so a step-up comes along. */
export const registeredSchema = lazily(() =>
  z.strictObject({
    user_id: userIdSchema(),
    session: sessionSchema(),
    step_up: sessionSchema(),
    credentials_version: seqSchema(),
  })
);

/** `POST /v1/auth/login`, proved by L. */
export const loginSchema = lazily(() => z.strictObject({ challenge: challengeIdSchema(), ak_id: handle() }));
/** The account's own blobs: sealed, useless without the password and the account key. */
const accountBlobs = lazily(() => ({
  wrap_pw: wrap(),
  keyset: wrap(),
  credentials_version: seqSchema(),
}));
/** The session belongs to no device until the device renews it (`/v1/auth/renew`). */
export const loggedInSchema = lazily(() =>
  z.strictObject({
    user_id: userIdSchema(),
    email: emailSchema(),
    session: sessionSchema(),
    step_up: sessionSchema(),
    ...accountBlobs(),
    pins: z.strictObject({ version: seqSchema(), data: z.nullable(bytesSchema(0, MAX_PINS_BYTES)) }),
  })
);

/** `POST /v1/auth/stepup`, proved by L, with a session of the same account. */
export const stepUpSchema = lazily(() => loginSchema());
/** Five minutes at most, for this session only. The blobs come along: governance needs A, and A is in the keyset. */
export const steppedUpSchema = lazily(() => z.strictObject({ step_up: sessionSchema(), ...accountBlobs() }));

/** `POST /v1/auth/renew`, proved by D. */
export const renewSchema = lazily(() =>
  z.strictObject({
    challenge: challengeIdSchema(),
    user_id: userIdSchema(),
    device_id: deviceIdSchema(),
  })
);
export const renewedSchema = lazily(() => z.strictObject({ session: sessionSchema() }));

/**
 * `PUT /v1/account/credentials`, with session and step-up, proved by the new L. `version` is the credentials version this
 * replaces. Other sessions end.
 */
export const credentialsSchema = lazily(() =>
  z.strictObject({
    challenge: challengeIdSchema(),
    version: seqSchema(),
    password: passwordCredentialsSchema(),
    recovery: z.optional(recoveryCredentialsSchema()),
    keyset: z.optional(wrap()),
  })
);
export const credentialsChangedSchema = lazily(() => z.strictObject({ credentials_version: seqSchema() }));

/** `POST /v1/recover/start`, proved by R. */
export const recoverStartSchema = lazily(() => z.strictObject({ challenge: challengeIdSchema(), rc_id: handle() }));
export const recoverStartedSchema = lazily(() =>
  z.strictObject({
    user_id: userIdSchema(),
    email: emailSchema(),
    wrap_rc: wrap(),
    keyset: wrap(),
    credentials_version: seqSchema(),
    entries: z.array(signedEntry()).check(z.maxLength(MAX_ITEMS_PER_REQUEST)),
  })
);

/**
 * `POST /v1/recover/finish`, proved by the old R: new password, new account key, new recovery code, and the account log's
 * entries that record it (`recovered`, and usually a `device.add`). All sessions end; the answer's is new.
 */
export const recoverFinishSchema = lazily(() =>
  z.strictObject({
    challenge: challengeIdSchema(),
    rc_id: handle(),
    version: seqSchema(),
    password: passwordCredentialsSchema(),
    recovery: recoveryCredentialsSchema(),
    keyset: z.optional(wrap()),
    entries: z.array(signedEntry()).check(z.minLength(1), z.maxLength(8)),
    device_id: z.optional(deviceIdSchema()),
  })
);
export const recoveredSchema = lazily(() =>
  z.strictObject({
    user_id: userIdSchema(),
    session: sessionSchema(),
    step_up: sessionSchema(),
    credentials_version: seqSchema(),
  })
);

export type Session = Output<typeof sessionSchema>;
export type PasswordCredentials = Output<typeof passwordCredentialsSchema>;
export type RecoveryCredentials = Output<typeof recoveryCredentialsSchema>;
export type RegisterRequest = Output<typeof registerSchema>;
export type Registered = Output<typeof registeredSchema>;
export type LoggedIn = Output<typeof loggedInSchema>;
export type SteppedUp = Output<typeof steppedUpSchema>;
export type CredentialsRequest = Output<typeof credentialsSchema>;
export type CredentialsChanged = Output<typeof credentialsChangedSchema>;
export type RecoverStarted = Output<typeof recoverStartedSchema>;
export type RecoverFinishRequest = Output<typeof recoverFinishSchema>;
export type Recovered = Output<typeof recoveredSchema>;
