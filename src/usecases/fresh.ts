/**
 * {@linkcode Fresh}: something that was read and verified, used again for as long as nothing changed, and never when it is old.
 *
 * A call may use what was current at most {@linkcode FRESH_MS} ago, so a change by another process holds within a second
 * (docs/spec/proxy.md §2, step 3). Where the sources can be looked at (files: some stat(2) calls), a change shows at the next look and
 * holds at once; where they cannot (a system keychain, a server elsewhere), everything is read anew beside the calls.
 *
 * @module
 */

import type { Stamp } from "../kernel/stamp.ts";
import type { Clock } from "../ports/clock.ts";

/** Oldest proof of being current with which a call may go on, in ms. */
export const FRESH_MS = 900;
/** No look in this time after the last, in ms: shorter than any other process needs to change something and say so. */
const LOOK_MS = 10;
/** From this age of the last proof on it is loaded anew beside the calls, in ms. */
const RENEW_MS = 400;
/** However unchanged its sources look: clocks can be set back. In ms. */
const OLDEST_MS = 30_000;

/** Where it comes from. */
export interface Source<T> {
  /** How the sources look now; undefined where they cannot tell. */
  look(): Stamp | undefined;
  /** Reads and verifies. */
  load(): Promise<T>;
}

/** One use. Disposing of it ends the use; not doing so keeps what is used in memory. */
export interface Loan<T> extends Disposable {
  readonly value: T;
}

/** What one load gave. It is disposed of when it was replaced or dropped, and the last use has ended. */
class Loaded<T extends Disposable> {
  readonly value: T;
  readonly stamp: Stamp | undefined;
  readonly loadedMs: number;
  /** When it was last known to be current. */
  provenMs: number;
  lookedMs: number;
  /** A look has shown a change. */
  changed = false;
  #uses = 0;
  #dropped = false;

  constructor(value: T, stamp: Stamp | undefined, loadedMs: number) {
    this.value = value;
    this.stamp = stamp;
    this.loadedMs = this.provenMs = this.lookedMs = loadedMs;
  }

  get dropped(): boolean {
    return this.#dropped;
  }

  lend(): Loan<T> {
    this.#uses++;
    return new Use(this);
  }

  /** A use has ended. */
  returned(): void {
    this.#uses--;
    this.#settle();
  }

  drop(): void {
    this.#dropped = true;
    this.#settle();
  }

  #settle(): void {
    if (this.#dropped && this.#uses === 0) this.value[Symbol.dispose]();
  }
}

/** One use of it. */
class Use<T extends Disposable> implements Loan<T> {
  readonly value: T;
  #of: Loaded<T> | undefined;

  constructor(of: Loaded<T>) {
    this.#of = of;
    this.value = of.value;
  }

  [Symbol.dispose](): void {
    this.#of?.returned();
    this.#of = undefined;
  }
}

/** Lends the newest. */
export class Fresh<T extends Disposable> implements Disposable {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #source: Source<T>;
  #loaded: Loaded<T> | undefined;
  #loading: Promise<Loaded<T>> | undefined;
  #usedMs: number;

  constructor(clock: Pick<Clock, "monotonicMs">, source: Source<T>) {
    this.#clock = clock;
    this.#source = source;
    this.#usedMs = clock.monotonicMs();
  }

  /** When it was last asked for, on the clock that never goes back. */
  get usedMs(): number {
    return this.#usedMs;
  }

  /** The newest, without waiting; undefined when it has to be loaded first: {@linkcode Fresh.take}. */
  takeNow(): Loan<T> | undefined {
    return this.#newest()?.lend();
  }

  /** As {@linkcode Fresh.takeNow}, to be looked at before anything is waited for: after that it may be gone. */
  peekNow(): T | undefined {
    return this.#newest()?.value;
  }

  /** The newest. Rejects with what `load` rejects with. */
  async take(): Promise<Loan<T>> {
    const askedMs = this.#clock.monotonicMs();
    for (;;) {
      const now = this.takeNow();
      if (now !== undefined) return now;
      const loaded = await this.#load();
      // Dropped while it was loading: it may be what somebody wanted forgotten. Begun before it was asked for: something may have
      // changed in between, so it is looked at.
      if (!loaded.dropped && loaded.loadedMs >= askedMs) return loaded.lend();
    }
  }

  /** Loads anew at the next use. */
  drop(): void {
    this.#loaded?.drop();
    this.#loaded = undefined;
    this.#loading = undefined;
  }

  [Symbol.dispose](): void {
    this.drop();
  }

  #newest(): Loaded<T> | undefined {
    const now = this.#usedMs = this.#clock.monotonicMs();
    return this.#loaded !== undefined && this.#isFresh(this.#loaded, now) ? this.#loaded : undefined;
  }

  #isFresh(loaded: Loaded<T>, now: number): boolean {
    if (!loaded.changed && now - loaded.lookedMs > LOOK_MS && loaded.stamp !== undefined) {
      loaded.lookedMs = now;
      loaded.changed = this.#source.look()?.text !== loaded.stamp.text;
      if (loaded.stamp.settled && now - loaded.loadedMs < OLDEST_MS) loaded.provenMs = now;
    }
    const age = now - loaded.provenMs;
    if (loaded.changed || age > FRESH_MS) return false;
    if (age > RENEW_MS) this.#load().catch(() => {});
    return true;
  }

  /** One at a time: all who ask meanwhile share it. A failure leaves nothing behind that was current before. */
  #load(): Promise<Loaded<T>> {
    if (this.#loading !== undefined) return this.#loading;
    // The look comes before the reading: what changes in between shows at the next look.
    const loadedMs = this.#clock.monotonicMs(), stamp = this.#source.look();
    const loading = this.#source.load().then((value) => {
      const loaded = new Loaded(value, stamp, loadedMs);
      if (this.#loading !== loading) {
        loaded.drop();
        return loaded;
      }
      this.#loading = undefined;
      this.#loaded?.drop();
      return this.#loaded = loaded;
    }, (error) => {
      if (this.#loading === loading) this.drop();
      throw error;
    });
    return this.#loading = loading;
  }
}
