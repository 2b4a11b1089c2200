/**
 * Signed entries (docs/spec/protocol.md §4.1): exact bytes of a JSON body, signed over DSSE's pre-authentication encoding.
 * Verify, then parse: nothing here looks into the body.
 *
 * @module
 */

import { type Bytes, concat, utf8 } from "../../kernel/bytes.ts";
import { fromBase64Url } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import { verifyEd25519 } from "./ed25519.ts";
import { sha256Text } from "./sha256.ts";

/** A signed entry on the wire; the same shape as `SignedEntry` of src/contract/entry_fields.ts. */
export interface WireEntry {
  readonly type: string;
  /** base64url of the body's exact bytes. */
  readonly body: string;
  /** One or two signatures, each with the base64url of its public key. */
  readonly sigs: readonly { readonly key: string; readonly sig: string }[];
}

/** An entry whose signatures are all valid. Whether its signers may sign it is for the ledger to say. */
export interface VerifiedEntry {
  readonly type: string;
  readonly body: Bytes;
  /** base64url of SHA-256(body): what the next entry names as `prev`. */
  readonly hash: string;
  /** base64url of the public keys that signed, in wire order, each once. */
  readonly signers: readonly string[];
}

/** The media type that an entry's type stands for. */
export function payloadType(type: string): string {
  return `application/vnd.agentsecrets.${type}+json`;
}

/** DSSE v1 PAE(payload type, body): what is signed. */
export function preAuthEncoding(type: string, body: Uint8Array): Bytes {
  const media = utf8(payloadType(type));
  return concat(utf8(`DSSEv1 ${media.length} `), media, utf8(` ${body.length} `), body);
}

/**
 * Checks every signature of `entry`. One bad signature spoils the entry: an unverified key must never be listed as a signer.
 *
 * @throws {AppError} `signature_invalid` naming `what`
 */
export function verifySignedEntry(entry: WireEntry, what: string): VerifiedEntry {
  const body = fromBase64Url(entry.body);
  if (body === undefined || entry.sigs.length === 0) throw new AppError("signature_invalid", { what });
  const message = preAuthEncoding(entry.type, body);
  const signers = new Set<string>();
  for (const { key, sig } of entry.sigs) {
    const publicKey = fromBase64Url(key), signature = fromBase64Url(sig);
    if (publicKey === undefined || signature === undefined || signers.has(key)) {
      throw new AppError("signature_invalid", { what });
    }
    if (!verifyEd25519(publicKey, message, signature)) throw new AppError("signature_invalid", { what });
    signers.add(key);
  }
  return { type: entry.type, body, hash: sha256Text(body), signers: [...signers] };
}
