/**
 * How many calls may be under way at once: each holds memory and sockets, and a thousand that never end must not take the
 * machine along. And when the last one is over: a process that ends before would take records along that are not on the disk yet.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";

/** Calls under way at once, live streams and WebSockets included. */
export const MAX_CALLS = 2048;

/** Counts calls. */
export class Gate {
  readonly #max: number;
  #open = 0;
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(max: number = MAX_CALLS) {
    this.#max = max;
  }

  /** Lets one in; call what it returns once the call is over, more often does no harm. @throws {AppError} `too_many_calls` */
  enter(): () => void {
    if (this.#open >= this.#max) throw new AppError("too_many_calls", { maxCalls: this.#max });
    this.#open++;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--this.#open > 0) return;
      this.#emptied?.resolve();
      this.#emptied = undefined;
    };
  }

  /** Resolves when no call is under way. */
  async empty(): Promise<void> {
    if (this.#open > 0) await (this.#emptied ??= Promise.withResolvers()).promise;
  }
}
