/**
 * What the adapters are built of, and what closes them.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";
import type { Files } from "../ports/files.ts";
import type { Random } from "../ports/random.ts";
import type { Places } from "../vault/places.ts";

/** What the adapters are built of. */
export interface Basis {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly places: Places;
  readonly opened: Opened;
}

/** What was opened during the command, to be closed in reverse when it ends. */
export class Opened {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything; what fails to close is let go with the process. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch {
        // Nothing was acknowledged that is not durable, so an unclean close loses nothing.
      }
    }
  }
}

/** The first call makes it, later calls get the same; one that failed is forgotten. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) {
      made = make();
      made.catch(() => made = undefined);
    }
    return made;
  };
}
