/**
 * One entry of a workspace's allowlist: `host`, `*.host`, `host:port` or a full origin (docs/spec/cli.md, `workspace allowlist`).
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";

/** An entry, parsed. */
export interface AllowlistEntry {
  /** The one way to write it; what is signed, stored and shown. */
  readonly text: string;
  readonly scheme: "https" | "http";
  /** Lower-case ASCII host, IDNA done, no trailing dot; IPv6 in brackets. For `*.host` the part after `*.`. */
  readonly host: string;
  readonly port: number;
  /** `*.host`: any host below `host`, never `host` itself. */
  readonly wildcard: boolean;
  /** Written as a full origin: the only kind that opens http and private addresses. */
  readonly fullOrigin: boolean;
}

/**
 * Parses an entry as stored or typed; does not consult the public suffix list.
 *
 * @throws {AppError} `invalid_allowlist_entry`
 */
export function parseAllowlistEntry(text: string): AllowlistEntry {
  throw new AppError("invalid_allowlist_entry", { entry: text, reason: "not written yet" });
}

/**
 * Parses an entry that a person adds: like {@linkcode parseAllowlistEntry}, and refuses `*.` before a public suffix (`*.com`,
 * `*.github.io`).
 *
 * @throws {AppError} `invalid_allowlist_entry`
 */
export async function parseNewAllowlistEntry(text: string): Promise<AllowlistEntry> {
  return await Promise.resolve(parseAllowlistEntry(text));
}

/** Whether a target (parsed once, by the engine) is what `entry` allows. */
export function matchesAllowlistEntry(_entry: AllowlistEntry, _target: URL): boolean {
  return false;
}
