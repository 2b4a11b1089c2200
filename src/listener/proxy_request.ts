/**
 * A request to `/proxy` as a call: the `X-AS-*` headers of docs/spec/proxy.md §1.
 *
 * Header names arrive in lower case, so a parameter, path or field that needs capitals, or a `-` of its own, is written with
 * percent-escapes: `X-AS-Inject-Query-app%49d`.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import type { Body, Caller, CallRequest, HeaderLine, InjectionLine } from "../usecases/call.ts";
import type { Head } from "./head.ts";
import { targetOf } from "./target_of.ts";

/** The ones that are no injection. A header that begins like ours and is none of these is a typing error, and is refused. */
const KNOWN: ReadonlySet<string> = new Set([
  "x-as-target-url",
  "x-as-target-origin",
  "x-as-method",
  "x-as-agent-id",
  "x-as-agent-token",
  "x-as-session",
  "x-as-project",
  "x-as-environment",
]);

/** @throws {AppError} `bad_request`, `invalid_injection` */
export function proxyRequest(head: Head, body: Body | null, caller: Caller): CallRequest {
  const { own } = head;
  for (const name of own.keys()) {
    if (!KNOWN.has(name)) throw new AppError("bad_request", { reason: `the header ${showable(name)} is not known` });
  }
  return {
    target: targetOf(head),
    method: own.get("x-as-method") ?? head.method,
    headers: head.others,
    ...(body === null ? {} : { body }),
    injections: head.injections.map(injectionOf),
    caller,
    path: "proxy",
    ...named("project", own.get("x-as-project")),
    ...named("environment", own.get("x-as-environment")),
  };
}

function injectionOf([kind, secret]: HeaderLine): InjectionLine {
  if (kind === "bearer" || kind === "basic") return [kind, secret];
  const [style] = kind.split("-", 1) as [string];
  const where = kind.slice(style.length + 1);
  // A body's path is unescaped step by step, after it was split: the engine does that.
  return [`${style}:${style === "query" || style === "form" ? unescaped(where) : where}`, secret];
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AppError("invalid_injection", { place: `'${showable(text)}'`, reason: "it has a broken escape" });
  }
}

function named<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: string };
}
