/**
 * Reading what a request asks for: ids in the path, positions in the query, and the version it builds on.
 *
 * @module
 */

import { HeadMoved } from "../contract/problem.ts";
import { AppError } from "../kernel/error.ts";
import type { ChainHead } from "../ports/blob_store.ts";
import type { Call } from "./context.ts";

/** A path parameter that `is` accepts. What has no valid id does not exist. @throws {AppError} `not_on_server` */
export function idParam<T extends string>(call: Call, name: string, what: string, is: (text: string) => text is T): T {
  const text = call.params[name] ?? "";
  if (!is(text)) throw notOnServer(what);
  return text;
}

/** `what` is not there, or not for the caller: both look the same. */
export function notOnServer(what: string): AppError {
  return new AppError("not_on_server", { what });
}

/** A position in the query, 0 when left out. @throws {AppError} `bad_request` */
export function position(call: Call, name: string, absent = 0): number {
  const text = call.query.get(name);
  if (text === null) return absent;
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) {
    throw new AppError("bad_request", { reason: `its ${name} is not a position` });
  }
  return value;
}

/** The version in `If-Match: "n"`. @throws {AppError} `bad_request` when there is none */
export function ifMatch(call: Call): number {
  const text = /^"(\d{1,16})"$/.exec(call.headers.get("if-match") ?? "")?.[1];
  if (text === undefined || !Number.isSafeInteger(Number(text))) {
    throw new AppError("bad_request", { reason: "it needs If-Match with the version it builds on" });
  }
  return Number(text);
}

/** Refuses a write that builds on another place than `head`. @throws {AppError} `bad_request`; `head_moved`, with the head */
export function expectHead(call: Call, head: ChainHead, what: string): void {
  if (ifMatch(call) !== (head?.seq ?? 0)) throw headMoved(what, head);
}

/** 412 with the place where `what` stands. */
export function headMoved(what: string, head: ChainHead): AppError {
  return new AppError("head_moved", { what }, { cause: new HeadMoved(head) });
}
