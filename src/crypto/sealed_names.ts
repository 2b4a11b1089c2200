/**
 * Names that the server must not read (docs/spec/protocol.md §2.3, §3 kinds 5 to 7): of workspaces, projects, environments and
 * agents under the workspace key, audit details, and an account's pins.
 *
 * @module
 */

import { type Bytes, fromUtf8, lengthPrefixed, type RandomBytes, u64be, utf8 } from "../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { AgentId, EnvironmentId, ProjectId, UserId, WorkspaceId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { envelopeEpoch, type EnvelopePlace, openEnvelope, sealEnvelope } from "./envelope.ts";
import { deriveSecret } from "./hierarchy.ts";

/** What is named. */
export type NamedId = WorkspaceId | ProjectId | EnvironmentId | AgentId;

/** A name and, for projects, what the project is about. */
export interface Names {
  readonly name: string;
  readonly description?: string;
}

function namesPlace(ws: WorkspaceId, id: NamedId, epoch: number): EnvelopePlace {
  return { kind: "names", epoch, context: lengthPrefixed(utf8(ws), utf8(id)) };
}

/** Names of `id` under the workspace key of `epoch`, in base64url as log entries hold them. */
export function sealNames(
  workspaceKey: Secret,
  at: { readonly ws: WorkspaceId; readonly id: NamedId; readonly epoch: number },
  names: Names,
  random: RandomBytes,
): string {
  using key = deriveSecret(workspaceKey, "names", 32);
  const { name, description } = names;
  const plaintext = utf8(JSON.stringify({ name, description }));
  return toBase64Url(sealEnvelope(key, namesPlace(at.ws, at.id, at.epoch), plaintext, random));
}

/** Which epoch's workspace key opens sealed names: undefined when they are no envelope. */
export function namesEpoch(sealed: string): number | undefined {
  const envelope = fromBase64Url(sealed);
  return envelope === undefined ? undefined : envelopeEpoch(envelope);
}

/** What {@linkcode sealNames} was given. @throws {AppError} `decryption_failed` */
export function openNames(
  workspaceKey: Secret,
  at: { readonly ws: WorkspaceId; readonly id: NamedId; readonly epoch: number },
  sealed: string,
): Names {
  const what = "a name";
  using key = deriveSecret(workspaceKey, "names", 32);
  const envelope = fromBase64Url(sealed) ?? new Uint8Array(0);
  const text = fromUtf8(openEnvelope(key, namesPlace(at.ws, at.id, at.epoch), envelope, what));
  const { name, description, ...unknown } = parseObject(text, what);
  if (typeof name !== "string" || Object.keys(unknown).length > 0) throw new AppError("decryption_failed", { what });
  if (description !== undefined && typeof description !== "string") throw new AppError("decryption_failed", { what });
  return { name, ...(description === undefined ? {} : { description }) };
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch {
    // reported below, with every other way of being wrong
  }
  throw new AppError("decryption_failed", { what });
}

/** Where an audit detail belongs: the record's source (a device or agent id) and its number in that source's chain. */
export interface AuditPlace {
  readonly ws: WorkspaceId;
  readonly source: string;
  readonly seq: number;
  readonly epoch: number;
}

function auditPlace({ ws, source, seq, epoch }: AuditPlace): EnvelopePlace {
  return { kind: "audit", epoch, context: lengthPrefixed(utf8(ws), utf8(source), u64be(seq)) };
}

/** Audit detail under `key`: W for members, the environment's K_env for agents, who hold no W. */
export function sealAuditDetail(key: Secret, place: AuditPlace, detail: string, random: RandomBytes): Bytes {
  using auditKey = deriveSecret(key, "audit", 32);
  return sealEnvelope(auditKey, auditPlace(place), utf8(detail), random);
}

/** What {@linkcode sealAuditDetail} was given. @throws {AppError} `decryption_failed` */
export function openAuditDetail(key: Secret, place: AuditPlace, envelope: Uint8Array): string {
  using auditKey = deriveSecret(key, "audit", 32);
  return fromUtf8(openEnvelope(auditKey, auditPlace(place), envelope, "an audit detail"));
}

function pinsPlace(user: UserId): EnvelopePlace {
  return { kind: "pins", epoch: 0, context: lengthPrefixed(utf8(user)) };
}

/** The account's pins (JSON text) under X's private half, in base64url: what a second device starts from. */
export function sealPins(receivingPrivate: Secret, user: UserId, pins: string, random: RandomBytes): string {
  using key = deriveSecret(receivingPrivate, "pins", 32);
  return toBase64Url(sealEnvelope(key, pinsPlace(user), utf8(pins), random));
}

/** What {@linkcode sealPins} was given. @throws {AppError} `decryption_failed` */
export function openPins(receivingPrivate: Secret, user: UserId, sealed: string): string {
  using key = deriveSecret(receivingPrivate, "pins", 32);
  return fromUtf8(openEnvelope(key, pinsPlace(user), fromBase64Url(sealed) ?? new Uint8Array(0), "the pins"));
}
