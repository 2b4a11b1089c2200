/**
 * What is said on the broker's socket: names, requests and answers. There is no message that carries a value of a secret, a
 * password or a key in either direction: what cannot be said cannot be asked for.
 *
 * Everything from a peer is checked by hand and strictly: a field that is not known is refused, as a newer peer may mean
 * something by it.
 *
 * @module
 */

import { CATALOG } from "../../kernel/error_catalog.ts";
import { AppError, type ErrorCode, type ErrorField, toAppError } from "../../kernel/error.ts";
import {
  isEnvironmentId,
  isProjectId,
  isWorkspaceId,
  parseEnvironmentName,
  parseSecretName,
} from "../../kernel/names.ts";
import type { CallOutcome, CallRequest, HeaderLine, InjectionLine } from "../../proxy/door.ts";
import type { EnvironmentInput } from "../secrets/outcome.ts";
import type { ListedSecret, ListSecretsResult } from "../secrets/list.ts";

const VERSION = 1;

/** How a call's body follows its message: as data frames that are gathered first, or handed on as they come. */
export type BodyForm = "none" | "whole" | "stream";

/** A call without its body. */
export type CallHead = Omit<CallRequest, "body">;

/** What a client asks; one a connection. */
export type Ask =
  | { readonly ask: "status" }
  | { readonly ask: "lock" }
  | { readonly ask: "names"; readonly input: EnvironmentInput }
  | { readonly ask: "call"; readonly call: CallHead; readonly body: BodyForm };

/** What `status` is answered with. Times in ms since the epoch. */
export interface BrokerStatus {
  readonly state: "unlocked" | "locked";
  readonly pid: number;
  /** When it locks unless it is used; undefined when it is locked or never locks of itself. */
  readonly locksAt?: number;
}

/** The head of a call's answer. */
export interface AnswerHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly HeaderLine[];
  readonly hasBody: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** An ask as it is sent. */
export function encodeAsk(ask: Ask): unknown {
  return { v: VERSION, ...ask };
}

/** @throws {AppError} `bad_request`, `invalid_name` */
export function decodeAsk(value: unknown): Ask {
  const json = record(value, "ask");
  if (json["v"] !== VERSION) throw refused("a message of another version");
  switch (json["ask"]) {
    case "status":
    case "lock":
      only(json, "v", "ask");
      return { ask: json["ask"] };
    case "names":
      only(json, "v", "ask", "input");
      return { ask: "names", input: decodeInput(json["input"]) };
    case "call":
      only(json, "v", "ask", "call", "body");
      return { ask: "call", call: decodeCall(json["call"]), body: oneOf(json["body"], "none", "whole", "stream") };
    default:
      throw refused("a question that it does not answer");
  }
}

function decodeInput(value: unknown): EnvironmentInput {
  const json = record(value, "input");
  only(json, "folder", "project", "environment");
  return { folder: folder(json["folder"]), ...optional(json, "project"), ...optional(json, "environment") };
}

function decodeCall(value: unknown): CallHead {
  const json = record(value, "call");
  only(
    json,
    "target",
    "method",
    "headers",
    "injections",
    "caller",
    "path",
    "project",
    "environment",
    "folder",
    "timeouts",
  );
  const caller = record(json["caller"], "caller");
  only(caller, "level", "agentId", "tokenId", "sessionId");
  return {
    target: text(json["target"]),
    method: text(json["method"]),
    headers: pairs(json["headers"]),
    injections: pairs(json["injections"]) as readonly InjectionLine[],
    caller: {
      // Nothing on this socket proves a token, so nothing may be said to be issued.
      level: oneOf(caller["level"], "anonymous", "declared", "user"),
      agentId: text(caller["agentId"]),
      tokenId: text(caller["tokenId"]),
      sessionId: text(caller["sessionId"]),
    },
    path: oneOf(json["path"], "call", "mcp", "sdk"),
    ...optional(json, "project"),
    ...optional(json, "environment"),
    ...(json["folder"] === undefined ? {} : { folder: folder(json["folder"]) }),
    ...(json["timeouts"] === undefined ? {} : { timeouts: timeouts(json["timeouts"]) }),
  };
}

function timeouts(value: unknown): NonNullable<CallHead["timeouts"]> {
  const json = record(value, "timeouts");
  only(json, "connectMs", "firstByteMs", "idleMs");
  return Object.fromEntries(Object.entries(json).map(([name, ms]) => [name, number(ms, 1)]));
}

/** A failure as it is sent. */
export function encodeFailure(error: unknown): unknown {
  const { code, fields } = toAppError(error);
  return { error: code, fields };
}

