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

/** What may end calls under way. */
export class Cancellations {
  readonly #isThere: IsThere;
  readonly #cuts: AbortSignal;
  readonly #live = new LiveCalls();
  /** Counts the looks at who is still there. */
  #period = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The system has told once whether a client is there. */
  #tells = false;

  /** @param cuts Aborts when what is under way must end. */
  constructor(isThere: IsThere, cuts: AbortSignal) {
    this.#isThere = isThere;
    this.#cuts = cuts;
    cuts.addEventListener("abort", () => {
      for (const call of this.#live.all()) call.abort(cuts.reason);
    }, { once: true });
  }

  /** A call of that client begins. */
  begin(client: Client): Call {
    const call = new Call(client, this.#live, this.#period);
    if (this.#cuts.aborted) call.abort(this.#cuts.reason);
    else if (client.shared || client.claims.peer === "socket" || !this.#canTell(client)) call.watch();
    else this.#timer ??= setTimeout(() => this.#watchOld(), WATCH_MS);
    return call;
  }

  /** No call begins any more, and no timer is left behind. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #canTell({ claims }: Client): boolean {
    return this.#tells ||= this.#isThere(claims) !== undefined;
  }

  /** Watches the calls that began before the last look. */
  #watchOld(): void {
    const young = this.#period++;
    let isOneLeft = false;
    for (const call of this.#live.all()) {
      if (call.isWatched) continue;
      if (call.period === young) {
        isOneLeft = true;
        continue;
      }
      call.watch();
      if (this.#isThere(call.client.claims) === false) {
        call.abort(new DOMException("The client has gone", "AbortError"));
      }
    }
    this.#timer = isOneLeft ? setTimeout(() => this.#watchOld(), WATCH_MS) : undefined;
  }
}

/**
 * The calls under way. Not a Set: V8 makes a new table for one that is always written to, and each old table keeps the next one and
 * what was in it then until all memory is gone through. A third of all requests stayed that long.
 */
class LiveCalls {
  readonly #calls: Call[] = [];

  all(): readonly Call[] {
    return [...this.#calls];
  }

  add(call: Call): void {
    call.place = this.#calls.push(call) - 1;
  }

  /** More often does no harm. */
  remove(call: Call): void {
    const { place } = call;
    if (place === undefined) return;
    const last = this.#calls.pop()!;
    if (last !== call) {
      this.#calls[place] = last;
      last.place = place;
    }
    call.place = undefined;
  }
}

/** One call. */
export class Call {
  readonly client: Client;
  /** At which look it began. */
  readonly period: number;
  /** Where it is among the calls under way; undefined once it is over. */
  place: number | undefined;
  readonly #controller = new AbortController();
  readonly #live: LiveCalls;
  #isWatched = false;

  constructor(client: Client, live: LiveCalls, period: number) {
    this.client = client;
    this.period = period;
    this.#live = live;
    live.add(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isWatched(): boolean {
    return this.#isWatched;
  }

  /** From now on it ends when its client goes. */
  watch(): void {
    this.#isWatched = true;
    const { signal } = this.client.request;
    if (signal.aborted) return this.abort(signal.reason);
    signal.addEventListener("abort", () => this.abort(signal.reason), { once: true });
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The call is over: nothing ends it any more. More often does no harm. */
  end(): void {
    this.#live.remove(this);
  }
}
