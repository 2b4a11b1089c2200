/**
 * The payloads of one message, joined as they come: kept one by one, an upstream that sends fragments of a byte or of none would fill
 * the memory with what stands around them.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";

/** One message. */
export class Fragments {
  /** As large as twice the payloads, and a message of one fragment is that. */
  #buffer: Bytes = new Uint8Array(0);
  #size = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** @param payload Must not change afterwards. */
  add(payload: Bytes): void {
    if (this.#size === 0) this.#buffer = payload;
    else this.#append(payload);
    this.#size += payload.length;
  }

  /** All of it; nothing may be added then. */
  joined(): Bytes {
    return this.#size === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, this.#size);
  }

  #append(payload: Bytes): void {
    const size = this.#size + payload.length;
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(2 * size);
      larger.set(this.#buffer.subarray(0, this.#size));
      this.#buffer = larger;
    }
    this.#buffer.set(payload, this.#size);
  }
}
