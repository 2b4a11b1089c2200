/**
 * A request's head, gone through once: each look into Deno's `Headers` is a search of its own.
 *
 * @module
 */

import type { HeaderLine } from "../usecases/call.ts";

const PREFIX = "x-as-";
const INJECT = "x-as-inject-";
/** `Sec-Fetch-Mode` alone is no sign of a browser: Node's fetch sends it. */
const BROWSER: ReadonlySet<string> = new Set(["origin", "sec-fetch-site", "sec-fetch-dest", "sec-fetch-user"]);

/** What follows scheme and authority (of a Unix socket: `http+unix` and the file). Deno hands on the request's own text. */
const AFTER_AUTHORITY = /^[a-z+]+:\/\/[^/?#]*/i;

/** What is read of a request. */
export interface Head {
  readonly method: string;
  /** As Deno puts it together of the connection's scheme, the host and the request's own text. */
  readonly url: string;
  /** Path and query as they came, on which the door decides: what a parser tidies away is none of ours. */
  readonly asked: string;
  /** Lower case; undefined in HTTP/2, where it is in the URL. */
  readonly host: string | undefined;
  /** Whether there is a header that a browser sends with what a page asks for. */
  readonly fromBrowser: boolean;
  /** Lower case. */
  readonly upgrade: string | undefined;
  /** Of the body, in bytes; undefined when it was not said, or there is none. */
  readonly contentLength: number | undefined;
  /** Whether an answer may come compressed. */
  readonly takesCodings: boolean;
  /** `X-AS-…` headers that are no injections, by their whole names in lower case. */
  readonly own: ReadonlyMap<string, string>;
  /** What follows `X-AS-Inject-` in lower case, and the value. */
  readonly injections: readonly HeaderLine[];
  /** Everything that is not ours. */
  readonly others: readonly HeaderLine[];
}

/** Lines of one name come as one value, joined by commas. */
export function readHead({ method, url, headers }: Pick<Request, "method" | "url" | "headers">): Head {
  const own = new Map<string, string>();
  const injections: HeaderLine[] = [], others: HeaderLine[] = [];
  let host: string | undefined, upgrade: string | undefined, contentLength: number | undefined;
  let fromBrowser = false, takesCodings = false;
  headers.forEach((value, name) => {
    if (name.startsWith(INJECT)) injections.push([name.slice(INJECT.length), value]);
    else if (name.startsWith(PREFIX)) own.set(name, value);
    else {
      others.push([name, value]);
      if (name === "host") host = value.toLowerCase();
      else if (name === "content-length") contentLength = /^[1-9]\d{0,14}$/.test(value) ? Number(value) : undefined;
      else if (name === "upgrade") upgrade = value.toLowerCase();
      else if (name === "accept-encoding") takesCodings = true;
      else if (BROWSER.has(name)) fromBrowser = true;
    }
  });
  const asked = url.replace(AFTER_AUTHORITY, "");
  return { method, url, asked, host, fromBrowser, upgrade, contentLength, takesCodings, own, injections, others };
}
