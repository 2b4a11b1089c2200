/**
 * Keeps a resolver's answers for a second, and asks for a name that is being asked for only once: a look-up of the operating system
 * takes a thread and a good part of a call's own time.
 *
 * Rebinding gains nothing by it: each call checks the addresses that it gets here and connects to those and no others, whenever
 * they were found.
 *
 * @module
 */

import type { Clock } from "../../ports/clock.ts";
import type { Dns } from "../../ports/dns.ts";

/** How long an answer serves, in ms. The operating system tells no time to live; none that matters is shorter. */
const KEEP_MS = 1_000;
/** Names that are kept at once. */
const MAX_NAMES = 256;

type Addresses = readonly string[];

interface Answer {
  readonly addresses: Addresses;
  /** On the monotonic clock. */
  readonly until: number;
}

/** A resolver that remembers for a second. */
export class RecentDns implements Dns {
  readonly #dns: Dns;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #answers = new Map<string, Answer>();
  readonly #asked = new Map<string, Promise<Addresses>>();

  constructor(dns: Dns, clock: Pick<Clock, "monotonicMs">) {
    this.#dns = dns;
    this.#clock = clock;
  }

  async resolve(host: string, signal?: AbortSignal): Promise<Addresses> {
    signal?.throwIfAborted();
    const answer = this.#answers.get(host);
    if (answer !== undefined && this.#clock.monotonicMs() < answer.until) return answer.addresses;
    return await unlessAborted(this.#ask(host), signal);
  }

  /** Not the caller's signal: others may wait for the same answer. */
  #ask(host: string): Promise<Addresses> {
    let asked = this.#asked.get(host);
    if (asked === undefined) {
      asked = this.#dns.resolve(host).then((addresses) => this.#keep(host, addresses)).finally(() => {
        this.#asked.delete(host);
      });
      this.#asked.set(host, asked);
    }
    return asked;
  }

  #keep(host: string, addresses: Addresses): Addresses {
    // The map's order is that of the answers: the oldest goes.
    this.#answers.delete(host);
    if (this.#answers.size >= MAX_NAMES) this.#answers.delete(this.#answers.keys().next().value!);
    const kept = Object.freeze([...addresses]);
    this.#answers.set(host, { addresses: kept, until: this.#clock.monotonicMs() + KEEP_MS });
    return kept;
  }
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
