/**
 * Which proxy the person wants calls to go through, and which targets are excepted (docs/adr/0010-upstream-proxy.md). Nothing here
 * reads the environment: what it said is handed in, and only when the person asked for it.
 *
 * @module
 */

import ipaddr from "ipaddr.js";
import { AppError } from "../../../kernel/error.ts";

/** A proxy that speaks CONNECT. */
export interface ProxyAddress {
  /** TLS to the proxy itself. */
  readonly isSecure: boolean;
  /** Name or IP literal, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`, from the URL's user and password. */
  readonly authorization: string | undefined;
}

/** The proxy, and what goes past it. */
export interface ProxySettings {
  readonly proxy: ProxyAddress;
  /** Entries as in `NO_PROXY`. */
  readonly except: readonly string[];
}

/** Text of the setting that means the environment's variables. */
export const FROM_ENVIRONMENT = "env";

/**
 * @param text `http://host:port`, `https://user:password@host:port`, or `env`.
 * @param environment The variables as the program found them; looked at for `env` alone.
 * @returns undefined for `env` when no variable names a proxy.
 * @throws {AppError} `usage`; it never quotes the text, which may hold a password
 */
export function proxySettings(
  text: string,
  environment: Readonly<Record<string, string>>,
): ProxySettings | undefined {
  if (text !== FROM_ENVIRONMENT) return { proxy: proxyAddress(text, "--upstream-proxy"), except: [] };
  // Lower case first, as other programs do: HTTP_PROXY can be set by a request where a server speaks CGI.
  const name = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].find((name) =>
    (environment[name] ?? "") !== ""
  );
  if (name === undefined) return undefined;
  const except = environment["no_proxy"] ?? environment["NO_PROXY"] ?? "";
  const value = environment[name]!;
  return {
    proxy: proxyAddress(value.includes("://") ? value : `http://${value}`, name),
    except: except.split(/[\s,]+/).filter((entry) => entry !== ""),
  };
}

function proxyAddress(text: string, where: string): ProxyAddress {
  const url = URL.parse(text);
  const isProxy = url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" &&
    url.pathname === "/" && url.search === "" && url.hash === "";
  if (!isProxy) {
    throw new AppError("usage", { problem: `Cannot use ${where}: it takes http://host:port or https://host:port` });
  }
  const isSecure = url.protocol === "https:";
  return {
    isSecure,
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    authorization: url.username === "" && url.password === "" ? undefined : basic(url, where),
  };
}

/** RFC 7617. */
function basic({ username, password }: URL, where: string): string {
  try {
    const bytes = new TextEncoder().encode(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    return `Basic ${bytes.toBase64()}`;
  } catch {
    throw new AppError("usage", { problem: `Cannot use ${where}: its user or password has a broken escape` });
  }
}

/**
 * Whether a call to `url` goes through the proxy. This machine never does; nor does what an entry names: a host with all below
 * it (`example.com`, `.example.com`), one port of it (`example.com:8443`), an address, a block (`10.0.0.0/8`), or `*`.
 */
export function goesThrough({ except }: ProxySettings, url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (isLoopback(host)) return false;
  const port = url.port === "" ? (url.protocol === "http:" ? "80" : "443") : url.port;
  return !except.some((entry) => names(entry.toLowerCase(), host, port));
}

function isLoopback(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return ipaddr.isValid(host) && ipaddr.process(host).range() === "loopback";
}

function names(entry: string, host: string, port: string): boolean {
  if (entry === "*") return true;
  if (ipaddr.isValidCIDR(entry)) return isWithin(host, entry);
  const [, bracketed, plain, itsPort] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  if (itsPort !== undefined && itsPort !== port) return false;
  const name = (bracketed ?? plain ?? entry).replace(/^\*?\./, "").replace(/\.$/, "");
  if (ipaddr.isValid(name)) return isWithin(host, `${name}/${name.includes(":") ? 128 : 32}`);
  return host === name || host.endsWith(`.${name}`);
}

function isWithin(host: string, block: string): boolean {
  if (!ipaddr.isValid(host)) return false;
  const address = ipaddr.parse(host), [base, bits] = ipaddr.parseCIDR(block);
  return address.kind() === base.kind() && address.match(base, bits);
}
