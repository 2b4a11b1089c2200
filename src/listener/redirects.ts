/**
 * Redirects, for clients that follow them by themselves and take their headers along (docs/spec/proxy.md §1).
 *
 * The door never follows one. Behind a base URL one to the same origin leads through the proxy again, where it is decided on like any
 * call; and a redirect never carries a token of the request to another place.
 *
 * @module
 */

import type { CallResponse, HeaderLine } from "../usecases/call.ts";
import type { Head } from "./head.ts";
import { isBaseUrl, PROXY_PATH } from "./target_of.ts";

/** What an answer is made of. */
type Answer = Pick<CallResponse, "status" | "headers" | "body">;

/** Says where a withheld redirect leads; no client follows it. */
const WITHHELD = "X-AS-Location";

/** The answer with a redirect that is safe to follow. `target` is what was called. */
export function withSafeRedirect(answer: Answer, { asked, own }: Pick<Head, "asked" | "own">, target: string): Answer {
  const { status, headers, body } = answer;
  if (status < 300 || status > 399) return answer;
  const through = isBaseUrl(asked);
  const holdsToken = own.has("x-as-session") || own.has("x-as-agent-token");
  if (!through && !holdsToken) return answer;
  const lines = headers.flatMap(([name, value]): HeaderLine[] => {
    switch (name.toLowerCase()) {
      case "location":
        return [redirect(through ? within(value, target) : undefined, [name, value], holdsToken)];
      // Said by nobody but us.
      case WITHHELD.toLowerCase():
        return [];
      default:
        return [[name, value]];
    }
  });
  return { status, headers: lines, body };
}

function redirect(path: string | undefined, [name, value]: HeaderLine, holdsToken: boolean): HeaderLine {
  if (path !== undefined) return [name, path];
  return [holdsToken ? WITHHELD : name, value];
}

/**
 * The path at the door of a place with the origin of `target`; undefined for any other.
 *
 * The text was searched for credentials as it came. A parser that takes out a tab or a step, or turns a slash around, may make one of
 * what was none, so only what the parser leaves as it is leads through the door.
 */
function within(location: string, target: string): string | undefined {
  if (!URL.canParse(location, target)) return undefined;
  const { origin, pathname, search, hash } = new URL(location, target);
  const path = `${pathname}${search}${hash}`;
  const isAsItCame = escaped(path).endsWith(escaped(location.replace(BEFORE_PATH, "")));
  return isAsItCame && origin === new URL(target).origin ? `${PROXY_PATH}${path}` : undefined;
}

/** Scheme, authority, and the steps at the beginning that a parser takes back. */
const BEFORE_PATH = /^(?:(?:https?:)?\/\/[^/?#\\]*)?\/?(?:\.{1,2}(?:\/|$))*/i;
/** What a URL holds in escapes only. A backslash is none of it: a parser takes it for a slash. */
const ESCAPED = /[^\x21-\x7e]+|["'<>^`{|}]/g;

function escaped(text: string): string {
  return text.replace(ESCAPED, (characters) => characters === "'" ? "%27" : encodeURIComponent(characters));
}
