/**
 * Where a request to the door is to go (docs/spec/proxy.md §1): `/proxy` with the whole URL in `X-AS-Target-URL`, or `/proxy/…` with
 * the origin in `X-AS-Target-Origin` and the path behind `/proxy` as it stands, for SDKs that put their own paths behind a base URL.
 *
 * The path as it came is looked at, never a parsed form of it: what a parser tidies away (`..`, `%2e%2e`, `\`) could otherwise lead
 * elsewhere than it reads. The origin is in a header and not in the path for the same reason: no `..` in an SDK's argument reaches it.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { Head } from "./head.ts";

/** The door's own path; an SDK's base URL begins with it. */
export const PROXY_PATH = "/proxy";

/** Scheme and authority; the engine checks the authority itself. One slash behind it, as browsers show it, means the same. */
const ORIGIN = /^((?:https?|wss?):\/\/[^/?#\\\s]+)\/?$/i;
/** A step that a URL parser takes back, in every way of writing it, between slashes of either kind. */
const DOT_STEP = /(^|[/\\])(\.|%2e){1,2}([/\\]|$)/i;

/**
 * The absolute URL that is meant, its path and query as the caller wrote them. The engine parses it, once.
 *
 * @throws {AppError} `bad_request`
 */
export function targetOf({ asked, own }: Pick<Head, "asked" | "own">): string {
  const whole = own.get("x-as-target-url"), origin = own.get("x-as-target-origin");
  if (whole !== undefined && origin !== undefined) {
    throw refuse("X-AS-Target-URL and X-AS-Target-Origin are two ways to say one thing; send one of them");
  }
  return origin === undefined ? wholeTarget(asked, whole) : joined(origin, asked);
}

/** Whether that path is one behind a base URL, so that an SDK has put it together. */
export function isBaseUrl(asked: string): boolean {
  return asked.startsWith(`${PROXY_PATH}/`);
}

function wholeTarget(asked: string, target: string | undefined): string {
  if (isBaseUrl(asked)) throw refuse("a path behind /proxy goes with the header X-AS-Target-Origin");
  if (target === undefined) throw refuse("the header X-AS-Target-URL is missing");
  // Dropping it in silence would make another call than the caller wrote.
  if (asked !== PROXY_PATH) throw refuse("the query belongs into X-AS-Target-URL, not behind /proxy");
  return target;
}

function joined(origin: string, asked: string): string {
  const [, base] = ORIGIN.exec(origin) ?? [];
  if (base === undefined) throw refuse("X-AS-Target-Origin is scheme and host alone, such as https://api.openai.com");
  if (!isBaseUrl(asked)) throw refuse("with X-AS-Target-Origin the path goes behind /proxy");
  const rest = asked.slice(PROXY_PATH.length);
  const path = rest.split("?", 1)[0]!;
  if (DOT_STEP.test(path)) throw refuse("its path has a step . or ..");
  if (path.includes("\\") || rest.includes("#")) throw refuse("its path holds a \\ or a #");
  // It begins with a slash, so the authority has ended: `//host` behind it is a path, as it would not be in a relative reference.
  return base + rest;
}

function refuse(reason: string): AppError {
  return new AppError("bad_request", { reason });
}
