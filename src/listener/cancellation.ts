/**
 * What ends a call before its time: its client goes away, or the proxy ends and has no time left.
 *
 * Each call has a controller of its own: a signal that depends on one which lives as long as the process (`AbortSignal.any`) costs
 * ten times as much.
 *
 * `request.signal` is asked for only once a call has taken a while, since in Deno 2.6 watching a client costs as much as all else
 * that the listener does. There, a signal that is asked for after the client went says nothing: the system is asked then as well,
 * and where it cannot tell, clients are watched from the beginning.
 *
 * @module
 */

import type { CallerClaims } from "../usecases/identify_caller.ts";

/** After how long a call's client is watched, in ms; at most twice that. */
const WATCH_MS = 20;

/** A request and the connection that it came over. */
export interface Client {
  readonly request: Pick<Request, "signal">;
  readonly claims: Pick<CallerClaims, "peer">;
  /** Whether the connection carries other calls too (HTTP/2): then it stays when a client leaves this one. */
  readonly shared: boolean;
}

/** Whether a client still holds its end of the connection; undefined where that cannot be told. */
export type IsThere = (claims: Client["claims"]) => boolean | undefined;

/** The calls under way. */
export class Cancellations {
  readonly #isThere: IsThere;
  readonly #cuts: AbortSignal;
  readonly #live = new Set<Call>();
  /** Not watched yet: of this period, and of the one before it. A call that is over is in none, so that its request is free at once. */
  #young = new Set<Call>();
  #old = new Set<Call>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The system has told once whether a client is there. */
  #tells = false;

  /** @param cuts Aborts when what is under way must end. */
  constructor(isThere: IsThere, cuts: AbortSignal) {
    this.#isThere = isThere;
    this.#cuts = cuts;
    cuts.addEventListener("abort", () => {
      for (const call of this.#live) call.abort(cuts.reason);
    }, { once: true });
  }

  /** A call of that client begins. */
  begin(client: Client): Call {
    const call = new Call(client, this.#live);
    if (this.#cuts.aborted) call.abort(this.#cuts.reason);
    else if (client.shared || client.claims.peer === "socket" || !this.#canTell(client)) call.watch();
    else this.#later(call);
    return call;
  }

  /** No call begins any more, and no timer is left behind. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #canTell({ claims }: Client): boolean {
    return this.#tells ||= this.#isThere(claims) !== undefined;
  }

  #later(call: Call): void {
    call.wait(this.#young);
    this.#timer ??= setTimeout(() => this.#watchOld(), WATCH_MS);
  }

  #watchOld(): void {
    for (const call of this.#old) {
      call.watch();
      if (this.#isThere(call.client.claims) === false) {
        call.abort(new DOMException("The client has gone", "AbortError"));
      }
    }
    this.#old = this.#young;
    this.#young = new Set();
    this.#timer = this.#old.size === 0 ? undefined : setTimeout(() => this.#watchOld(), WATCH_MS);
  }
}

/** One call. */
export class Call {
  readonly client: Client;
  readonly #controller = new AbortController();
  readonly #live: Set<Call>;
  #waiting: Set<Call> | undefined;

  constructor(client: Client, live: Set<Call>) {
    this.client = client;
    this.#live = live;
    live.add(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** It is one of those that are to be watched later. */
  wait(waiting: Set<Call>): void {
    this.#waiting = waiting;
    waiting.add(this);
  }

  /** From now on it ends when its client goes. */
  watch(): void {
    const { signal } = this.client.request;
    if (signal.aborted) return this.abort(signal.reason);
    signal.addEventListener("abort", () => this.abort(signal.reason), { once: true });
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The call is over: nothing ends it any more. More often does no harm. */
  end(): void {
    this.#live.delete(this);
    this.#waiting?.delete(this);
  }
}
