/**
 * One call's way into the audit log: who, what, where to and how it ended; written once, of a WebSocket when it opens and when it ends.
 *
 * @module
 */

import type { AppError } from "../kernel/error.ts";
import type { Clock } from "../ports/clock.ts";
import type { AuditFacts } from "./audit_record.ts";
import type { AuditRecorder } from "./audit_recorder.ts";
import type { CallContext, CallOutcome } from "./door.ts";
import type { EngineRequest } from "./request.ts";
import { domainOf, withoutQuery } from "./target.ts";

/** Exit number of everything that policy refuses (src/kernel/error_catalog.ts). */
const POLICY = 4;

/** Collects one call's facts. */
export class CallLog {
  readonly #audit: AuditRecorder;
  readonly #clock: Pick<Clock, "now" | "monotonicMs">;
  readonly #request: EngineRequest;
  readonly #context: CallContext;
  readonly #timestamp: number;
  readonly #startMs: number;
  #leftMs: number | undefined;
  #target: string;

  constructor(
    audit: AuditRecorder,
    clock: Pick<Clock, "now" | "monotonicMs">,
    request: EngineRequest,
    context: CallContext,
  ) {
    this.#audit = audit;
    this.#clock = clock;
    this.#request = request;
    this.#context = context;
    this.#timestamp = clock.now();
    this.#startMs = clock.monotonicMs();
    this.#target = withoutQuery(request.url);
  }

  /** Changes the shown target by `redact`. */
  showTarget(redact: (text: string) => string): void {
    this.#target = redact(this.#target);
  }

  /** The request goes out now: what follows is the upstream's time. */
  leaves(): void {
    this.#leftMs = this.#clock.monotonicMs();
  }

  /** Records that a WebSocket is open. @throws {AppError} `audit_unwritable` */
  async opened(): Promise<void> {
    await this.#audit.record(this.#facts({ statusCode: 101, status: "OK", reason: "opened", redacted: false }));
  }

  /** Records an answer, cut short by `failure` when given. @throws {AppError} `audit_unwritable` */
  async answered(statusCode: number, redacted: boolean, failure?: AppError): Promise<CallOutcome> {
    const reason = failure?.code ?? (redacted ? "credential_echo" : "-");
    const status = failure === undefined || failure.code === "cancelled" ? "OK" : "ERROR";
    const error = failure === undefined ? {} : { error: failure.code };
    const facts = this.#facts({ statusCode, status, reason, redacted, ...error });
    return { auditId: await this.#audit.record(facts), redacted, durationMs: facts.durationMs };
  }

  /** Records that there was no answer. @throws {AppError} `audit_unwritable` */
  async failed(failure: AppError): Promise<void> {
    const blocked = failure.exit === POLICY;
    await this.#audit.record(this.#facts({
      statusCode: 0,
      status: blocked ? "BLOCKED" : "ERROR",
      reason: failure.code,
      redacted: false,
      ...(blocked ? {} : { error: failure.code }),
    }));
  }

  #facts(ending: Pick<AuditFacts, "statusCode" | "status" | "reason" | "redacted" | "error">): AuditFacts {
    const { caller, injections, method, path, url } = this.#request;
    const { scope, environment, callerRole, allowlist } = this.#context;
    const endMs = this.#clock.monotonicMs();
    return {
      timestamp: this.#timestamp,
      workspaceId: scope.workspaceId,
      projectId: scope.projectId,
      environment,
      agentId: caller.agentId,
      tokenId: caller.tokenId,
      identityLevel: caller.level,
      callerRole,
      sessionId: caller.sessionId,
      secretKeys: [...new Set(injections.map(({ secret }) => secret))],
      authStyles: [...new Set(injections.map(({ style }) => style))],
      method,
      targetUrl: this.#target,
      domain: domainOf(url),
      resolutionPath: path,
      durationMs: Math.round(endMs - this.#startMs),
      proxyDurationMs: Math.round((this.#leftMs ?? endMs) - this.#startMs),
      allowlistVersion: allowlist.version,
      ...ending,
    };
  }
}
