/**
 * The envelope of suite 1 (docs/spec/protocol.md §3): a fresh AES-256-GCM key per envelope, derived from a long-lived key, the
 * header and the place; key-committing, bound to its place, padded. All failures to open are one error: no oracle.
 *
 * @module
 */

import { type Bytes, concat, equalBytes, type RandomBytes, u32be, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import { decryptAesGcm, encryptAesGcm, TAG_BYTES } from "./hazmat/aes_gcm.ts";
import { hkdfSha256 } from "./hazmat/hkdf.ts";

/** What an envelope holds: its number in the header and its label in the derivation. */
export const ENVELOPE_KINDS = {
  secret: 1,
  "uk-wrap": 2,
  keyset: 3,
  "previous-key": 4,
  names: 5,
  audit: 6,
  pins: 7,
  vault: 8,
} as const;
/** Name of a kind. */
export type EnvelopeKind = keyof typeof ENVELOPE_KINDS;

/** Where an envelope belongs. Opening with any other place fails. */
export interface EnvelopePlace {
  readonly kind: EnvelopeKind;
  /** Epoch of the long-lived key; 0 where keys have no epochs. */
  readonly epoch: number;
  /** `LP(…)` of the place's names (§3). */
  readonly context: Uint8Array;
}

const SUITE = 1;
const HEADER_BYTES = 8, SALT_BYTES = 32, COMMIT_BYTES = 32;
/** Bytes before the ciphertext. */
const PREFIX_BYTES = HEADER_BYTES + SALT_BYTES + COMMIT_BYTES;
const MAGIC = [0x41, 0x53] as const; // "AS"

interface Derived {
  readonly key: Bytes;
  readonly nonce: Bytes;
  readonly commit: Bytes;
}

function headerOf(place: EnvelopePlace): Bytes {
  return concat(Uint8Array.of(...MAGIC, SUITE, ENVELOPE_KINDS[place.kind]), u32be(place.epoch));
}

function derive(key: Uint8Array, salt: Uint8Array, header: Uint8Array, place: EnvelopePlace): Derived {
  const info = concat(utf8(`agentsecrets/v1/${place.kind}\0`), header, place.context);
  const okm = hkdfSha256(key, salt, info, 76);
  return { key: okm.subarray(0, 32), nonce: okm.subarray(32, 44), commit: okm.subarray(44, 76) };
}

/** Size after padding, of `length` bytes and their length field: powers of two from 64 to 1024, then steps of 1024. */
export function paddedLength(length: number): number {
  const needed = length + 4;
  if (needed > 1024) return Math.ceil(needed / 1024) * 1024;
  let size = 64;
  while (size < needed) size *= 2;
  return size;
}

/** u32 length || bytes || zeros. */
export function pad(plaintext: Uint8Array): Bytes {
  const out = new Uint8Array(paddedLength(plaintext.length));
  out.set(u32be(plaintext.length));
  out.set(plaintext, 4);
  return out;
}

/** What {@linkcode pad} was given, or undefined when `padded` is not its output. */
export function unpad(padded: Uint8Array): Bytes | undefined {
  if (padded.length < 64) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset, 4).getUint32(0);
  if (length > padded.length - 4 || paddedLength(length) !== padded.length) return undefined;
  for (let i = 4 + length; i < padded.length; i++) if (padded[i] !== 0) return undefined;
  return padded.slice(4, 4 + length) as Bytes;
}

/** Encrypts `plaintext` for one place. `key` has 32 bytes (16 or more). */
export function sealEnvelope(key: Secret, place: EnvelopePlace, plaintext: Uint8Array, random: RandomBytes): Bytes {
  const header = headerOf(place), salt = random(SALT_BYTES);
  // EXPOSE: the envelope's own key is derived from the long-lived one
  const derived = key.expose((bytes) => derive(bytes, salt, header, place));
  const padded = pad(plaintext);
  const aad = concat(header, salt, derived.commit, place.context);
  const sealed = encryptAesGcm(derived.key, derived.nonce, aad, padded);
  const envelope = concat(header, salt, derived.commit, sealed);
  derived.key.fill(0);
  padded.fill(0);
  return envelope;
}

/**
 * The plaintext, which the caller wipes. `what` names the envelope in the error.
 *
 * @throws {AppError} `unsupported_format` for an envelope of another suite, `decryption_failed` for everything else
 */
export function openEnvelope(key: Secret, place: EnvelopePlace, envelope: Uint8Array, what: string): Bytes {
  if (envelope[0] === MAGIC[0] && envelope[1] === MAGIC[1] && envelope.length > 2 && envelope[2] !== SUITE) {
    throw new AppError("unsupported_format", { what, version: `suite ${envelope[2]}` });
  }
  const plaintext = tryOpen(key, place, envelope);
  if (plaintext === undefined) throw new AppError("decryption_failed", { what });
  return plaintext;
}

function tryOpen(key: Secret, place: EnvelopePlace, envelope: Uint8Array): Bytes | undefined {
  const header = headerOf(place);
  if (envelope.length < PREFIX_BYTES + TAG_BYTES || !equalBytes(envelope.subarray(0, HEADER_BYTES), header)) return;
  const salt = envelope.subarray(HEADER_BYTES, HEADER_BYTES + SALT_BYTES);
  const commit = envelope.subarray(HEADER_BYTES + SALT_BYTES, PREFIX_BYTES);
  // EXPOSE: the envelope's own key is derived from the long-lived one
  const derived = key.expose((bytes) => derive(bytes, salt, header, place));
  // The commitment first: without it one ciphertext could open under two keys (partitioning oracles).
  if (!equalBytes(derived.commit, commit)) return;
  const aad = concat(header, salt, commit, place.context);
  const padded = decryptAesGcm(derived.key, derived.nonce, aad, envelope.subarray(PREFIX_BYTES));
  derived.key.fill(0);
  if (padded === undefined) return;
  const plaintext = unpad(padded);
  padded.fill(0);
  return plaintext;
}

/** The epoch in an envelope's header: which key to try. Unauthenticated until the envelope opens. */
export function envelopeEpoch(envelope: Uint8Array): number | undefined {
  if (envelope.length < HEADER_BYTES) return undefined;
  return new DataView(envelope.buffer, envelope.byteOffset, HEADER_BYTES).getUint32(4);
}
