/**
 * The audit log's lines: one JSON object each, in one spelling, chained by hash and signed in groups (docs/spec/proxy.md §3).
 *
 * `prev` is the SHA-256 of the line before, so an edited, dropped or inserted line breaks the chain. The last line of a group is
 * signed by the device key over the line without `sig`, and says in `covers` how many lines right before it belong to the group: those
 * have an empty `sig`. The count is what keeps a stranger's lines out: the next honest line chains on whatever stands in the file, but
 * vouches for its own group alone, so the chain cannot be made anew, nor grow, without that key.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { utf8 } from "../kernel/bytes.ts";
import { toBase64Url } from "../kernel/encoding.ts";
import { UNVOUCHED_END } from "../ports/audit_sink.ts";
import type { AuditFacts, AuditRecord } from "./audit_record.ts";

/** Signs lines. */
export interface AuditSigner {
  /** The device's Ed25519 public key in base64url. */
  readonly key: string;
  sign(message: Uint8Array): Uint8Array;
}

/** `prev` of the first line. */
export const NO_LINE = "0".repeat(64);
/** Lines in a group at most: what the verifier holds in memory at once. */
export const MAX_GROUP = 256;
/** Separates these signatures from every other use of the device key. */
const CONTEXT = "agentsecrets/v1/audit\0";
const MAX_TEXT = 2048;

/** A line's fields in their order: name in the log, name in the program, type. */
const FIELDS:
  readonly (readonly [json: string, key: keyof AuditRecord, type: "string" | "number" | "boolean" | "list"])[] = [
    ["v", "v", "number"],
    ["id", "id", "string"],
    ["timestamp", "timestamp", "string"],
    ["workspace_id", "workspaceId", "string"],
    ["project_id", "projectId", "string"],
    ["environment", "environment", "string"],
    ["agent_id", "agentId", "string"],
    ["token_id", "tokenId", "string"],
    ["identity_level", "identityLevel", "string"],
    ["caller_role", "callerRole", "string"],
    ["session_id", "sessionId", "string"],
    ["secret_keys", "secretKeys", "list"],
    ["auth_styles", "authStyles", "list"],
    ["method", "method", "string"],
    ["target_url", "targetUrl", "string"],
    ["domain", "domain", "string"],
    ["status_code", "statusCode", "number"],
    ["status", "status", "string"],
    ["reason", "reason", "string"],
    ["redacted", "redacted", "boolean"],
    ["resolution_path", "resolutionPath", "string"],
    ["duration_ms", "durationMs", "number"],
    ["proxy_duration_ms", "proxyDurationMs", "number"],
    ["allowlist_version", "allowlistVersion", "number"],
    ["error", "error", "string"],
    ["seq", "seq", "number"],
    ["prev", "prev", "string"],
    ["covers", "covers", "number"],
    ["key", "key", "string"],
    ["sig", "sig", "string"],
  ];

/** A field's name, spelled once for all lines. */
type SpelledField = readonly [start: string, key: keyof AuditRecord, type: "string" | "number" | "boolean" | "list"];
const SPELLED: readonly SpelledField[] = FIELDS.map(([name, key, type]) => [`,${JSON.stringify(name)}:`, key, type]);

/** In their order: what is a line's own, where a call comes from, which most lines share with the one before, and the rest. */
const OWN = SPELLED.slice(0, 3), ORIGIN = SPELLED.slice(3, 12), REST = SPELLED.slice(12);
/** Fields that not every line has. */
const OPTIONAL: ReadonlySet<string> = new Set(["error", "covers"]);

/** A line's text up to its place in the log: made before its turn comes, so that little is left to do then. */
export type UnplacedLine = string & { readonly unplaced: unique symbol };

/** A place in the log. */
export interface ChainPlace {
  readonly seq: number;
  /** SHA-256 of the line there, in hex. */
  readonly hash: string;
}

/** Spells the lines of one recorder, what successive ones share only once. */
export class LineWriter {
  #origin: { readonly facts: AuditFacts; readonly text: string } | undefined;
  readonly #times = new Times();

  /** The text of one record of a group to come. */
  unplaced(facts: AuditFacts, id: string): UnplacedLine {
    const start = `{"v":1,"id":${JSON.stringify(id)},"timestamp":"${this.#times.text(facts.timestamp)}"`;
    return `${start}${this.#originOf(facts)}${spelled(REST, facts)}` as UnplacedLine;
  }

  #originOf(facts: AuditFacts): string {
    const known = this.#origin;
    if (known !== undefined && ORIGIN.every(([, key]) => isSame(key, facts, known.facts))) return known.text;
    const text = spelled(ORIGIN, facts);
    this.#origin = { facts, text };
    return text;
  }
}

function isSame(key: keyof AuditRecord, a: Partial<AuditRecord>, b: Partial<AuditRecord>): boolean {
  return a[key] === b[key];
}

/** Spells times as RFC 3339 §5.6 has them, in UTC with ms. */
class Times {
  #second = NaN;
  /** Up to the ms. */
  #start = "";

