/**
 * The head of an HTTP/1.1 answer, read strictly (RFC 9112 §4, §5, §6.3): what two programs could read differently is refused.
 *
 * @module
 */

import type { HeaderLine } from "../../../ports/upstream.ts";
import { BadAnswer } from "./bad_answer.ts";

/** How an answer's body is delimited: bytes that are known, chunks, the connection's end, or no body. */
export type ResponseFraming = number | "chunked" | "until-close" | "none";

/** A head. */
export interface ResponseHead {
  readonly status: number;
  readonly statusText: string;
  /** Names as they were spelled: one that holds a credential is to be found. */
  readonly headers: readonly HeaderLine[];
  readonly framing: ResponseFraming;
  /** Whether the connection stays for another request, and how long at least, in ms, if it said so. */
  readonly keep: boolean;
  readonly keepMs: number | undefined;
}

/** Most header lines of an answer. */
export const MAX_HEADER_LINES = 256;

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/;
/** A name without a space before the colon (RFC 9112 §5.1), a value without its optional white space. No line folding (§5.2). */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/;
/** 2⁵³ has sixteen digits. */
const LENGTH = /^\d{1,15}$/;

/**
 * @param text The head, one character a byte, without the empty line that ends it.
 * @param method Of the request: an answer to HEAD has no body.
 * @throws {BadAnswer}
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  const [first, ...rest] = text.split("\r\n") as [string, ...string[]];
  const line = STATUS_LINE.exec(first);
  if (line === null) throw new BadAnswer("its answer is not HTTP/1.1");
  const status = Number(line[2]), isOld = line[1] === "0";
  const fields = parseFields(rest);
  const framing = framingOf(fields, isOld);
  // A 205 has no content (RFC 9110 §15.3.6); what comes all the same ends the connection.
  const bodiless = method === "HEAD" || status < 200 || status === 204 || status === 205 || status === 304;
  return {
    status,
    statusText: line[3] ?? "",
    headers: fields.lines,
    framing: bodiless ? "none" : framing,
    keep: !isOld && !(fields.connection ?? "").split(",").some((option) => option.trim().toLowerCase() === "close"),
    keepMs: keepMsOf(fields.keepAlive),
  };
}

/** Header lines, and those of them that frame the message. */
interface Fields {
  readonly lines: HeaderLine[];
  length?: string;
  coding?: string;
  connection?: string;
  keepAlive?: string;
}

function parseFields(texts: readonly string[]): Fields {
  if (texts.length > MAX_HEADER_LINES) throw new BadAnswer("its answer has too many headers");
  const fields: Fields = { lines: [] };
  for (const text of texts) {
    const found = FIELD_LINE.exec(text);
    if (found === null) throw new BadAnswer("its answer has a header that is not valid");
    const name = found[1]!.toLowerCase(), value = found[2]!;
    fields.lines.push([found[1]!, value]);
    if (name === "content-length") {
      if (fields.length !== undefined) throw new BadAnswer("its answer says its length twice");
      fields.length = value;
    } else if (name === "transfer-encoding") fields.coding = joined(fields.coding, value);
    else if (name === "connection") fields.connection = joined(fields.connection, value);
    else if (name === "keep-alive") fields.keepAlive = value;
  }
  return fields;
}

/** RFC 9110 §5.3: lines of one name are one list. */
function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before},${value}`;
}

/** RFC 9112 §6.3, with everything refused that it calls an error or leaves to taste. Checked even where no body follows. */
function framingOf({ length, coding }: Fields, isOld: boolean): ResponseFraming {
  if (coding !== undefined) {
    if (length !== undefined || isOld) throw new BadAnswer("its answer frames its body in two ways");
    if (coding.toLowerCase() !== "chunked") {
      throw new BadAnswer("its answer has a transfer coding that nobody asked for");
    }
    return "chunked";
  }
  if (length === undefined) return "until-close";
  if (!LENGTH.test(length)) throw new BadAnswer("its answer has a length that is none");
  return Number(length);
}

/** `Keep-Alive: timeout=N` (RFC 2068 §19.7.1): the upstream hangs up after N idle seconds. */
function keepMsOf(text: string | undefined): number | undefined {
  const seconds = /(?:^|[,;\s])timeout=(\d{1,6})/i.exec(text ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
