/**
 * Challenges and the proofs that answer them (docs/spec/protocol.md §1.4). A nonce is good for one try within 60 s, whether the
 * try succeeds or not. Unknown handle, wrong key and bad signature get the same answer after the same work.
 *
 * @module
 */

import { PROOF_HEADER } from "../../contract/auth.ts";
import type { ProofAction } from "../../kernel/proof.ts";
import { CHALLENGE_TTL_MS } from "../../contract/limits.ts";
import { verifyEd25519 } from "../../crypto/verify/ed25519.ts";
import { loginMessage } from "../../crypto/verify/login.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import { fromBase64Url, fromHex } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import type { WriteTransaction } from "../../ports/blob_store.ts";
import type { Call, ServerParts } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { newId } from "../tokens.ts";
import { limitRate, RATES } from "./rates.ts";

/** A valid key that nobody's account has (RFC 8032 §7.1, test 1): stands in for keys that are not there. */
const STAND_IN_KEY = fromHex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")!;
const NO_NONCE = new Uint8Array(32);
const NO_SIGNATURE = new Uint8Array(64);

export const challenge: ServiceOf<"challenge"> = {
  kind: "own",
  run: async (parts, call) => {
    const nowMs = parts.clock.now();
    const id = newId("c_", 16, parts.random), nonce = parts.random(32);
    const expires = nowMs + CHALLENGE_TTL_MS;
    const store = await parts.store();
    await store.write(async (tx) => {
      await tx.forgetExpired(nowMs);
      await limitRate(tx, "challenge", RATES.challenge, nowMs);
      if (call.addressBlock !== undefined) {
        await limitRate(tx, `challenge/${call.addressBlock}`, RATES.challengePerAddressBlock, nowMs);
      }
      await tx.insertChallenge(id, nonce, expires);
    });
    return { value: { id, nonce, expires } };
  },
};

/** What a proof is checked against. */
export interface ProofRequest<T> {
  readonly action: ProofAction;
  readonly challengeId: string;
  /** The rate bucket that this try counts against. */
  readonly bucket: string;
  /** Whose key it must be; undefined when there is no such account. Runs in the transaction that takes the challenge. */
  readonly find: (tx: WriteTransaction) => Promise<{ readonly key: Bytes; readonly found: T } | undefined>;
}

/** What {@linkcode ProofRequest.find} found, once the proof holds. @throws {AppError} `login_refused`, `rate_limited` */
export async function checkProof<T>(parts: ServerParts, call: Call, request: ProofRequest<T>): Promise<T> {
  const { action, challengeId, bucket, find } = request;
  const store = await parts.store();
  const { nonce, owner } = await store.write(async (tx) => {
    const nowMs = parts.clock.now();
    await limitRate(tx, bucket, RATES.proof, nowMs);
    return { nonce: await tx.takeChallenge(challengeId, nowMs), owner: await find(tx) };
  });
  const message = loginMessage({ origin: parts.origin, action, nonce: nonce ?? NO_NONCE, body: call.bytes });
  const signature = fromBase64Url((call.headers.get(PROOF_HEADER) ?? "").slice(0, 128)) ?? NO_SIGNATURE;
  const holds = verifyEd25519(owner?.key ?? STAND_IN_KEY, message, signature);
  if (!holds || owner === undefined || nonce === undefined) throw new AppError("login_refused");
  return owner.found;
}
