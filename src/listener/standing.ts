/**
 * A server that goes on after Deno's has given up. When this process has no descriptor left for another connection, Deno's loop ends
 * with an error that would end the program, and with it the records of calls under way: whoever can open connections could do that,
 * other users of the machine included.
 *
 * Until there are descriptors again the address is held without being served, and callers wait in the system's queue: who took it
 * meanwhile would be told what clients tell us.
 *
 * @module
 */

import type { Serving } from "./serve.ts";

/** How often to look for descriptors, in ms. */
const LOOK_MS = 20;

/** One address, and how to get hold of it. */
export interface Address<A extends Deno.Addr> {
  /** Serves; at the address `again` when there was one. */
  listen(again: A | undefined): Deno.HttpServer<A>;
  /** A hold on an address that is served, or undefined: then {@linkcode Address.hold}. */
  keep(addr: A): Disposable | undefined;
  /**
   * A hold on an address that Deno's server has let go of; undefined where nobody else could take it.
   *
   * @throws {Deno.errors.AddrInUse} somebody was faster
   */
  hold(addr: A): Disposable | undefined;
}

/** Runs `work` after `ms`; the result calls it off. */
export type Later = (work: () => void, ms: number) => () => void;

const later: Later = (work, ms) => {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
};

/** Listens on one address. */
export class StandingServer<A extends Deno.Addr> implements Serving {
  readonly #address: Address<A>;
  readonly #hasDescriptors: () => boolean;
  readonly #later: Later;
  readonly #lost = Promise.withResolvers<A>();
  /** The newest; those before it still answer what they had accepted. */
  #server: Deno.HttpServer<A>;
  #held: Disposable | undefined;
  #callOff: (() => void) | undefined;
  #ending = false;

  /**
   * @param hasDescriptors Whether there are enough for another call.
   * @throws what `address.listen` throws
   */
  constructor(address: Address<A>, hasDescriptors: () => boolean, wait: Later = later) {
    this.#address = address;
    this.#hasDescriptors = hasDescriptors;
    this.#later = wait;
    this.#server = this.#start(undefined);
  }

  get addr(): A {
    return this.#server.addr;
  }

  /** Resolves with the address when somebody else has it. */
  get lost(): Promise<A> {
    return this.#lost.promise;
  }

  async shutdown(): Promise<void> {
    this.#ending = true;
    this.#callOff?.();
    this.#letGo();
    // One that has given up has nothing left to say.
    await Promise.allSettled([this.#server.shutdown(), this.#server.finished]);
  }

  #start(again: A | undefined): Deno.HttpServer<A> {
    const server = this.#address.listen(again), { addr } = server;
    this.#held = this.#address.keep(addr);
    server.finished.catch(() => this.#hold(addr));
    return server;
  }

  /** Deno's server has let go of the address. */
  #hold(addr: A): void {
    if (this.#ending) return;
    try {
      this.#held ??= this.#address.hold(addr);
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) return this.#lost.resolve(addr);
      return this.#wait(() => this.#hold(addr));
    }
    this.#resume(addr);
  }

  /** Serves once there are descriptors: with too few, the first callers would only take the last one again. */
  #resume(addr: A): void {
    if (!this.#hasDescriptors()) return this.#wait(() => this.#resume(addr));
    // In one go with what follows; who is faster all the same is noticed.
    this.#letGo();
    try {
      this.#server = this.#start(addr);
    } catch {
      this.#hold(addr);
    }
  }

  #letGo(): void {
    this.#held?.[Symbol.dispose]();
    this.#held = undefined;
  }

  #wait(work: () => void): void {
    this.#callOff = this.#later(work, LOOK_MS);
  }
}
