/**
 * The verb `exec`: OpenClaw's SecretRef provider. JSON `{protocolVersion:1, provider, ids[]}` comes in,
 * `{protocolVersion:1, values{}, errors{id:{message}}}` goes to stdout and nowhere else.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { Terminal } from "../ports/terminal.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** Names only: what was handed out and what was not. */
export interface ExecResult {
  readonly provided: readonly SecretName[];
  readonly refused: readonly string[];
}

/**
 * Answers one request on the terminal's stdout, after the audit record (method `EXEC`) is durable.
 *
 * @param request The JSON as read from stdin.
 * @throws {AppError} `invalid_input`, `audit_unwritable`, the keychain's codes
 */
export declare function provideSecretRefs(
  ports: WorldWithEngine & { readonly terminal: Terminal },
  request: Uint8Array,
  signal?: AbortSignal,
): Promise<ExecResult>;