/** What an answer says, unless it is a failure. @throws {AppError} the failure; `bad_request` for what is no answer */
export function decodeAnswer(value: unknown): Fields {
  const json = record(value, "answer");
  const code = json["error"];
  if (code === undefined) return json;
  if (typeof code !== "string" || !Object.hasOwn(CATALOG, code)) throw refused("a failure that is not known");
  const fields = Object.entries(record(json["fields"], "fields")).filter((field): field is [string, ErrorField] =>
    ["string", "number", "boolean"].includes(typeof field[1])
  );
  // The catalog makes the message of the fields that the broker's own failure had.
  throw new AppError(code as ErrorCode, Object.fromEntries(fields) as never);
}

/** @throws {AppError} as {@linkcode decodeAnswer} */
export function decodeStatus(value: unknown): BrokerStatus {
  const json = decodeAnswer(value);
  const locksAt = json["locksAt"];
  return {
    state: oneOf(json["state"], "unlocked", "locked"),
    pid: number(json["pid"], 1),
    ...(locksAt === undefined ? {} : { locksAt: number(locksAt, 0) }),
  };
}

/** @throws {AppError} as {@linkcode decodeAnswer} */
export function decodeAnswerHead(value: unknown): AnswerHead {
  const json = decodeAnswer(value);
  return {
    status: number(json["status"], 100),
    statusText: text(json["statusText"]),
    headers: pairs(json["headers"]),
    hasBody: json["hasBody"] === true,
  };
}

/** @throws {AppError} as {@linkcode decodeAnswer} */
export function decodeOutcome(value: unknown): CallOutcome {
  const json = decodeAnswer(value);
  return {
    auditId: text(json["auditId"]),
    redacted: json["redacted"] === true,
    durationMs: number(json["durationMs"], 0),
  };
}

/** @throws {AppError} as {@linkcode decodeAnswer} */
export function decodeNames(value: unknown): ListSecretsResult {
  const json = decodeAnswer(value);
  const place = record(json["place"], "place");
  return {
    place: {
      workspaceId: that(place["workspaceId"], isWorkspaceId),
      workspace: text(place["workspace"]),
      projectId: that(place["projectId"], isProjectId),
      project: text(place["project"]),
      environmentId: that(place["environmentId"], isEnvironmentId),
      environment: parseEnvironmentName(text(place["environment"])),
    },
    secrets: list(json["secrets"]).map(decodeListed),
  };
}

function decodeListed(value: unknown): ListedSecret {
  const json = record(value, "secret");
  const binding = record(json["binding"], "binding");
  return {
    name: parseSecretName(text(json["name"])),
    state: oneOf(json["state"], "synced", "modified"),
    ...(json["version"] === undefined ? {} : { version: number(json["version"], 1) }),
    binding: {
      ...(binding["domains"] === undefined ? {} : { domains: list(binding["domains"]).map(text) }),
      ...(binding["methods"] === undefined ? {} : { methods: list(binding["methods"]).map(text) }),
    },
  };
}

function record(value: unknown, what: string): Fields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Fields;
  throw refused(`no ${what}`);
}

function only(json: Fields, ...names: readonly string[]): void {
  if (Object.keys(json).some((name) => !names.includes(name))) throw refused("a field that is not known");
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw refused("a field that is no text");
}

/** An absolute path: where a search for a project file begins. */
function folder(value: unknown): string {
  const path = text(value);
  if (path.startsWith("/") && !path.includes("\0")) return path;
  throw refused("a folder that is no absolute path");
}

function number(value: unknown, min: number): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= min) return value;
  throw refused("a field that is no number in its range");
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw refused("a field that is no list");
}

function pairs(value: unknown): readonly (readonly [string, string])[] {
  return list(value).map((pair) => {
    const [name, second, ...more] = list(pair);
    if (more.length > 0) throw refused("a pair of more than two");
    return [text(name), text(second)] as const;
  });
}

function oneOf<T extends string>(value: unknown, ...known: readonly T[]): T {
  const found = known.find((word) => word === value);
  if (found === undefined) throw refused("a word that is not known");
  return found;
}

function that<T extends string>(value: unknown, is: (text: string) => text is T): T {
  const word = text(value);
  if (is(word)) return word;
  throw refused("an id that is none");
}

function optional<K extends string>(json: Fields, key: K): { readonly [P in K]?: string } {
  return (json[key] === undefined ? {} : { [key]: text(json[key]) }) as { readonly [P in K]?: string };
}

function refused(reason: string): AppError {
  return new AppError("bad_request", { reason: `the broker's socket carried ${reason}` });
}
