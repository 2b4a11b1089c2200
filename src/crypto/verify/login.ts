/**
 * What a login, step-up, registration, recovery or renewal signs (docs/spec/protocol.md §1.4).
 *
 * @module
 */

import { type Bytes, concat, utf8 } from "../../kernel/bytes.ts";
import type { ProofChallenge } from "../../kernel/proof.ts";
import { sha256 } from "./sha256.ts";

/**
 * `"agentsecrets/v1/login\0" || origin || "\0" || action || "\0" || nonce (32 bytes) || SHA-256(body)`.
 *
 * @throws {RangeError} If the origin holds a NUL or the nonce has another length.
 */
export function loginMessage({ origin, action, nonce, body }: ProofChallenge): Bytes {
  if (origin.includes("\0") || nonce.length !== 32) throw new RangeError("not a challenge");
  return concat(utf8(`agentsecrets/v1/login\0${origin}\0${action}\0`), nonce, sha256(body));
}
