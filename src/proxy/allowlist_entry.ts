/**
 * One entry of a workspace's allowlist: `host`, `*.host`, `host:port` or a full origin (docs/CLI.md, `workspace allowlist`).
 *
 * A target matches exactly or not at all: no suffix matching but through `*.`, no default ports but the scheme's, and the
 * parsed URL is compared, never its text. Private addresses and http are opened only by a full origin.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import { isAddress, isPublicAddress } from "./address.ts";
import { confusableReason } from "./confusable.ts";

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

/** Longest text that is looked at. */
const MAX_ENTRY = 300;
const DEFAULT_PORT = { https: 443, http: 80 } as const;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;

/**
 * Parses an entry as stored or typed; does not consult the public suffix list.
 *
 * @throws {AppError} `invalid_allowlist_entry`
 */
export function parseAllowlistEntry(text: string): AllowlistEntry {
  const refuse = (reason: string): AppError =>
    new AppError("invalid_allowlist_entry", { entry: showable(text), reason });
  if (text.length === 0 || text.length > MAX_ENTRY) throw refuse(`it takes 1 to ${MAX_ENTRY} characters`);
  if (/[\s\p{C}]/u.test(text)) throw refuse("it holds a space or an invisible character");
  if (/[@\\%?#]/.test(text)) throw refuse("user names, escapes, queries and fragments have no place in it");
  const { scheme, authority } = splitScheme(text, refuse);
  const wildcard = authority.startsWith("*.");
  if (wildcard && scheme !== undefined) throw refuse("*. goes with a host alone, not with a full origin");
  const { host, port } = splitPort(wildcard ? authority.slice(2) : authority, refuse);
  if (wildcard && port !== undefined) throw refuse("*. goes with a host alone, not with a port");
  const name = normaliseHost(host, scheme ?? "https", refuse);
  const entry = {
    scheme: scheme ?? "https",
    host: name,
    port: port ?? DEFAULT_PORT[scheme ?? "https"],
    wildcard,
    fullOrigin: scheme !== undefined,
  };
  checkReach(entry, refuse);
  return { ...entry, text: write(entry) };
}

/**
 * Parses an entry that a person adds: like {@linkcode parseAllowlistEntry}, and refuses `*.` before a public suffix (`*.com`,
 * `*.github.io`), where anybody can register a host.
 *
 * @throws {AppError} `invalid_allowlist_entry`
 */
export async function parseNewAllowlistEntry(text: string): Promise<AllowlistEntry> {
  const entry = parseAllowlistEntry(text);
  if (!entry.wildcard) return entry;
  // The list is large: only wildcards pay for it.
  const { getPublicSuffix } = await import("tldts");
  if (getPublicSuffix(entry.host, { allowPrivateDomains: true }) === entry.host) {
    const reason = "anybody can register a host below that";
    throw new AppError("invalid_allowlist_entry", { entry: entry.text, reason });
  }
  return entry;
}

/** Whether a target (parsed once, by the engine, without trailing dot) is what `entry` allows. */
export function matchesAllowlistEntry(entry: AllowlistEntry, target: URL): boolean {
  if (target.protocol !== `${entry.scheme}:` || portOf(target) !== entry.port) return false;
  if (!entry.wildcard) return target.hostname === entry.host;
  return !isAddress(bare(target.hostname)) && target.hostname.endsWith(`.${entry.host}`);
}

/** The narrowest entry that would allow `target`: its host, or its full origin where nothing less opens it. */
export function entryFor(target: URL): string {
  if (target.protocol === "http:" || isLocal(target.hostname)) return target.origin;
  return target.host;
}

/** The port that a URL leads to. */
export function portOf(url: URL): number {
  return url.port === "" ? DEFAULT_PORT[url.protocol === "http:" ? "http" : "https"] : Number(url.port);
}

/** A URL's hostname as an address literal would be written without brackets. */
export function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "");
}

type Refuse = (reason: string) => AppError;

function splitScheme(text: string, refuse: Refuse): { scheme?: "https" | "http"; authority: string } {
  const match = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const rest = match === null ? text : text.slice(match[0].length);
  const authority = match === null ? rest : rest.replace(/\/$/, "");
  if (authority.includes("/")) throw refuse("a path has no place in it");
  if (match === null) return { authority };
  const scheme = match[1]!.toLowerCase();
  if (scheme !== "https" && scheme !== "http") throw refuse("only https and http origins can be called");
  return { scheme, authority };
}

function splitPort(authority: string, refuse: Refuse): { host: string; port?: number } {
  const match = /^(\[[^\]]*\]|[^:[\]]*)(?::([0-9]{1,5}))?$/.exec(authority);
  if (match === null) throw refuse("host and port cannot be told apart; an IPv6 address goes in brackets");
  const port = match[2] === undefined ? undefined : Number(match[2]);
  if (port !== undefined && (port < 1 || port > 65535)) throw refuse("a port is 1 to 65535");
  return { host: match[1]!, ...(port === undefined ? {} : { port }) };
}

function normaliseHost(typed: string, scheme: string, refuse: Refuse): string {
  const confusable = confusableReason(typed);
  if (confusable !== undefined) throw refuse(confusable);
  const undotted = typed.replace(/\.$/, "");
  const parsed = URL.parse(`${scheme}://${undotted}/`);
  if (parsed === null || parsed.hostname === "") throw refuse("that is not a host");
  const host = parsed.hostname;
  if (isAddress(bare(host))) {
    // 0x7f.1, 2130706433 and 017700000001 are all 127.0.0.1: a person must see which address is meant.
    if (undotted.toLowerCase() !== host) throw refuse(`an address is written plainly: ${host}`);
    return host;
  }
  if (host.length > 253 || !host.split(".").every((label) => LABEL.test(label))) throw refuse("that is not a host");
  return host;
}

function checkReach(entry: Omit<AllowlistEntry, "text">, refuse: Refuse): void {
  const address = isAddress(bare(entry.host));
  if (address && entry.wildcard) throw refuse("*. goes with names, not with addresses");
  if (!entry.fullOrigin && isLocal(entry.host)) {
    throw refuse(`a private address needs its full origin: https://${entry.host}${port(entry)}`);
  }
}

/** Whether a host is on a private network by its very name: such a target takes a full origin. */
function isLocal(host: string): boolean {
  if (isAddress(bare(host))) return !isPublicAddress(bare(host));
  return host === "localhost" || host.endsWith(".localhost");
}

function port(entry: Omit<AllowlistEntry, "text">): string {
  return entry.port === DEFAULT_PORT[entry.scheme] ? "" : `:${entry.port}`;
}

function write(entry: Omit<AllowlistEntry, "text">): string {
  if (entry.wildcard) return `*.${entry.host}`;
  return `${entry.fullOrigin ? `${entry.scheme}://` : ""}${entry.host}${port(entry)}`;
}
