/**
 * The commits of an environment (docs/spec/protocol.md §4.4) as strict schemas, and what a snapshot says of a secret.
 *
 * The schemas say what a commit may look like; whether it may follow the one before is src/ledger's to decide.
 *
 * @module
 */

import * as z from "zod/mini";
import { type Sid } from "../kernel/names.ts";
import { MAX_CHANGES_PER_COMMIT } from "../kernel/limits.ts";
import {
  agentAuthor,
  chain,
  environmentId,
  epoch,
  hashText,
  logHead,
  positive,
  projectId,
  sid,
  userAuthor,
  workspaceId,
} from "./entry_fields.ts";
import { type BodyOf, ByType, lazily, type Output } from "./lazy.ts";

/** One change: `set` has the envelope's SHA-256, `delete` leaves a tombstone and has none. */
export const commitChange = lazily(() =>
  z.discriminatedUnion("op", [
    z.strictObject({ sid: sid(), ver: positive(), op: z.literal("set"), h: hashText() }),
    z.strictObject({ sid: sid(), ver: positive(), op: z.literal("delete"), h: z.null() }),
  ])
);
export type CommitChange = Output<typeof commitChange>;

/** Body of `env.commit` (§4.4). */
export const environmentCommitBody = new ByType([{
  type: "env.commit",
  schema: lazily(() =>
    z.strictObject({
      ...chain(),
      type: z.literal("env.commit"),
      ws: workspaceId(),
      project: projectId(),
      env: environmentId(),
      epoch: epoch(),
      ws_head: logHead(),
      author: z.union([userAuthor(), agentAuthor()]),
      changes: z.array(commitChange()).check(z.minLength(1), z.maxLength(MAX_CHANGES_PER_COMMIT)),
      /** SHA-256 of LP(sorted (sid, ver, h)) after the changes, tombstones included. */
      root: hashText(),
      /** Secrets that are not tombstones, after the changes. */
      count: z.int().check(z.minimum(0)),
    })
  ),
}]);
export type EnvironmentCommitBody = BodyOf<typeof environmentCommitBody>;
export type CommitAuthor = EnvironmentCommitBody["author"];

/** What a snapshot says of one secret: its latest version; `h` is null for a tombstone. */
export interface SnapshotItem {
  readonly sid: Sid;
  readonly ver: number;
  readonly h: string | null;
}
