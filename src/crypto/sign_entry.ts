/**
 * Signing: entries of the logs (docs/spec/protocol.md §4.1) and challenges (§1.4).
 *
 * @module
 */

import { toBase64Url } from "../kernel/encoding.ts";
import type { ProofChallenge } from "../kernel/proof.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { SigningKey } from "./keys.ts";
import { loginMessage } from "./verify/login.ts";
import { preAuthEncoding } from "./verify/signed_entry.ts";

/** An entry before signing, as src/ledger/build_entry.ts makes it. */
export interface UnsignedEntry {
  readonly type: string;
  /** Exact bytes of the JSON body. */
  readonly body: Uint8Array;
}

/** A signed entry on the wire. */
export interface SignedBody {
  type: string;
  body: string;
  sigs: { key: string; sig: string }[];
}

/** Signs `entry` with one key, or with two where the type asks for it (`device.add`: A and D; `member.join`: invite and A). */
export function signEntry(entry: UnsignedEntry, ...keys: readonly SigningKey[]): SignedBody {
  const message = preAuthEncoding(entry.type, entry.body);
  return {
    type: entry.type,
    body: toBase64Url(entry.body),
    sigs: keys.map((key) => ({ key: key.publicKeyText, sig: toBase64Url(key.sign(message)) })),
  };
}

/** The 64-byte signature that answers a server's challenge. */
export function signChallenge(key: SigningKey, challenge: ProofChallenge): Bytes {
  return key.sign(loginMessage(challenge));
}
