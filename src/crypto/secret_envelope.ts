/**
 * One version of one secret, sealed (docs/spec/protocol.md §3.2, kind 1): name, value, note and binding travel inside, and the
 * server's handle of the name is a keyed hash.
 *
 * @module
 */

import { type Bytes, concat, fromUtf8, lengthPrefixed, type RandomBytes, u32be, u64be, utf8 } from "../kernel/bytes.ts";
import { fromHex, toHex } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import {
  type EnvironmentId,
  parseSecretName,
  type ProjectId,
  type SecretName,
  type Sid,
  type WorkspaceId,
} from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import { type EnvelopePlace, openEnvelope, sealEnvelope } from "./envelope.ts";
import { hmacSha256 } from "./hazmat/hkdf.ts";

/** The place that an envelope is bound to. */
export interface SecretPlace {
  readonly ws: WorkspaceId;
  readonly project: ProjectId;
  readonly env: EnvironmentId;
  readonly sid: Sid;
  /** Version of this secret, from 1. */
  readonly ver: number;
  /** Epoch of the environment key. */
  readonly epoch: number;
}

/** What an envelope holds. The holder disposes of the value. */
export interface SecretContent {
  readonly name: SecretName;
  /** UTF-8 text of any characters. */
  readonly value: Secret;
  readonly note?: string;
  /** Where the secret may be used; absent lists do not restrict. */
  readonly binding?: { readonly domains?: readonly string[]; readonly methods?: readonly string[] };
}

/** The two keys that reading and writing an environment takes. */
export interface SecretKeys {
  /** K_env of the place's epoch. */
  readonly environment: Secret;
  /** K_name of the project. */
  readonly name: Secret;
}

/** The server's handle of a name: HMAC-SHA-256(K_name, "agentsecrets/v1/sid\0" || name)[0..16] in hex. */
export function deriveSid(nameKey: Secret, name: SecretName): Sid {
  const message = concat(utf8("agentsecrets/v1/sid\0"), utf8(name));
  // EXPOSE: the handle is a keyed hash of the name
  return toHex(nameKey.expose((key) => hmacSha256(key, message)).subarray(0, 16)) as Sid;
}

function placeOf(place: SecretPlace): EnvelopePlace {
  const context = lengthPrefixed(
    utf8(place.ws),
    utf8(place.project),
    utf8(place.env),
    fromHex(place.sid)!,
    u64be(place.ver),
    u32be(place.epoch),
  );
  return { kind: "secret", epoch: place.epoch, context };
}

/**
 * Seals `content` for `place`, whose sid must be the one of its name.
 *
 * @throws {AppError} `invalid_value` when the value is not valid UTF-8
 */
export function sealSecret(keys: SecretKeys, place: SecretPlace, content: SecretContent, random: RandomBytes): Bytes {
  if (deriveSid(keys.name, content.name) !== place.sid) throw new RangeError("the sid is another name's");
  const plaintext = encodeContent(content);
  try {
    return sealEnvelope(keys.environment, placeOf(place), plaintext, random);
  } finally {
    plaintext.fill(0);
  }
}

/**
 * Opens an envelope and checks that the name inside belongs to the place's sid.
 *
 * @throws {AppError} `decryption_failed`, `unsupported_format`
 */
export function openSecret(keys: SecretKeys, place: SecretPlace, envelope: Uint8Array): SecretContent {
  const what = "a secret";
  const plaintext = openEnvelope(keys.environment, placeOf(place), envelope, what);
  const content = decodeContent(plaintext);
  plaintext.fill(0);
  if (content === undefined || deriveSid(keys.name, content.name) !== place.sid) {
    content?.value.dispose();
    throw new AppError("decryption_failed", { what });
  }
  return content;
}

function encodeContent({ name, value, note, binding }: SecretContent): Bytes {
  // EXPOSE: the value is what is sealed; JSON wants it as text
  const text = value.expose((bytes) => {
    try {
      return fromUtf8(bytes);
    } catch {
      throw new AppError("invalid_value", { name, reason: "it is not valid UTF-8" });
    }
  });
  return utf8(JSON.stringify({ name, value: text, note, binding }));
}

function decodeContent(plaintext: Uint8Array): SecretContent | undefined {
  try {
    const { name, value, note, binding, ...unknown } = JSON.parse(fromUtf8(plaintext));
    if (Object.keys(unknown).length > 0 || typeof name !== "string" || typeof value !== "string") return undefined;
    if (note !== undefined && typeof note !== "string") return undefined;
    if (binding !== undefined && !isBinding(binding)) return undefined;
    return {
      name: parseSecretName(name),
      value: Secret.fromText(value),
      ...(note === undefined ? {} : { note }),
      ...(binding === undefined ? {} : { binding }),
    };
  } catch {
    return undefined;
  }
}

function isBinding(binding: unknown): binding is NonNullable<SecretContent["binding"]> {
  if (typeof binding !== "object" || binding === null || Array.isArray(binding)) return false;
  return Object.entries(binding).every(([key, list]) =>
    (key === "domains" || key === "methods") && Array.isArray(list) && list.every((item) => typeof item === "string")
  );
}
