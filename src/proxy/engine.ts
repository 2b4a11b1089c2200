/**
 * The engine: parse → decide → resolve → inject → egress → send → redact → audit, in that order (docs/spec/proxy.md §2). It does
 * no I/O of its own; everything comes through ports.
 *
 * @module
 */

import { AppError, toAppError } from "../kernel/error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Dns } from "../ports/dns.ts";
import type { SecretReader } from "../ports/secret_reader.ts";
import type { Upstream, UpstreamRequest } from "../ports/upstream.ts";
import { type BodyEnd, redactAnswer, type RedactedAnswer, RedactedBody } from "./answer.ts";
import type { AuditRecorder } from "./audit_recorder.ts";
import { CallLog } from "./call_log.ts";
import { AllowedTarget, Grant } from "./decide.ts";
import type { CallContext, CallOutcome, CallRequest, CallResponse, CallSocket } from "./door.ts";
import { checkedAddresses } from "./egress.ts";
import type { Outgoing } from "./inject/outgoing.ts";
import { injectAll, prepare } from "./inject/registry.ts";
import { Wariness } from "./redact/even_stream.ts";
import type { Redactor } from "./redact/redactor.ts";
import { type EngineRequest, parseCallRequest } from "./request.ts";
import { resolve, type Resolved } from "./resolve.ts";
import { ResolvedValues } from "./resolved_values.ts";
import { RedactedSocket } from "./socket.ts";
import { domainOf } from "./target.ts";

/** What the engine asks of the world. */
export interface EngineDependencies {
  readonly secrets: Pick<SecretReader, "describe" | "lendAll">;
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

/** A request that may go out now. */
interface Prepared {
  readonly outgoing: Outgoing;
  readonly redactor: Redactor;
  readonly addresses: readonly string[];
  readonly upstream: Upstream;
}

/** Makes authenticated calls. Keeps the values it resolved, for redaction, for a short time (src/proxy/resolved_values.ts). */
export class Engine implements Disposable {
  readonly #world: EngineDependencies;
  readonly #resolved = new ResolvedValues();
  readonly #wariness = new Wariness();

  constructor(world: EngineDependencies) {
    this.#world = world;
  }

  /**
   * One call; see {@linkcode CallDoor.call}.
   *
   * @param context From a verified log that was current less than a second ago.
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

  /**
   * One WebSocket; see {@linkcode SocketDoor.connect}.
   *
   * @param context From a verified log that was current less than a second ago.
   * @param audit Must stay usable until the socket's `outcome` is settled.
   */
  async connect(
    call: CallRequest,
    context: CallContext,
    audit: AuditRecorder,
    signal?: AbortSignal,
  ): Promise<CallSocket> {
    // The same origin by another name: rules, look-up and TLS are those of https.
    const request = parseCallRequest({ ...call, target: call.target.replace(/^ws(s?):/i, "http$1:") });
    if (request.method !== "GET") throw new AppError("bad_request", { reason: "a WebSocket begins with GET" });
    await audit.ready();
    const log = new CallLog(audit, this.#world.clock, request, context);
    const passage: Passage = { request, context, log, signal };
    try {
      return await this.#open(passage);
    } catch (error) {
      throw await this.#failed(passage, error);
    }
  }

  async #open(passage: Passage): Promise<CallSocket> {
    const { request, log, signal } = passage;
    const { outgoing, redactor, addresses, upstream } = await this.#prepare(passage);
    const { url, method, headers } = outgoing;
    const socket = await upstream.connect({ url, method, headers, addresses, timeouts: request.timeouts }, signal);
    try {
      await log.opened();
    } catch (error) {
      socket.cut();
      throw error;
    }
    return new RedactedSocket(
      socket,
      redactor,
      this.#wariness,
      (redacted, failure) => log.answered(101, redacted, failure),
    );
  }

  async #exchange(passage: Passage): Promise<RedactedAnswer> {
    const { request, signal } = passage;
    const { outgoing, redactor, addresses, upstream } = await this.#prepare(passage);
    const response = await upstream.send(upstreamRequest(outgoing, request, addresses), signal);
    try {
      return await redactAnswer(response, redactor, this.#wariness, domainOf(request.url));
    } catch (error) {
      if (response.body instanceof ReadableStream) await response.body.cancel().catch(() => {});
      throw error;
    }
  }

  /** Everything up to the request's departure, in the order that may not change. */
  async #prepare({ request, context, log, signal }: Passage): Promise<Prepared> {
    const grant = await this.#decide(request, context, signal);
    const ready = await prepare(request, request.injections);
    const { outgoing, redactor } = this.#inject(ready, request, await resolve(grant, this.#world.secrets, signal));
    // The path may hold anything, a value stored at an upstream included: the log gets it redacted.
    log.showTarget((text) => redactor.text(text));
    const upstream = await this.#world.upstream();
    const addresses = await checkedAddresses(grant, request.url, { dns: this.#world.dns, upstream }, signal);
    signal?.throwIfAborted();
    log.leaves();
    return { outgoing, redactor, addresses, upstream };
  }

  async #decide(request: EngineRequest, context: CallContext, signal: AbortSignal | undefined): Promise<Grant> {
    const { url, method, injections } = request;
    const { scope, allowlist } = context;
    const target = AllowedTarget.decide({ url, method, scope, allowlist: allowlist.entries });
    // For a target that is not allowed, the keychain is not even asked which names exist.
    if (!target.allowed) throw target.refusal;
    const secrets = [...new Set(injections.map(({ secret }) => secret))];
    const descriptions = secrets.length === 0 ? [] : await this.#world.secrets.describe(scope, secrets, signal);
    const decision = Grant.decide(target.proof, secrets, descriptions);
    if (!decision.allowed) throw decision.refusal;
    return decision.proof;
  }

  /** Ends the loan of `resolved`. */
  #inject(
    ready: Outgoing,
    { injections }: EngineRequest,
    resolved: Resolved,
  ): Pick<Prepared, "outgoing" | "redactor"> {
    try {
      const outgoing = injectAll(ready, injections, resolved.granted);
      const nowMs = this.#world.clock.monotonicMs();
      return { outgoing, redactor: this.#resolved.redactorWith(resolved.scope.projectId, resolved.known, nowMs) };
    } finally {
      resolved[Symbol.dispose]();
    }
  }

  async #respond({ log, signal }: Passage, answer: RedactedAnswer): Promise<CallResponse> {
    const { status, statusText, headers, body } = answer;
    if (!(body instanceof RedactedBody)) {
      const outcome = await log.answered(status, answer.redacted());
      return { status, statusText, headers, body, outcome: Promise.resolve(outcome) };
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
    return { status, statusText, headers, body: body.open(finish, signal), outcome: promise };
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

function upstreamRequest(
  { url, method, headers, body }: Outgoing,
  asked: EngineRequest,
  addresses: readonly string[],
): UpstreamRequest {
  const request = { url, method, headers, addresses, timeouts: asked.timeouts };
  if (body === undefined) return request;
  // An injection makes the body whole, and another length.
  const isAsAsked = body === asked.body && asked.bodyLength !== undefined;
  return isAsAsked ? { ...request, body, bodyLength: asked.bodyLength } : { ...request, body };
}

function bodyFailure(end: BodyEnd): AppError | undefined {
  if (end.how === "failed") return toAppError(end.error);
  return end.how === "cancelled" ? cancelled() : undefined;
}

function cancelled(): AppError {
  return new AppError("cancelled");
}
