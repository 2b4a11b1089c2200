/**
 * Environments: head, snapshot, commits and versions (docs/spec/protocol.md §4). The server stores envelopes and checks
 * chains; what is inside the envelopes it cannot read.
 *
 * @module
 */

import * as z from "zod/mini";
import { MAX_CHANGES_PER_COMMIT } from "../kernel/limits.ts";
import { lazily, type Output } from "./lazy.ts";
import { MAX_ENVELOPE_BYTES } from "./limits.ts";
import { hashText, signedEntry } from "./entry_fields.ts";
import { bytesSchema, environmentIdSchema, headSchema, seqSchema, sidSchema, workspaceIdSchema } from "./wire.ts";

const envelope = lazily(() => bytesSchema(1, MAX_ENVELOPE_BYTES));

/** `GET /v1/envs/{env}`; seq 0 before the first commit. `epoch` is the current one of the workspace log. */
export const environmentHeadSchema = lazily(() =>
  z.strictObject({
    environment_id: environmentIdSchema(),
    workspace_id: workspaceIdSchema(),
    head: headSchema(),
    epoch: seqSchema(),
  })
);

/** One secret as it stands: the newest version, or its deletion (`envelope` null). */
export const snapshotItemSchema = lazily(() =>
  z.strictObject({
    sid: sidSchema(),
    ver: z.int().check(z.positive()),
    /** The commit that wrote it. */
    seq: z.int().check(z.positive()),
    h: z.nullable(hashText()),
    envelope: z.nullable(envelope()),
  })
);
/** `GET /v1/envs/{env}/snapshot`: the head commit (null before the first) and every item, sorted by sid; one consistent read. */
export const snapshotSchema = lazily(() =>
  z.strictObject({
    head: headSchema(),
    epoch: seqSchema(),
    commit: z.nullable(signedEntry()),
    items: z.array(snapshotItemSchema()),
  })
);

/** `GET /v1/envs/{env}/commits?after=seq`: a page, as for logs. */
export const commitsPageSchema = lazily(() => z.strictObject({ commits: z.array(signedEntry()), head: headSchema() }));

/** `GET /v1/envs/{env}/secrets/{sid}/versions?before=ver`: newest first, in pages; an unknown sid has none. */
export const versionsSchema = lazily(() =>
  z.strictObject({
    versions: z.array(z.omit(snapshotItemSchema(), { sid: true })),
    more: z.boolean(),
  })
);

/**
 * `POST /v1/envs/{env}/commits` with `If-Match: "seq"` of the head it extends. `envelopes` holds exactly those whose SHA-256
 * the commit's changes name, in any order; a deletion has none.
 */
export const postCommitSchema = lazily(() =>
  z.strictObject({
    commit: signedEntry(),
    envelopes: z.array(envelope()).check(z.maxLength(MAX_CHANGES_PER_COMMIT)),
  })
);

export type EnvironmentHead = Output<typeof environmentHeadSchema>;
export type SnapshotItem = Output<typeof snapshotItemSchema>;
export type Snapshot = Output<typeof snapshotSchema>;
export type CommitsPage = Output<typeof commitsPageSchema>;
export type VersionsPage = Output<typeof versionsSchema>;
export type SecretVersion = VersionsPage["versions"][number];
