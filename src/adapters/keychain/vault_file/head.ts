/**
 * The vault's head: how it is opened, and the master key under which its collections are encrypted. A new passphrase
 * writes a new head and nothing else.
 *
 * `line | LP(parameters, envelope)`; parameters = `LP(unlock, memory KiB, passes, lanes, salt)`; the envelope (kind 8) holds
 * the master key and is bound to line, profile and parameters: neither can be exchanged or made weaker without notice.
 *
 * @module
 */

import { type Bytes, fromUtf8, lengthPrefixed, u32be, utf8 } from "../../../kernel/bytes.ts";
import { AppError, isAppError } from "../../../kernel/error.ts";
import { Secret } from "../../../kernel/secret.ts";
import { type EnvelopePlace, openEnvelope, sealEnvelope } from "../../../crypto/envelope.ts";
import { type Argon2Cost, SUITE_1_COST } from "../../../crypto/hazmat/argon2id.ts";
import type { Random } from "../../../ports/random.ts";
import { bodyOf, damaged, formatLine, readFields, withLine } from "./format.ts";
import { isAcceptedCost, type UnlockKind } from "./unlock.ts";

const SALT_BYTES = 16;
const MASTER_KEY_BYTES = 32;

/** How the key that opens a head is made. */
export interface HeadParameters {
  readonly unlock: UnlockKind;
  /** Cost of the derivation from a passphrase; without meaning for a key file. */
  readonly cost: Argon2Cost;
  readonly salt: Bytes;
}

/** A head as read, not yet opened. */
export interface Head {
  readonly parameters: HeadParameters;
  readonly envelope: Uint8Array;
}

/** Parameters for a new head. */
export function newParameters(unlock: UnlockKind, random: Random, cost: Argon2Cost = SUITE_1_COST): HeadParameters {
  if (!isAcceptedCost(cost)) throw new RangeError("Outside of the accepted costs");
  return { unlock, cost, salt: random(SALT_BYTES) };
}

/** A new master key. */
export function newMasterKey(random: Random): Secret {
  return Secret.take(random(MASTER_KEY_BYTES));
}

function encodeParameters({ unlock, cost, salt }: HeadParameters): Bytes {
  return lengthPrefixed(utf8(unlock), u32be(cost.memoryKiB), u32be(cost.passes), u32be(cost.lanes), salt);
}

function placeOf(profile: string, parameters: HeadParameters): EnvelopePlace {
  const context = lengthPrefixed(formatLine("head"), utf8(profile), encodeParameters(parameters));
  return { kind: "vault", epoch: 0, context };
}

/** A head's bytes: `master` under `key`. */
export function sealHead(
  profile: string,
  parameters: HeadParameters,
  key: Secret,
  master: Secret,
  random: Random,
): Bytes {
  // EXPOSE: the master key is encrypted under the passphrase's or the key file's key
  const envelope = master.expose((bytes) => sealEnvelope(key, placeOf(profile, parameters), bytes, random));
  return withLine("head", lengthPrefixed(encodeParameters(parameters), envelope));
}

/** Reads a head. @throws {AppError} `vault_damaged`, `unsupported_format` */
export function parseHead(path: string, bytes: Uint8Array): Head {
  const [parameters, envelope, ...rest] = readFields(bodyOf("head", path, bytes)) ?? [];
  if (parameters === undefined || envelope === undefined || rest.length > 0) throw damaged(path, "it was cut short");
  const [unlock, memoryKiB, passes, lanes, salt, ...more] = readFields(parameters) ?? [];
  const numbers = [memoryKiB, passes, lanes].map((field) => field?.length === 4 ? readU32(field) : -1);
  const cost = { memoryKiB: numbers[0]!, passes: numbers[1]!, lanes: numbers[2]! };
  const kind = unlock && fromUtf8Safe(unlock);
  const known = kind === "passphrase" || kind === "password" || kind === "key-file";
  if (!known || salt?.length !== SALT_BYTES || more.length > 0) throw damaged(path, "its parameters are malformed");
  if (!isAcceptedCost(cost)) throw damaged(path, "its key derivation is outside of the accepted range");
  return { parameters: { unlock: kind, cost, salt: new Uint8Array(salt) }, envelope };
}

/** The master key. @throws {AppError} `vault_passphrase_wrong`, `vault_password_wrong`, or `vault_damaged` where no person typed the key */
export function openHead(path: string, profile: string, head: Head, key: Secret): Secret {
  try {
    return Secret.take(openEnvelope(key, placeOf(profile, head.parameters), head.envelope, path));
  } catch (error) {
    if (!isAppError(error, "decryption_failed")) throw error;
    if (head.parameters.unlock === "passphrase") {
      throw new AppError("vault_passphrase_wrong", undefined, { cause: error });
    }
    if (head.parameters.unlock === "password") throw new AppError("vault_password_wrong", undefined, { cause: error });
    throw damaged(path, "it does not open with its key file", error);
  }
}

function readU32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}

function fromUtf8Safe(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch {
    return "";
  }
}
