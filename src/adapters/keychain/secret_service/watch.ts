/**
 * A deadline over native calls: each must answer within it, or all are cancelled.
 *
 * @module
 */

import {
  errorSlot,
  type Glib,
  handleEvents,
  type NativeStatus,
  type Pointer,
  takeError,
} from "../../../../ffi/glib.ts";

/** How long a cancelled call may take to come back before it is left to itself. */
const GRACE_MS = 1_000;

/** A native call that ended with a `GError`. */
export class NativeFailure extends Error {
  override readonly name = "NativeFailure";

  constructor(readonly status: NativeStatus) {
    super(`${status.domain} ${status.code}`);
  }
}

/** Calls that share one `GCancellable`, for the length of one operation of the keychain. */
export class Watch implements Disposable {
  /** Whether the deadline passed without an answer. */
  expired = false;
  readonly #glib: Glib;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #cancellable: Pointer;
  readonly #stuck = Promise.withResolvers<never>();
  readonly #stop = (): void => this.#cancel();
  /** What running calls point into: referenced here, because the runtime does not keep buffers of non-blocking calls. */
  readonly #pinned = new Set<readonly unknown[]>();
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(glib: Glib, timeoutMs: number, signal?: AbortSignal) {
    this.#glib = glib;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    this.#cancellable = glib.g_cancellable_new();
    this.#stuck.promise.catch(() => {});
    signal?.addEventListener("abort", this.#stop, { once: true });
    if (signal?.aborted) this.#cancel();
  }

  /**
   * Runs one native call. `pinned` are the buffers whose addresses it was given.
   *
   * @throws {NativeFailure} When it set a `GError`, or was cancelled and never came back.
   */
  async call<T>(
    run: (cancellable: Pointer, error: Uint8Array<ArrayBuffer>) => Promise<T>,
    pinned: readonly unknown[] = [],
  ): Promise<T> {
    const slot = errorSlot();
    const pins = [slot, ...pinned];
    this.#pinned.add(pins);
    this.#rearm();
    const returned = run(this.#cancellable, slot).finally(() => this.#pinned.delete(pins));
    const result = await Promise.race([returned, this.#stuck.promise]);
    const status = takeError(this.#glib, slot);
    if (status !== undefined) throw new NativeFailure(status);
    this.#rearm();
    return result;
  }

  /** An answer is progress: a batch of a thousand may take long, silence may not. */
  #rearm(): void {
    clearTimeout(this.#deadline);
    if (this.expired || this.#signal?.aborted) return;
    this.#deadline = setTimeout(() => {
      this.expired = true;
      this.#cancel();
    }, this.#timeoutMs);
  }

  #cancel(): void {
    clearTimeout(this.#deadline);
    this.#glib.g_cancellable_cancel(this.#cancellable);
    this.#grace ??= setTimeout(() => {
      this.#stuck.reject(new NativeFailure({ domain: "g-io-error-quark", code: 19 }));
    }, GRACE_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#grace);
    this.#signal?.removeEventListener("abort", this.#stop);
    // A call that never came back still uses the cancellable; its pending promise keeps the pinned buffers.
    if (this.#pinned.size === 0) this.#glib.g_object_unref(this.#cancellable);
    handleEvents(this.#glib);
  }
}
