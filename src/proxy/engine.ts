/**
 * The engine: parse → decide → resolve → inject → egress → send → redact → audit, in that order (docs/spec/proxy.md §2). It does
 * no I/O of its own; everything comes through ports.
 *
 * @module
 */

import { AppError, toAppError } from "../kernel/error.ts";
import type { SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Clock } from "../ports/clock.ts";
import type { Dns } from "../ports/dns.ts";
import type { SecretReader } from "../ports/secret_reader.ts";
import type { Upstream, UpstreamResponse } from "../ports/upstream.ts";
import { type BodyEnd, redactAnswer, type RedactedAnswer, watchBody } from "./answer.ts";
import type { AuditRecorder } from "./audit_recorder.ts";
import { CallLog } from "./call_log.ts";
import { Grant } from "./decide.ts";
import type { CallContext, CallOutcome, CallRequest, CallResponse } from "./door.ts";
import { checkedAddresses } from "./egress.ts";
import type { Outgoing } from "./inject/outgoing.ts";
import { injectAll, prepare } from "./inject/registry.ts";
import type { Redactor } from "./redact/redactor.ts";
import { type EngineRequest, parseCallRequest } from "./request.ts";
import { resolve } from "./resolve.ts";
import { ResolvedValues } from "./resolved_values.ts";
import { domainOf } from "./target.ts";

/** What the engine asks of the world. */
export interface EngineDependencies {
  readonly secrets: SecretReader;
  readonly dns: Dns;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  upstream(): Promise<Upstream>;
}

/** A checked request in its context, on its way. */
interface Passage {
  readonly request: EngineRequest;
  readonly context: CallContext;
  readonly log: CallLog;
  readonly signal: AbortSignal | undefined;
}

/** Makes authenticated calls. Keeps the values it resolved, for redaction, for a short time (src/proxy/resolved_values.ts). */
export class Engine implements Disposable {
  readonly #world: EngineDependencies;
  readonly #resolved = new ResolvedValues();

  constructor(world: EngineDependencies) {
    this.#world = world;
  }

  /**
   * One call; see {@linkcode CallDoor.call}.
   *
   * @param context From a log that was verified for this call.
   * @param audit Must stay usable until the response's `outcome` is settled.
   */
  async call(
    call: CallRequest,
    context: CallContext,
    audit: AuditRecorder,
    signal?: AbortSignal,
  ): Promise<CallResponse> {
    const request = parseCallRequest(call);
    await audit.ready();
    const log = new CallLog(audit, this.#world.clock, request, context);
    const passage: Passage = { request, context, log, signal };
    let answer: RedactedAnswer;
    try {
      answer = await this.#exchange(passage);
    } catch (error) {
      throw await this.#failed(passage, error);
    }
    return await this.#respond(passage, answer);
  }

  async #exchange({ request, context, log, signal }: Passage): Promise<RedactedAnswer> {
    const grant = await this.#decide(request, context, signal);
    const ready = await prepare(request, request.injections);
    const { outgoing, redactor } = await this.#inject(grant, ready, request, signal);
    // The path may hold anything, a value stored at an upstream included: the log gets it redacted.
    log.showTarget((text) => redactor.text(text));
    const addresses = await checkedAddresses(grant, request.url, this.#world.dns, signal);
    const response = await this.#send(outgoing, request, addresses, log, signal);
    try {
      return redactAnswer(response, redactor, domainOf(request.url));
    } catch (error) {
      await response.body?.cancel().catch(() => {});
      throw error;
    }
  }

  async #decide(request: EngineRequest, context: CallContext, signal: AbortSignal | undefined): Promise<Grant> {
    const secrets = [...new Set(request.injections.map(({ secret }) => secret))];
    const question = { ...request, secrets, scope: context.scope, allowlist: context.allowlist.entries };
    // First without descriptions: for a target that is not allowed, the keychain is not even asked which names exist.
    const target = Grant.decide({ ...question, descriptions: [] });
    if (!target.allowed) throw target.refusal;
    if (secrets.length === 0) return target.grant;
    const descriptions = await this.#world.secrets.describe(context.scope, secrets, signal);
    const decision = Grant.decide({ ...question, descriptions });
    if (!decision.allowed) throw decision.refusal;
    return decision.grant;
  }

  async #inject(
    grant: Grant,
    ready: Outgoing,
    request: EngineRequest,
    signal: AbortSignal | undefined,
  ): Promise<{ outgoing: Outgoing; redactor: Redactor }> {
    const { granted, known } = await resolve(grant, this.#world.secrets, signal);
    try {
      const outgoing = injectAll(ready, request.injections, granted);
      const redactor = this.#resolved.redactorWith(grant.scope.projectId, known, this.#world.clock.monotonicMs());
      return { outgoing, redactor };
    } finally {
      disposeAll(known);
    }
  }

  async #send(
    outgoing: Outgoing,
    request: EngineRequest,
    addresses: readonly string[],
    log: CallLog,
    signal: AbortSignal | undefined,
  ): Promise<UpstreamResponse> {
    const upstream = await this.#world.upstream();
    signal?.throwIfAborted();
    log.leaves();
    return await upstream.send({
      url: outgoing.url,
      method: outgoing.method,
      headers: outgoing.headers,
      ...(outgoing.body === undefined ? {} : { body: outgoing.body }),
      addresses,
      timeouts: request.timeouts,
    }, signal);
  }

  async #respond({ log, signal }: Passage, answer: RedactedAnswer): Promise<CallResponse> {
    const { status, statusText, headers } = answer;
    if (answer.body === null) {
      const outcome = await log.answered(status, answer.redacted());
      return { status, statusText, headers, body: null, outcome: Promise.resolve(outcome) };
    }
    const { promise, resolve, reject } = Promise.withResolvers<CallOutcome>();
    promise.catch(() => {}); // a caller that reads the body alone sees the failure there
    const finish = async (end: BodyEnd): Promise<void> => {
      const failure = bodyFailure(end);
      try {
        const outcome = await log.answered(status, answer.redacted(), failure);
        failure === undefined ? resolve(outcome) : reject(failure);
      } catch (error) {
        reject(error);
        throw error;
      }
    };
    return { status, statusText, headers, body: watchBody(answer.body, finish, signal), outcome: promise };
  }

  /** The failure that the caller gets: its own, or that it could not be put on record. */
  async #failed({ log, signal }: Passage, error: unknown): Promise<AppError> {
    const failure = signal?.aborted === true ? cancelled() : toAppError(error);
    await log.failed(failure);
    return failure;
  }

  /** How many values are held in memory now. */
  get held(): number {
    return this.#resolved.size;
  }

  /** Drops the values that no call has read for a minute. */
  forgetUnseen(): void {
    this.#resolved.forgetUnseen(this.#world.clock.monotonicMs());
  }

  /** Drops every value. Answers under way are still redacted with what they began with. */
  forget(): void {
    this.#resolved.forget();
  }

  [Symbol.dispose](): void {
    this.#resolved[Symbol.dispose]();
  }
}

function bodyFailure(end: BodyEnd): AppError | undefined {
  if (end.how === "failed") return toAppError(end.error);
  return end.how === "cancelled" ? cancelled() : undefined;
}

function cancelled(): AppError {
  return new AppError("cancelled");
}

function disposeAll(values: ReadonlyMap<SecretName, Secret>): void {
  for (const value of values.values()) value.dispose();
}
