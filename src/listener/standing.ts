/**
 * A server that goes on after Deno's has given up. When this process has no descriptor left for another connection, Deno's loop ends
 * with an error that would end the program, and with it the records of calls under way: whoever can open connections could do that,
 * other users of the machine included.
 *
 * @module
 */

import type { Serving } from "./serve.ts";

/** How long to wait before listening again, in ms: at first not at all, as somebody else could take the address meanwhile. */
const PAUSES_MS = [0, 5, 20, 100];

/** Listens on one address. */
export class StandingServer<A extends Deno.Addr> implements Serving {
  readonly #listen: (addr: A | undefined) => Deno.HttpServer<A>;
  /** The newest; those before it still answer what they had accepted. */
  #server: Deno.HttpServer<A>;
  #attempts = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ending = false;

  /** @param listen Binds, at the address that it had when there was one. @throws what `listen` throws */
  constructor(listen: (addr: A | undefined) => Deno.HttpServer<A>) {
    this.#listen = listen;
    this.#server = this.#start(undefined);
  }

  get addr(): A {
    return this.#server.addr;
  }

  async shutdown(): Promise<void> {
    this.#ending = true;
    clearTimeout(this.#timer);
    await this.#server.shutdown();
  }

  #start(addr: A | undefined): Deno.HttpServer<A> {
    const server = this.#listen(addr), { addr: bound } = server;
    server.finished.catch(() => this.#again(bound));
    return server;
  }

  /** Tries until it succeeds: most of the time somebody closes a connection sooner or later. */
  #again(addr: A): void {
    if (this.#ending) return;
    const pause = PAUSES_MS[Math.min(this.#attempts++, PAUSES_MS.length - 1)]!;
    const listen = (): void => {
      try {
        this.#server = this.#start(addr);
      } catch {
        this.#again(addr);
      }
    };
    if (pause === 0) return listen();
    this.#timer = setTimeout(() => {
      if (!this.#ending) listen();
    }, pause);
  }
}
