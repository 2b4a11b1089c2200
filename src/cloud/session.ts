/**
 * The session as the client sees it: where it rests and how it is renewed without the password.
 *
 * @module
 */

import type { Session } from "../contract/auth.ts";
import type { ProofChallenge } from "../kernel/proof.ts";
import type { DeviceId, UserId } from "../kernel/names.ts";
import type { Bytes } from "../kernel/bytes.ts";

/**
 * Proves possession of L, R or D: the Ed25519 signature (64 bytes) over `loginMessage(challenge)`. The client asks for it once
 * per request, when the exact body is known.
 */
export type Prove = (challenge: ProofChallenge) => Bytes | Promise<Bytes>;

/** Who renews the session, and with what. */
export interface Renewal {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Signs with the device's key D. */
  readonly prove: Prove;
}

/** Where the session rests between commands. The use-case supplies it; the client asks and tells. */
export interface SessionStore {
  /** The session of the last time, or undefined. Asked at most once. */
  load(): Promise<Session | undefined>;
  /** Keeps a new session, or forgets (undefined) one that the server ended. */
  save(session: Session | undefined): Promise<void>;
  /** How to renew, or undefined when no device key is here. Asked only when needed. */
  renewal(): Promise<Renewal | undefined>;
}
