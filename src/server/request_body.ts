/**
 * Reading a request's body: never more than allowed, UTF-8, JSON, and exactly the fields that the contract names.
 *
 * @module
 */

import type * as z from "zod/mini";
import { wholeBody } from "../kernel/body.ts";
import { type Bytes, fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";

function refuse(reason: string): never {
  throw new AppError("bad_request", { reason });
}

/** The body's bytes. @throws {AppError} `body_too_large`, `bad_request` */
export async function readBody(request: Request, maxBytes: number): Promise<Bytes> {
  const limit = { what: "the request", maxBytes };
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) throw new AppError("body_too_large", limit);
  // Counted while reading too: a body may come without a length, or with a false one.
  return await wholeBody(request.body, limit);
}

/** The body as the schema reads it. @throws {AppError} `bad_request`; its reason names fields, never their contents */
export function parseBody<S extends z.ZodMiniType>(schema: S, bytes: Bytes, contentType: string | null): z.output<S> {
  // A browser sends this type across origins only after asking, which no server of ours answers.
  if (!/^application\/json\s*(;|$)/i.test(contentType ?? "")) refuse("its content type is not application/json");
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(`${placeOf(issue?.path ?? [])} is not as expected (${issue?.code ?? "unknown"})`);
}

function parseJson(bytes: Bytes): unknown {
  try {
    return JSON.parse(fromUtf8(bytes));
  } catch {
    return refuse("it is not JSON");
  }
}

/** Fields of the contract by name; whatever the sender made up stays out of answers and logs. */
function placeOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the body";
  return path.map((key) => typeof key === "number" || /^[a-z_]{1,32}$/.test(String(key)) ? String(key) : "?").join(".");
}
