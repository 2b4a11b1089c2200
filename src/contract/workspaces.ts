/**
 * Workspaces: their logs, and the sealed keys and blobs that entries of the log refer to by hash (docs/spec/protocol.md §§4, 7).
 *
 * @module
 */

import * as z from "zod/mini";
import { lazily, type Output } from "./lazy.ts";
import { MAX_ITEMS_PER_REQUEST, MAX_SEALED_BYTES } from "./limits.ts";
import { hashText, signedEntry } from "./entry_fields.ts";
import { bytesSchema, headSchema, recipientSchema, seqSchema, workspaceIdSchema } from "./wire.ts";

/** A key sealed to one recipient. An entry of the same request names SHA-256(sealed) as a `grant_hash`. */
export const grantSchema = lazily(() =>
  z.strictObject({ recipient: recipientSchema(), sealed: bytesSchema(1, MAX_SEALED_BYTES) })
);
/** Any other sealed bytes that an entry of the same request names by SHA-256, such as the wrap of a previous key. */
export const blobSchema = lazily(() => z.strictObject({ data: bytesSchema(1, MAX_SEALED_BYTES) }));

/** `POST /v1/workspaces` (entries begin with `ws.create`) and `POST /v1/workspaces/{ws}/log`: all or nothing. */
export const appendWorkspaceSchema = lazily(() =>
  z.strictObject({
    entries: z.array(signedEntry()).check(z.minLength(1), z.maxLength(MAX_ITEMS_PER_REQUEST)),
    grants: z.array(grantSchema()).check(z.maxLength(MAX_ITEMS_PER_REQUEST)),
    blobs: z.array(blobSchema()).check(z.maxLength(MAX_ITEMS_PER_REQUEST)),
  })
);
export const workspaceCreatedSchema = lazily(() =>
  z.strictObject({ workspace_id: workspaceIdSchema(), head: headSchema() })
);

/** `GET /v1/workspaces`: those the caller is a member of, sorted by id. */
export const workspacesSchema = lazily(() =>
  z.strictObject({
    workspaces: z.array(
      z.strictObject({
        workspace_id: workspaceIdSchema(),
        role: z.string().check(z.maxLength(32)),
        head: headSchema(),
      }),
    ),
  })
);

/** `GET /v1/workspaces/{ws}/grants?recipient=me&after=seq`: what was sealed to the caller and the blobs any member may read. */
export const grantsSchema = lazily(() =>
  z.strictObject({
    grants: z.array(
      z.strictObject({ hash: hashText(), entry_seq: seqSchema(), sealed: bytesSchema(1, MAX_SEALED_BYTES) }),
    ),
    blobs: z.array(
      z.strictObject({ hash: hashText(), entry_seq: seqSchema(), data: bytesSchema(1, MAX_SEALED_BYTES) }),
    ),
  })
);

export type GrantUpload = Output<typeof grantSchema>;
export type BlobUpload = Output<typeof blobSchema>;
export type AppendWorkspace = Output<typeof appendWorkspaceSchema>;
export type WorkspaceCreated = Output<typeof workspaceCreatedSchema>;
export type WorkspaceInfo = Output<typeof workspacesSchema>["workspaces"][number];
export type Grants = Output<typeof grantsSchema>;
