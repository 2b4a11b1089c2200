/**
 * The verb `exec`: OpenClaw's SecretRef provider. JSON `{protocolVersion:1, provider, ids[]}` comes in,
 * `{protocolVersion:1, values{}, errors{id:{message}}}` goes to stdout and nowhere else.
 *
 * @module
 */

import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import { parseSecretName, type SecretName, showable } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Terminal } from "../ports/terminal.ts";
import { openCallContext } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { handOutFacts } from "./hand_out.ts";
import type { Selection } from "./scope.ts";

/** Names only: what was handed out and what was not. */
export interface ExecResult {
  readonly provided: readonly SecretName[];
  readonly refused: readonly string[];
}

/** The one version of the provider's protocol. */
const PROTOCOL = 1;
const MAX_IDS = 1000;

/** A request, read. */
interface ExecRequest {
  readonly provider: string;
  readonly ids: readonly string[];
}

/**
 * Answers one request on the terminal's stdout, after the audit record (method `EXEC`) is durable.
 *
 * @param request The JSON as read from stdin.
 * @param selection OpenClaw's Gateway runs in no project's folder: its configuration names the project.
 * @throws {AppError} `invalid_input`, `unsupported_format`, `audit_unwritable`, the keychain's codes
 */
export async function provideSecretRefs(
  ports: WorldWithEngine & { readonly terminal: Terminal },
  request: Uint8Array,
  signal?: AbortSignal,
  selection: Selection = {},
): Promise<ExecResult> {
  const { provider, ids } = parseRequest(request);
  using open = await openCallContext(ports, selection, signal);
  await open.audit.ready();
  const { scope } = open.context;
  const reader = await ports.secretReader();
  const errors = new Map<string, string>();
  const asked = new Map(ids.flatMap((id) => nameOf(id, errors)));
  const existing = new Set((await reader.describe(scope, unique(asked), signal)).map(({ name }) => name));
  const names = unique(asked).filter((name) => existing.has(name));
  for (const [id, name] of asked) {
    if (!existing.has(name)) errors.set(id, new AppError("secret_not_found", { name }).message);
  }
  const values = await reader.read(scope, names, signal);
  try {
    const program = showable(provider);
    await open.audit.record(handOutFacts(ports, open, { method: "EXEC", path: "exec", program, names }));
    await ports.terminal.write("stdout", utf8(`${answer(asked, values, errors)}\n`));
  } finally {
    for (const value of values.values()) value.dispose();
  }
  return { provided: unique(asked, (id) => !errors.has(id)), refused: [...errors.keys()] };
}

function parseRequest(bytes: Uint8Array): ExecRequest {
  const refuse = (reason: string): AppError => new AppError("invalid_input", { what: "the request", reason });
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(bytes));
  } catch {
    throw refuse("it is not JSON");
  }
  if (typeof json !== "object" || json === null) throw refuse("it is not a JSON object");
  const { protocolVersion, provider, ids } = json as Readonly<Record<string, unknown>>;
  if (protocolVersion !== PROTOCOL) {
    throw new AppError("unsupported_format", { what: "the request", version: showable(String(protocolVersion)) });
  }
  if (provider !== undefined && typeof provider !== "string") throw refuse("provider is not text");
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === "string")) throw refuse("ids is not a list of names");
  if (ids.length > MAX_IDS) throw refuse(`ids has more than ${MAX_IDS} names`);
  return { provider: provider ?? "-", ids: [...new Set(ids)] };
}

/** OpenClaw's ids have no underscore and a secret's name no hyphen: one stands for the other. */
function nameOf(id: string, errors: Map<string, string>): [id: string, name: SecretName][] {
  try {
    return [[id, parseSecretName(id.replaceAll("-", "_"))]];
  } catch (error) {
    if (!isAppError(error)) throw error;
    errors.set(id, error.message);
    return [];
  }
}

function unique(asked: ReadonlyMap<string, SecretName>, which: (id: string) => boolean = () => true): SecretName[] {
  return [...new Set([...asked].filter(([id]) => which(id)).map(([, name]) => name))];
}

function answer(
  asked: ReadonlyMap<string, SecretName>,
  values: ReadonlyMap<SecretName, Secret>,
  errors: Map<string, string>,
): string {
  const texts: [string, string][] = [];
  for (const [id, name] of asked) {
    const value = values.get(name);
    if (value === undefined) continue;
    try {
      // EXPOSE: handing values to the program that asked is what this verb is for; they go to stdout and nowhere else
      texts.push([id, value.expose(fromUtf8)]);
    } catch {
      errors.set(id, `Secret '${name}' is not UTF-8 and cannot be given as text`);
    }
  }
  const failures = [...errors].map(([id, message]) => [id, { message }]);
  return JSON.stringify({
    protocolVersion: PROTOCOL,
    values: Object.fromEntries(texts),
    errors: Object.fromEntries(failures),
  });
}
