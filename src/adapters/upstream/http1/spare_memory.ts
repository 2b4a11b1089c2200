/** Memory that all connections of a client share for what they do not need but are faster with. @module */

/** For bodies that come faster than they go: 85 of them at a time. */
export const SPARE_BYTES = 16 * 1024 * 1024;

/** Lends bytes by their number. */
export class SpareMemory {
  #left: number;

  constructor(bytes: number = SPARE_BYTES) {
    this.#left = bytes;
  }

  /** Whether `bytes` may be used, until they are given back. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}
