/**
 * How the sync server says no: RFC 9457 problem details with a stable `code`.
 *
 * @module
 */

import * as z from "zod/mini";
import { lazily, type Output } from "./lazy.ts";
import { type Head, headSchema } from "./wire.ts";

/** Media type of {@linkcode problemSchema}. */
export const PROBLEM_TYPE = "application/problem+json";

/**
 * `fields` are those of the error catalog; `head` comes with 412. Not strict: RFC 9457 §3.2 has clients ignore extensions
 * that they do not know.
 */
export const problemSchema = lazily(() =>
  z.object({
    type: z.optional(z.string().check(z.maxLength(256))),
    title: z.optional(z.string().check(z.maxLength(1024))),
    status: z.int(),
    code: z.string().check(z.maxLength(64)),
    fields: z.optional(z.record(z.string(), z.union([z.string().check(z.maxLength(1024)), z.number(), z.boolean()]))),
    head: z.optional(headSchema()),
  })
);
/** A problem as parsed. */
export type Problem = Output<typeof problemSchema>;

/** Where a chain moved to under the writer's feet: the cause of `head_moved`, so that the writer can fetch and merge. */
export class HeadMoved extends Error {
  override readonly name = "HeadMoved";
  readonly head: Head;

  constructor(head: Head) {
    super("The head moved");
    this.head = head;
  }
}

/** `GET /healthz`, `/readyz` */
export const healthSchema = lazily(() => z.strictObject({ status: z.literal("ok") }));
/** `GET /version` */
export const versionSchema = lazily(() =>
  z.strictObject({
    name: z.literal("agentsecrets"),
    version: z.string().check(z.maxLength(64)),
    api: z.literal(1),
  })
);
export type ServerVersion = Output<typeof versionSchema>;
