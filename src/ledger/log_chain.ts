/**
 * What all logs share (docs/spec/protocol.md §4.1): verify the signatures, then parse, then check the place in the hash chain.
 *
 * @module
 */

import type { LogHead, SignedEntry } from "../contract/entry_fields.ts";
import { type VerifiedEntry, verifySignedEntry } from "../crypto/verify/signed_entry.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";

/** A body that has passed its schema. */
export interface ChainedBody {
  readonly type: string;
  readonly seq: number;
  readonly prev: string | null;
}

/** The part of a zod schema that is needed here. */
export interface BodySchema<B> {
  safeParse(value: unknown): { success: true; data: B } | { success: false };
}

/** An entry with its place and signatures checked; whether its author may write it is not. */
export interface OpenedEntry<B> {
  readonly body: B;
  readonly bytes: Uint8Array;
  readonly head: LogHead;
  /** base64url of the public keys that signed, each once. */
  readonly signers: readonly string[];
}

/** Refuses entry `seq` of `log`. */
export function refuse(log: string, seq: number, reason: string): never {
  throw new AppError("log_invalid", { log, seq, reason });
}

/**
 * Verifies one entry's signatures and parses its body.
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function openEntry<B extends ChainedBody>(
  entry: SignedEntry,
  schema: BodySchema<B>,
  log: string,
  seq: number,
): OpenedEntry<B> {
  const verified = verifySignedEntry(entry, `entry ${seq} of the ${log}`);
  const parsed = schema.safeParse(parseJson(verified, log, seq));
  if (!parsed.success) refuse(log, seq, "it is not of a known form");
  const body = parsed.data;
  // The signed type is the one outside; a body that names another would be read as what nobody signed.
  if (body.type !== verified.type) refuse(log, seq, "its type is not the signed one");
  return { body, bytes: verified.body, head: { seq: body.seq, hash: verified.hash }, signers: verified.signers };
}

/**
 * {@linkcode openEntry} for the entry that must follow `head` (undefined: the first).
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function openNext<B extends ChainedBody>(
  entry: SignedEntry,
  schema: BodySchema<B>,
  log: string,
  head: LogHead | undefined,
): OpenedEntry<B> {
  const seq = (head?.seq ?? 0) + 1;
  const opened = openEntry(entry, schema, log, seq);
  if (opened.body.seq !== seq) refuse(log, seq, `it says that it is entry ${opened.body.seq}`);
  if (opened.body.prev !== (head?.hash ?? null)) refuse(log, seq, "it does not follow the entry before it");
  return opened;
}

function parseJson(entry: VerifiedEntry, log: string, seq: number): unknown {
  try {
    return JSON.parse(fromUtf8(entry.body));
  } catch {
    refuse(log, seq, "it is not JSON");
  }
}

/** Whether exactly `keys` signed, in any order. */
export function signedBy(signers: readonly string[], ...keys: readonly string[]): boolean {
  return signers.length === keys.length && keys.every((key) => signers.includes(key));
}
