/**
 * One call of one endpoint: encodes by the contract, sends, and parses the answer by the contract before anyone sees it. Owns the
 * session: loads it once, renews it with the device's signature when it has ended, and saves what is new.
 *
 * @module
 */

import * as z from "zod/mini";
import { PROOF_HEADER, type Session, STEP_UP_HEADER } from "../contract/auth.ts";
import type { ProofAction } from "../kernel/proof.ts";
import { type Endpoint, ENDPOINTS } from "../contract/endpoints.ts";
import { utf8 } from "../kernel/bytes.ts";
import { toBase64Url } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { SyncResponse, SyncTransport } from "../ports/sync_transport.ts";
import { isSessionEnded, problemOf } from "./problems.ts";
import type { Prove, SessionStore } from "./session.ts";

/** A session that ends within this is renewed before use. */
const RENEW_BEFORE_MS = 60_000;

/** What the client is made of. */
export interface SyncClientParts {
  readonly transport: SyncTransport;
  readonly clock: Pick<Clock, "now">;
  /** For idempotency keys. */
  readonly random: Random;
  /** Left out for calls that need no session. */
  readonly session?: SessionStore;
}

/** What a call adds to its endpoint. */
export interface CallOptions {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly ifMatch?: number;
  readonly stepUp?: Session | undefined;
  readonly prove?: Prove;
  readonly signal?: AbortSignal | undefined;
}

type BodyOf<Q> = Q extends z.ZodMiniType ? z.output<Q> : undefined;
type AnswerOf<A> = A extends z.ZodMiniType ? z.output<A> : undefined;

/** Calls endpoints of one server. */
export class Caller {
  readonly #parts: SyncClientParts;
  #loaded: Promise<Session | undefined> | undefined;
  #renewing: Promise<Session> | undefined;

  constructor(parts: SyncClientParts) {
    this.#parts = parts;
  }

  get transport(): SyncTransport {
    return this.#parts.transport;
  }

  /** Calls an endpoint that asks for no proof. */
  async call<Q extends z.ZodMiniType | null, A extends z.ZodMiniType | null>(
    endpoint: Endpoint<Q, A>,
    body: BodyOf<Q>,
    options: CallOptions = {},
  ): Promise<AnswerOf<A>> {
    const text = endpoint.request === null ? undefined : JSON.stringify(z.encode(endpoint.request, body));
    return this.#parse(endpoint, await this.#send(endpoint, text, options));
  }

  /** Calls an endpoint that asks for a proof: fetches a challenge, has the exact body signed, and sends it. */
  async prove<Q extends z.ZodMiniType, A extends z.ZodMiniType>(
    endpoint: Endpoint<Q, A>,
    body: Omit<z.output<Q> & object, "challenge">,
    prove: Prove,
    options: CallOptions = {},
  ): Promise<AnswerOf<A>> {
    const first = await this.#proved(endpoint, body, prove, options);
    // A step-up belongs to its session: such a call is not repeated under another.
    const repeat = endpoint.access === "session+proof" && isSessionEnded(first) && options.stepUp === undefined;
    if (!repeat) return this.#parse(endpoint, first);
    await this.renew(options.signal);
    return this.#parse(endpoint, await this.#proved(endpoint, body, prove, options));
  }

