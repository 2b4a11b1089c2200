/**
 * A time limit that is moved with every request and hardly ever runs out: one timer for its whole life, which looks at the newest
 * deadline when it fires. Setting a timer for each wait would cost more than the wait.
 *
 * @module
 */

/** One limit at a time. */
export class Limit {
  #deadline = Infinity;
  #ms = 0;
  #late: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Infinity;

  /** Calls `late` when `ms` pass without {@linkcode touch}, {@linkcode stop} or another begin. */
  begin(ms: number, late: () => void): void {
    this.#ms = ms;
    this.#late = late;
    this.#deadline = performance.now() + ms;
    if (this.#deadline < this.#firesAt) this.#arm(ms);
  }

  /** There was a sign of life: the running limit starts over. */
  touch(): void {
    if (this.#deadline !== Infinity) this.#deadline = performance.now() + this.#ms;
  }

  stop(): void {
    this.#deadline = Infinity;
  }

  /** Frees the timer. */
  end(): void {
    this.stop();
    this.#firesAt = Infinity;
    clearTimeout(this.#timer);
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = performance.now() + ms;
    this.#timer = setTimeout(() => this.#fire(), ms);
  }

  #fire(): void {
    this.#firesAt = Infinity;
    if (this.#deadline === Infinity) return;
    const leftMs = this.#deadline - performance.now();
    if (leftMs > 0) return this.#arm(leftMs);
    this.#deadline = Infinity;
    this.#late();
  }
}
