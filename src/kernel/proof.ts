/**
 * Proofs: what a login, step-up, registration, recovery or renewal signs (docs/spec/protocol.md §1.4).
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";

/** What a proof is for. A proof for one action is worth nothing for another. */
export type ProofAction =
  | "register"
  | "login"
  | "stepup"
  | "renew"
  | "credentials"
  | "recover.start"
  | "recover.finish";

/**
 * The facts that a proof binds; what is signed is `loginMessage` of src/crypto/verify/login.ts. The origin stops a server from
 * using what it was sent at another server; the body stops it from changing the request.
 */
export interface ProofChallenge {
  /** The server's origin as the client dialled it: `https://host[:port]`, or `embedded:local`. */
  readonly origin: string;
  readonly action: ProofAction;
  /** 32 bytes. */
  readonly nonce: Bytes;
  /** The request's exact body. */
  readonly body: Bytes;
}
