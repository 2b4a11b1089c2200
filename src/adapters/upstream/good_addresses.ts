/**
 * Which of an origin's addresses answered last: tried first, so that a dead one costs its delay once and not with every connection.
 *
 * @module
 */

/** Most origins that are remembered. */
const MAX_ORIGINS = 256;

/** Remembers one address an origin. */
export class GoodAddresses {
  /** Oldest first. */
  readonly #last = new Map<string, string>();

  /** `addresses`, the one that answered last in front if it is among them. */
  order(origin: string, addresses: readonly string[]): readonly string[] {
    const good = this.#last.get(origin);
    if (good === undefined || addresses[0] === good || !addresses.includes(good)) return addresses;
    return [good, ...addresses.filter((address) => address !== good)];
  }

  answered(origin: string, address: string): void {
    this.#last.delete(origin);
    this.#last.set(origin, address);
    if (this.#last.size > MAX_ORIGINS) this.#last.delete(this.#last.keys().next().value!);
  }
}
