/**
 * What a login, step-up, registration, recovery or renewal signs (docs/spec/protocol.md §1.4).
 *
 * @module
 */

import { type Bytes, concat, utf8 } from "../../kernel/bytes.ts";
import { sha256 } from "./sha256.ts";

/** What a challenge may be signed for; a signature for one action is none for another. As in src/contract/auth.ts. */
export type ProofAction =
  | "register"
  | "login"
  | "stepup"
  | "renew"
  | "credentials"
  | "recover.start"
  | "recover.finish";

/** The facts that a signature binds. */
export interface ProofChallenge {
  /** The server's origin as the client dialled it: `https://host[:port]`, or `embedded:local`. */
  readonly origin: string;
  readonly action: ProofAction;
  /** The server's nonce: single use. */
  readonly nonce: Uint8Array;
  /** The request's exact body without the signature. */
  readonly body: Uint8Array;
}

/** `"agentsecrets/v1/login\0" || origin || "\0" || action || "\0" || nonce (32 bytes) || SHA-256(body)`. @throws {RangeError} For an origin with a NUL, or another nonce. */
export function loginMessage({ origin, action, nonce, body }: ProofChallenge): Bytes {
  if (origin.includes("\0") || nonce.length !== 32) throw new RangeError("not a challenge");
  return concat(utf8(`agentsecrets/v1/login\0${origin}\0${action}\0`), nonce, sha256(body));
}