  async #proved(endpoint: Endpoint, body: object, prove: Prove, options: CallOptions): Promise<SyncResponse> {
    const { id, nonce } = await this.call(ENDPOINTS.challenge, {}, { signal: options.signal });
    const text = JSON.stringify(z.encode(endpoint.request!, { ...body, challenge: id }));
    const { origin } = this.transport;
    const action = endpoint.action as ProofAction;
    const proof = toBase64Url(await prove({ origin, action, nonce, body: utf8(text) }));
    return await this.#send(endpoint, text, options, proof);
  }

  /** Sees to it that there is a session, for a call that cannot be repeated. @throws {AppError} `not_logged_in` */
  async ready(signal?: AbortSignal): Promise<void> {
    await this.#session(signal);
  }

  /** Takes a new session into use and keeps it. */
  async adopt(session: Session | undefined): Promise<void> {
    this.#loaded = Promise.resolve(session);
    await this.#parts.session?.save(session);
  }

  /** A new session signed by the device. @throws {AppError} `not_logged_in` when this device cannot renew */
  renew(signal?: AbortSignal): Promise<Session> {
    // Calls in parallel share one renewal.
    this.#renewing ??= this.#renew(signal).finally(() => this.#renewing = undefined);
    return this.#renewing;
  }

  async #renew(signal?: AbortSignal): Promise<Session> {
    const renewal = await this.#parts.session?.renewal();
    if (renewal === undefined) throw new AppError("not_logged_in");
    const { userId: user_id, deviceId: device_id, prove } = renewal;
    try {
      const { session } = await this.prove(ENDPOINTS.renew, { user_id, device_id }, prove, { signal });
      await this.adopt(session);
      return session;
    } catch (error) {
      if (!isAppError(error, "login_refused")) throw error;
      // The device was revoked, or the account is not on this server any more.
      await this.adopt(undefined);
      throw new AppError("not_logged_in", undefined, { cause: error });
    }
  }

  async #send(
    endpoint: Endpoint,
    text: string | undefined,
    options: CallOptions,
    proof?: string,
  ): Promise<SyncResponse> {
    const headers = this.#headers(endpoint, text, options, proof);
    const { signal } = options;
    if (!endpoint.access.startsWith("session")) return await this.#exchange(endpoint, headers, text, options);
    const session = await this.#session(signal);
    const first = await this.#exchange(endpoint, { ...headers, ...bearer(session) }, text, options);
    // The nonce of a proof is spent, and a step-up belongs to its session.
    if (!isSessionEnded(first) || proof !== undefined || options.stepUp !== undefined) return first;
    return await this.#exchange(endpoint, { ...headers, ...bearer(await this.renew(signal)) }, text, options);
  }

  async #session(signal?: AbortSignal): Promise<Session> {
    this.#loaded ??= this.#parts.session?.load() ?? Promise.resolve(undefined);
    const session = await this.#loaded;
    const lives = session !== undefined && session.expires - RENEW_BEFORE_MS > this.#parts.clock.now();
    return lives ? session : await this.renew(signal);
  }

  #headers(
    endpoint: Endpoint,
    text: string | undefined,
    { ifMatch, stepUp }: CallOptions,
    proof: string | undefined,
  ): Record<string, string> {
    return {
      accept: "application/json",
      ...(text !== undefined && { "content-type": "application/json" }),
      ...(ifMatch !== undefined && { "if-match": `"${ifMatch}"` }),
      ...(endpoint.idempotent && { "idempotency-key": toBase64Url(this.#parts.random(18)) }),
      ...(stepUp !== undefined && { [STEP_UP_HEADER]: stepUp.token }),
      ...(proof !== undefined && { [PROOF_HEADER]: proof }),
    };
  }

  async #exchange(
    { method, path, idempotent }: Endpoint,
    headers: Readonly<Record<string, string>>,
    text: string | undefined,
    { params, query, signal }: CallOptions,
  ): Promise<SyncResponse> {
    const filled = path.replace(/:([a-z]+)/g, (_, name) => encodeURIComponent(params?.[name] ?? ""));
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
    const request = { method, path: search.size === 0 ? filled : `${filled}?${search}`, headers };
    const whole = { ...request, ...(text !== undefined && { body: text }) };
    try {
      return await this.transport.send(whole, signal);
    } catch (error) {
      if (!idempotent || !isAppError(error, "server_unreachable")) throw error;
      // The answer may have been lost after the server wrote: the key makes it give the same one again.
      return await this.transport.send(whole, signal);
    }
  }

  #parse<A extends z.ZodMiniType | null>(
    endpoint: Endpoint<z.ZodMiniType | null, A>,
    response: SyncResponse,
  ): AnswerOf<A> {
    const { origin } = this.transport;
    if (response.status >= 400) throw problemOf(response, origin);
    const malformed = new AppError("server_error", { origin, status: response.status });
    if (response.status !== endpoint.status) throw malformed;
    if (endpoint.answer === null) return undefined as AnswerOf<A>;
    try {
      return z.decode(endpoint.answer, JSON.parse(response.body)) as AnswerOf<A>;
    } catch {
      throw malformed; // without the cause: a zod error may quote what the server sent
    }
  }
}

function bearer({ token }: Session): Record<string, string> {
  return { authorization: `Bearer ${token}` };
}
