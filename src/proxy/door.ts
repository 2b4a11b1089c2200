/**
 * The engine's outside: what a door (HTTP, `call`, MCP, SDK) asks and what it gets (docs/spec/proxy.md §§1–2).
 *
 * Doors depend on {@linkcode CallDoor} alone, so that the answer may come from this process or, in sealed mode, from a broker:
 * names go in, never values.
 *
 * @module
 */

import type { EnvironmentName } from "../kernel/names.ts";
import type { Body, HeaderLine, UpstreamTimeouts } from "../ports/upstream.ts";
import type { SocketEnd, SocketMessage } from "../ports/upstream_socket.ts";
import type { SecretScope } from "../ports/secret_reader.ts";
import type { IdentityLevel, ResolutionPath } from "./audit_record.ts";

export type { Body, HeaderLine, UpstreamTimeouts } from "../ports/upstream.ts";
export type { SocketEnd, SocketMessage } from "../ports/upstream_socket.ts";

/** Who calls, as far as the door knows. Empty strings where nothing is known. */
export interface Caller {
  readonly level: IdentityLevel;
  readonly agentId: string;
  readonly tokenId: string;
  readonly sessionId: string;
}

/**
 * A place and the name of the secret that goes there: `bearer`, `basic`, `header:Name`, `query:param`, `body:path.to.it` or
 * `form:field`.
 */
export type InjectionLine = readonly [place: string, secretName: string];

/** A call as a door received it: plain text that nobody checked yet. */
export interface CallRequest {
  /** Absolute URL. */
  readonly target: string;
  readonly method: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Body;
  readonly injections: readonly InjectionLine[];
  readonly caller: Caller;
  readonly path: ResolutionPath;
  /** Names that override the active project and environment. */
  readonly project?: string;
  readonly environment?: string;
  /** Where the search for the project file begins, when it is not this process's working folder; absolute. */
  readonly folder?: string;
  readonly timeouts?: Partial<UpstreamTimeouts>;
}

/** What is known once the last byte was handed over and the audit record is durable. */
export interface CallOutcome {
  /** `log_…` id of the audit record. */
  readonly auditId: string;
  /** Whether something was replaced in the status text, a header or the body. */
  readonly redacted: boolean;
  readonly durationMs: number;
}

/** The upstream's answer, redacted. */
export interface CallResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly HeaderLine[];
  /**
   * All bytes when the upstream's came at once, null when there are none: the record is durable already. Else a stream of bytes as
   * they come, which ends only after the record is durable; cancelling it ends the upstream's exchange and writes the record.
   */
  readonly body: Body | null;
  /** Resolves when the record is durable; rejects with what cut the answer short. */
  readonly outcome: Promise<CallOutcome>;
}

/** Where doors take their calls. */
export interface CallDoor {
  /**
   * @throws {AppError} `invalid_target`, `invalid_injection`, `injection_conflict`, `bad_request`, `body_too_large`, the policy's
   * refusals, `secret_not_found`, `secrets_not_found`, the keychain's, the upstream's and the audit's codes
   */
  call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse>;
}

/** An open WebSocket, what the upstream says redacted. */
export interface CallSocket {
  /** The subprotocol that the upstream chose, one of those offered; empty for none. */
  readonly protocol: string;
  /** The next message, or how it ended, once that is on record. @throws {AppError} what cut it short */
  receive(): Promise<SocketMessage | SocketEnd>;
  /** @throws {AppError} `upstream_unreachable` */
  send(message: SocketMessage): Promise<void>;
  /** Begins the closing handshake: {@linkcode receive} tells the end. */
  close(code?: number, reason?: string): void;
  /** Ends it at once; resolves when that is on record. */
  cut(): Promise<void>;
  /** Resolves when the end is on record; rejects with what cut it short. */
  readonly outcome: Promise<CallOutcome>;
}

/** Where doors open WebSockets. */
export interface SocketDoor {
  /**
   * A call that becomes a WebSocket: `request` is a GET without a body, its target `wss:` or `https:`. It is on record before this
   * resolves, and once more when it ends. Aborting `signal` ends the handshake, not an open socket.
   *
   * @throws {AppError} as {@linkcode CallDoor.call}
   */
  connect(request: CallRequest, signal?: AbortSignal): Promise<CallSocket>;
}

/** Which workspace, project and environment a call runs in, and what the verified log allows there. */
export interface CallContext {
  readonly scope: SecretScope;
  readonly environment: EnvironmentName;
  readonly allowlist: Allowlist;
  /** The person's role in the workspace: `owner`, `admin`, `member`. */
  readonly callerRole: string;
}

/** The allowlist in force. */
export interface Allowlist {
  readonly version: number;
  /** Normalised entries. */
  readonly entries: readonly string[];
}
