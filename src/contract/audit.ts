/**
 * The workspace's audit: events chained and signed by their source, kept by the server (docs/spec/protocol.md §7).
 *
 * @module
 */

import * as z from "zod/mini";
import { lazily, type Output } from "./lazy.ts";
import { MAX_AUDIT_EVENT_BYTES, MAX_AUDIT_EVENTS } from "./limits.ts";
import { hashText, signedEntry } from "./entry_fields.ts";
import { agentIdSchema, bytesSchema, deviceIdSchema, seqSchema, timeSchema, workspaceIdSchema } from "./wire.ts";

/** Who wrote an event: a device or an agent. */
export const auditSourceSchema = lazily(() => z.union([deviceIdSchema(), agentIdSchema()]));

/**
 * Body of the signed head of a source's chain (entry type `audit.head`), signed by D or the agent's key:
 * `hash = SHA-256(LP(previous hash, event))`, event by event; before the first event the hash is 32 zero bytes.
 */
export const auditHeadBodySchema = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    ws: workspaceIdSchema(),
    source: auditSourceSchema(),
    seq: z.int().check(z.positive()),
    hash: hashText(),
    ts: timeSchema(),
  })
);

/** `POST /v1/workspaces/{ws}/audit`: the events `after + 1 …` of a source, and the head that signs them. */
export const postAuditSchema = lazily(() =>
  z.strictObject({
    source: auditSourceSchema(),
    after: seqSchema(),
    events: z.array(bytesSchema(1, MAX_AUDIT_EVENT_BYTES)).check(z.minLength(1), z.maxLength(MAX_AUDIT_EVENTS)),
    head: signedEntry(),
  })
);
export const auditPostedSchema = lazily(() => z.strictObject({ source: auditSourceSchema(), seq: seqSchema() }));

/** `GET /v1/workspaces/{ws}/audit?source=&after=`: a page in the order of arrival; `cursor` of the last is the next `after`. */
export const auditPageSchema = lazily(() =>
  z.strictObject({
    events: z.array(z.strictObject({
      cursor: z.int().check(z.positive()),
      source: auditSourceSchema(),
      seq: z.int().check(z.positive()),
      event: bytesSchema(1, MAX_AUDIT_EVENT_BYTES),
    })),
    heads: z.array(signedEntry()),
    more: z.boolean(),
  })
);

export type PostAudit = Output<typeof postAuditSchema>;
export type AuditPosted = Output<typeof auditPostedSchema>;
export type AuditPage = Output<typeof auditPageSchema>;
