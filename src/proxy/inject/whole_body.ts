/**
 * Bodies that an injection changes: they must be whole and readable.
 *
 * @module
 */

import { wholeBody } from "../../kernel/body.ts";
import { type Bytes, fromUtf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { Body } from "../../ports/upstream.ts";
import { headerValue } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";
import type { Outgoing } from "./outgoing.ts";

/** Most bytes of a body into which something is injected; other bodies are streamed without limit. */
export const MAX_INJECTED_BODY_BYTES = 8 * 1024 * 1024;

/** The whole of `body`. @throws {AppError} `body_too_large`, `bad_request` when the caller's stream breaks */
export async function collectBody(body: Body | undefined): Promise<Bytes> {
  try {
    return await wholeBody(body ?? null, { what: "a body with an injection", maxBytes: MAX_INJECTED_BODY_BYTES });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("bad_request", { reason: "its body ended early" });
  }
}

/** The collected body as text. @throws {AppError} `invalid_injection` */
export function bodyText(outgoing: Outgoing, place: Place): string {
  const refuse = (reason: string): AppError =>
    new AppError("invalid_injection", { place: describePlace(place), reason });
  if (headerValue(outgoing.headers, "content-encoding") !== undefined) throw refuse("the body is compressed");
  if (outgoing.body === undefined) return "";
  if (!(outgoing.body instanceof Uint8Array)) throw new TypeError("The body was not collected");
  try {
    return fromUtf8(outgoing.body);
  } catch {
    throw refuse("the body is not UTF-8");
  }
}
