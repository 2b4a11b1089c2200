/**
 * How keys reach members and agents (docs/spec/protocol.md §2.2): a sealed box per recipient whose hash stands in the signed log,
 * and a commitment in the same entry by which every recipient checks that all got the same key.
 *
 * @module
 */

import { type Bytes, equalBytes, lengthPrefixed, type RandomBytes, u32be, utf8 } from "../kernel/bytes.ts";
import { toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { EnvironmentId, ProjectId, WorkspaceId } from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { sealBox } from "./hazmat/sealed_box.ts";
import type { ReceivingKey } from "./keys.ts";
import { sha256, sha256Text } from "./verify/sha256.ts";

/** An epoch of an environment's keys. */
export interface EnvironmentEpoch {
  readonly ws: WorkspaceId;
  readonly project: ProjectId;
  readonly env: EnvironmentId;
  readonly epoch: number;
}

/** An epoch of the workspace key. */
export interface WorkspaceEpoch {
  readonly ws: WorkspaceId;
  readonly epoch: number;
}

/** Either kind of epoch. */
export type KeyEpochPlace = EnvironmentEpoch | WorkspaceEpoch;

/** A sealed grant, as it is uploaded, and what the signed entry says of it. */
export interface SealedGrant {
  /** The sealed box. */
  readonly grant: Bytes;
  /** base64url of SHA-256(recipient's X25519 public key). */
  readonly enc_pk_hash: string;
  /** base64url of SHA-256(grant). */
  readonly grant_hash: string;
}

/** K_env, K_name or W, new: 32 bytes. */
export function generateKey(random: RandomBytes): Secret {
  return Secret.take(random(32));
}

function contextOf(place: KeyEpochPlace): Bytes {
  return "env" in place
    ? lengthPrefixed(utf8("environment"), utf8(place.ws), utf8(place.project), utf8(place.env), u32be(place.epoch))
    : lengthPrefixed(utf8("workspace"), utf8(place.ws), u32be(place.epoch));
}

/** `key_commit` of a rotation: base64url of SHA-256("agentsecrets/v1/key-commit\0" || LP(place) || key). */
export function keyCommit(place: KeyEpochPlace, key: Secret): string {
  // EXPOSE: the commitment is a hash of a 256-bit key
  return key.expose((bytes) => sha256Text(utf8("agentsecrets/v1/key-commit\0"), contextOf(place), bytes));
}

/** `name_key_commit` of a project: base64url of SHA-256("agentsecrets/v1/name-key-commit\0" || LP(project) || K_name). */
export function nameKeyCommit(project: ProjectId, nameKey: Secret): string {
  // EXPOSE: the commitment is a hash of a 256-bit key
  return nameKey.expose((bytes) =>
    sha256Text(utf8("agentsecrets/v1/name-key-commit\0"), lengthPrefixed(utf8(project)), bytes)
  );
}

/** `enc_pk_hash` of a receiving key (32 bytes). */
export function receivingKeyHash(publicKey: Uint8Array): string {
  return sha256Text(publicKey);
}

function seal(message: Uint8Array, recipient: Uint8Array, random: RandomBytes): SealedGrant {
  const grant = sealBox(message, recipient, random);
  message.fill(0);
  return { grant, enc_pk_hash: receivingKeyHash(recipient), grant_hash: toBase64Url(sha256(grant)) };
}

/** Seals K_env and K_name of an environment to `recipient` (X25519, 32 bytes). @throws {RangeError} If that key is of small order. */
export function sealEnvironmentGrant(
  place: EnvironmentEpoch,
  keys: { readonly environment: Secret; readonly name: Secret },
  recipient: Uint8Array,
  random: RandomBytes,
): SealedGrant {
  // EXPOSE: both keys are what is sealed
  const message = keys.environment.expose((env) =>
    // EXPOSE: both keys are what is sealed
    keys.name.expose((name) => lengthPrefixed(contextOf(place), env, name))
  );
  return seal(message, recipient, random);
}

/** Seals the workspace key W to `recipient` (X25519, 32 bytes). @throws {RangeError} If that key is of small order. */
export function sealWorkspaceGrant(
  place: WorkspaceEpoch,
  key: Secret,
  recipient: Uint8Array,
  random: RandomBytes,
): SealedGrant {
  // EXPOSE: the key is what is sealed
  const message = key.expose((bytes) => lengthPrefixed(contextOf(place), bytes));
  return seal(message, recipient, random);
}

/**
 * The keys of a grant. `commits` come from the verified log: a server or an admin who hands out another key is refused.
 *
 * @throws {AppError} `decryption_failed`
 */
export function openEnvironmentGrant(
  place: EnvironmentEpoch,
  commits: { readonly keyCommit: string; readonly nameKeyCommit: string },
  grant: Uint8Array,
  receiving: ReceivingKey,
): { readonly environment: Secret; readonly name: Secret } {
  const what = "an environment's key";
  const [environment, name] = openFields(place, grant, receiving, 2, what) as [Secret, Secret];
  if (
    keyCommit(place, environment) !== commits.keyCommit || nameKeyCommit(place.project, name) !== commits.nameKeyCommit
  ) {
    throw new AppError("decryption_failed", { what });
  }
  return { environment, name };
}

/** W of a grant. @throws {AppError} `decryption_failed` */
export function openWorkspaceGrant(
  place: WorkspaceEpoch,
  commit: string,
  grant: Uint8Array,
  receiving: ReceivingKey,
): Secret {
  const what = "the workspace's key";
  const [key] = openFields(place, grant, receiving, 1, what) as [Secret];
  if (keyCommit(place, key) !== commit) throw new AppError("decryption_failed", { what });
  return key;
}

/** The 32-byte keys behind the context in a box of exactly the expected form. */
function openFields(
  place: KeyEpochPlace,
  grant: Uint8Array,
  receiving: ReceivingKey,
  count: 1 | 2,
  what: string,
): Secret[] {
  const message = receiving.open(grant);
  const context = contextOf(place);
  const first = 4 + 4 + context.length;
  if (message?.length !== first + 36 * count) throw new AppError("decryption_failed", { what });
  const keys = Array.from({ length: count }, (_, i) => message.slice(first + 36 * i + 4, first + 36 * (i + 1)));
  const genuine = equalBytes(message, lengthPrefixed(context, ...keys));
  message.fill(0);
  if (!genuine) throw new AppError("decryption_failed", { what });
  return keys.map((key) => Secret.take(key));
}

/** The previous epoch's key under the new one (kind 4), so that members keep history. `place` is the new epoch. */
export function wrapPreviousKey(place: KeyEpochPlace, key: Secret, previous: Secret, random: RandomBytes): Bytes {
  // EXPOSE: the previous key is what is wrapped
  return previous.expose((bytes) =>
    sealEnvelope(key, { kind: "previous-key", epoch: place.epoch, context: contextOf(place) }, bytes, random)
  );
}

/**
 * The key of epoch `place.epoch − 1`, checked against that epoch's commitment.
 *
 * @throws {AppError} `decryption_failed`
 */
export function unwrapPreviousKey(place: KeyEpochPlace, key: Secret, wrap: Uint8Array, previousCommit: string): Secret {
  const what = "the previous epoch's key";
  const bytes = openEnvelope(key, { kind: "previous-key", epoch: place.epoch, context: contextOf(place) }, wrap, what);
  if (bytes.length !== 32) throw new AppError("decryption_failed", { what });
  const previous = Secret.take(bytes);
  if (keyCommit({ ...place, epoch: place.epoch - 1 }, previous) !== previousCommit) {
    throw new AppError("decryption_failed", { what });
  }
  return previous;
}