  /** @param ms Since the epoch */
  text(ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== this.#second) {
      this.#start = new Date(second * 1000).toISOString().slice(0, -4);
      this.#second = second;
    }
    return `${this.#start}${String(Math.floor(ms) - second * 1000).padStart(3, "0")}Z`;
  }
}

/** The text of one record of a group to come. */
export function unplacedLine(facts: AuditFacts, id: string): UnplacedLine {
  return new LineWriter().unplaced(facts, id);
}

/** Where a line stands. A log whose last line cannot be read goes on from its hash: the verifier names the damaged line. */
export function placeOf(line: string | undefined): ChainPlace {
  if (line === undefined) return { seq: 0, hash: NO_LINE };
  return { seq: parseLine(line)?.seq ?? 0, hash: hashLine(line) };
}

/** The lines of a group of 1 … {@linkcode MAX_GROUP} records that follows `after`, the last one signed, and the place of that one. */
export function groupLines(
  texts: readonly UnplacedLine[],
  after: ChainPlace,
  signer: AuditSigner,
): { readonly lines: readonly string[]; readonly place: ChainPlace } {
  if (texts.length < 1 || texts.length > MAX_GROUP) throw new RangeError("Not the length of a group");
  const lines: string[] = [];
  let { seq, hash } = after;
  for (const text of texts) {
    const placed = `${text},"seq":${++seq},"prev":"${hash}"`;
    const covers = texts.length - 1;
    const line = lines.length < covers ? `${placed},"key":""${UNVOUCHED_END}` : signedLine(placed, covers, signer);
    hash = hashLine(line);
    lines.push(line);
  }
  return { lines, place: { seq, hash } };
}

/** The line that follows `last`, signed: a group of one. */
export function nextLine(facts: AuditFacts, id: string, last: string | undefined, signer: AuditSigner): string {
  return groupLines([unplacedLine(facts, id)], placeOf(last), signer).lines[0]!;
}

function signedLine(placed: string, covers: number, signer: AuditSigner): string {
  const unsigned = `${placed}${covers > 0 ? `,"covers":${covers}` : ""},"key":${JSON.stringify(signer.key)}`;
  return `${unsigned},"sig":"${toBase64Url(signer.sign(utf8(`${CONTEXT}${unsigned}}`)))}"}`;
}

/** The record that a line holds, or undefined where it is not exactly what {@linkcode groupLines} writes. */
export function parseLine(line: string): AuditRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  const record: Record<string, unknown> = {};
  for (const [name, key, type] of FIELDS) {
    const value = fields[name];
    if (value === undefined && OPTIONAL.has(name)) continue;
    if (!isOfType(value, type)) return undefined;
    record[key] = name === "timestamp" ? Date.parse(value as string) : value;
  }
  if (record.v !== 1 || Number.isNaN(record.timestamp) || !isGroupMember(record)) return undefined;
  // Writing it again must give the same bytes: no unknown field, no doubled one, no second spelling.
  return write(record as unknown as AuditRecord) === line ? (record as unknown as AuditRecord) : undefined;
}

/** Only a signed line names a key and may vouch for others. */
function isGroupMember({ key, sig, covers }: Partial<Readonly<Record<string, unknown>>>): boolean {
  if (sig === "") return key === "" && covers === undefined;
  return covers === undefined || (covers as number >= 1 && covers as number < MAX_GROUP);
}

/** SHA-256 of a line's bytes, in hex. */
export function hashLine(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

/** What {@linkcode AuditRecord.sig} signs in a line of the one spelling. */
export function signedBytes(line: string, { sig }: AuditRecord): Uint8Array {
  return utf8(`${CONTEXT}${line.slice(0, line.length - `,"sig":"${sig}"}`.length)}}`);
}

/** The record as a JSON object with the log's own names, for programs. */
export function auditJson(record: AuditRecord): Readonly<Record<string, unknown>> {
  return JSON.parse(write(record));
}

/** The one spelling of the fields that are there. */
function write(record: Partial<AuditRecord>): string {
  return `{${spelled([...OWN, ...ORIGIN, ...REST], record).slice(1)}}`;
}

/** Those of the fields that are there, a comma before each. */
function spelled(fields: readonly SpelledField[], record: Partial<AuditRecord>): string {
  let text = "";
  for (const [start, key, type] of fields) {
    const value = record[key];
    if (value !== undefined) text += start + (key === "timestamp" ? timeOf(value) : valueOf(value, type));
  }
  return text;
}

function timeOf(value: AuditRecord[keyof AuditRecord]): string {
  return `"${new Date(value as number).toISOString()}"`;
}

function valueOf(value: AuditRecord[keyof AuditRecord], type: SpelledField[2]): string {
  // Whatever else a number may be, JSON has a word for it.
  if (type === "boolean" || (type === "number" && Number.isSafeInteger(value))) return String(value);
  return JSON.stringify(typeof value === "string" && value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value);
}

function isOfType(value: unknown, type: "string" | "number" | "boolean" | "list"): boolean {
  if (type === "number") return Number.isSafeInteger(value);
  if (type === "list") return Array.isArray(value) && value.every((item) => typeof item === "string");
  return type === "string" ? typeof value === "string" : typeof value === "boolean";
}
