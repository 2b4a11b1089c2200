/**
 * Progress of a long call, for a client that asked for it: what is being waited for, and that the server is alive.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";
import type { ServerContext } from "./sdk.ts";

/** Shortest time between two notifications, in ms. */
const PACE_MS = 500;
/** A call that says nothing is reported again after this many ms: clients that wait for progress give up after a minute. */
const HEARTBEAT_MS = 5_000;

/** Sends notifications until disposed. Without a progress token it does nothing. */
export class Progress implements Disposable {
  readonly #clock: Pick<Clock, "monotonicMs" | "sleep">;
  readonly #context: ServerContext;
  readonly #startMs: number;
  readonly #ended = new AbortController();
  #sentMs = -Infinity;
  #message = "";

  constructor(clock: Pick<Clock, "monotonicMs" | "sleep">, context: ServerContext) {
    this.#clock = clock;
    this.#context = context;
    this.#startMs = clock.monotonicMs();
    if (this.#token !== undefined) this.#beat().catch(() => {}); // ends by being aborted
  }

  /** Says what is going on; too quick a successor of another message is left out. */
  say(message: string): void {
    this.#message = message;
    if (this.#token !== undefined && this.#clock.monotonicMs() - this.#sentMs >= PACE_MS) this.#send();
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  get #token(): string | number | undefined {
    return this.#context.mcpReq._meta?.progressToken;
  }

  async #beat(): Promise<void> {
    for (;;) {
      await this.#clock.sleep(HEARTBEAT_MS, this.#ended.signal);
      if (this.#clock.monotonicMs() - this.#sentMs >= HEARTBEAT_MS) this.#send();
    }
  }

  #send(): void {
    this.#sentMs = this.#clock.monotonicMs();
    const params = {
      progressToken: this.#token!,
      // Seconds since the call began: it must grow each time, and an answer's length is seldom known.
      progress: Math.max(1, Math.round(this.#sentMs - this.#startMs)) / 1000,
      message: this.#message,
    };
    // A client that went away needs no progress.
    this.#context.mcpReq.notify({ method: "notifications/progress", params }).catch(() => {});
  }
}
