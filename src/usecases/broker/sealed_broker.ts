/**
 * What the broker does: calls and names while its vault is open, nothing after it was locked. It locks when nobody used it for
 * some time, when it is told to, and when it ends; only a new start with the account's password opens the vault again.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type {
  CallDoor,
  CallOutcome,
  CallRequest,
  CallResponse,
  CallSocket,
  SocketDoor,
  SocketEnd,
  SocketMessage,
} from "../../proxy/door.ts";
import type { LocalCallDoor } from "../call.ts";
import type { WorldWithEngine } from "../engine_ports.ts";
import { listOwnSecrets, type ListSecretsResult } from "../secrets/list.ts";
import type { EnvironmentInput } from "../secrets/outcome.ts";
import type { BrokerStatus } from "./messages.ts";

/** What stands behind the broker's socket. Nothing in it has a way to say a value. */
export interface Broker extends CallDoor {
  names(input: EnvironmentInput, signal?: AbortSignal): Promise<ListSecretsResult>;
  status(): BrokerStatus;
  /** Resolves when the keys are gone. Running calls are cut. */
  lock(): Promise<void>;
}

/** How long cut calls may take to be put on record before the keys go, in ms. */
const CUT_MS = 2_000;

/** The broker of an open sealed vault. */
export class SealedBroker implements Broker, SocketDoor {
  readonly #ports: WorldWithEngine;
  readonly #idleMs: number;
  readonly #door: LocalCallDoor;
  readonly #cut = new AbortController();
  /** What a lock cuts and waits for. */
  readonly #running = new Set<Promise<unknown>>();
  /** How many of them are a use of the vault by being there: all but WebSockets. */
  #calls = 0;
  #usedAt: number;
  #locking: Promise<void> | undefined;

  /** `idleMs` 0: never of itself. */
  constructor(ports: WorldWithEngine, door: LocalCallDoor, { idleMs }: { readonly idleMs: number }) {
    this.#ports = ports;
    this.#idleMs = idleMs;
    this.#door = door;
    this.#usedAt = ports.clock.now();
  }

  async call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    return await this.#use(signal, async (both) => {
      const response = await this.#door.call(request, both);
      return { result: response, until: response.outcome };
    });
  }

  /** A WebSocket is cut like a call, but its messages are the use: one that is merely open does not keep the vault open. */
  async connect(request: CallRequest, signal?: AbortSignal): Promise<CallSocket> {
    return await this.#use(signal, async (both) => {
      const socket = new UsedSocket(
        await this.#door.connect(request, both),
        () => this.#usedAt = this.#ports.clock.now(),
      );
      const cut = (): void => void socket.cut().catch(() => {});
      this.#cut.signal.addEventListener("abort", cut, { once: true });
      const done = (): void => this.#cut.signal.removeEventListener("abort", cut);
      return { result: socket, until: socket.outcome.finally(done) };
    }, "socket");
  }

  async names(input: EnvironmentInput, signal?: AbortSignal): Promise<ListSecretsResult> {
    return await this.#use(signal, async (both) => {
      const result = await listOwnSecrets({ ...this.#ports, workingFolder: input.folder }, input, both);
      return { result, until: Promise.resolve() };
    });
  }

  /** Drops every value that is held in memory; the keys stay. */
  forget(): void {
    this.#door.forget();
  }

  status(): BrokerStatus {
    const { pid } = this.#ports.processes;
    if (this.#locking !== undefined) return { state: "locked", pid };
    return { state: "unlocked", pid, ...(this.#idleMs === 0 ? {} : { locksAt: this.#usedAt + this.#idleMs }) };
  }

  lock(): Promise<void> {
    return this.#locking ??= this.#lock();
  }

  /** Locks when the time has come; ends when `signal` aborts. A machine that slept through the time locks when it wakes. */
  async lockWhenIdle(signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    while (this.#idleMs > 0 && this.#locking === undefined && !signal.aborted) {
      if (this.#calls > 0) this.#usedAt = clock.now();
      const left = this.#left();
      if (left <= 0) return await this.lock();
      await clock.sleep(Math.min(left, 30_000), signal).catch(() => {});
    }
  }

  #left(): number {
    return this.#usedAt + this.#idleMs - this.#ports.clock.now();
  }

  async #use<T>(
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<{ readonly result: T; readonly until: Promise<unknown> }>,
    kind: "call" | "socket" = "call",
  ): Promise<T> {
    if (this.#idleMs > 0 && this.#calls === 0 && this.#left() <= 0) await this.lock();
    if (this.#locking !== undefined) throw new AppError("vault_sealed");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#running.add(promise);
    const calls = kind === "call" ? 1 : 0;
    this.#calls += calls;
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      this.#running.delete(promise);
      this.#calls -= calls;
      this.#usedAt = this.#ports.clock.now();
      resolve();
    };
    try {
      const both = signal === undefined ? this.#cut.signal : AbortSignal.any([signal, this.#cut.signal]);
      const { result, until } = await work(both);
      until.then(end, end);
      return result;
    } catch (error) {
      end();
      if (this.#locking !== undefined) throw new AppError("vault_sealed", undefined, { cause: error });
      throw error;
    }
  }

  async #lock(): Promise<void> {
    // In this order: what is cut off is put on record while its key is still there.
    await Promise.resolve();
    this.#cut.abort(new AppError("vault_sealed"));
    const enough = new AbortController();
    await Promise.race([
      Promise.all(this.#running),
      this.#ports.clock.sleep(CUT_MS, enough.signal).catch(() => {}),
    ]);
    enough.abort();
    this.#ports.vaults.seal();
    this.#door[Symbol.dispose]();
  }
}

/** Says when a message passes, in either direction. */
class UsedSocket implements CallSocket {
  readonly #socket: CallSocket;
  readonly #onUse: () => void;

  constructor(socket: CallSocket, onUse: () => void) {
    this.#socket = socket;
    this.#onUse = onUse;
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  get outcome(): Promise<CallOutcome> {
    return this.#socket.outcome;
  }

  async receive(): Promise<SocketMessage | SocketEnd> {
    const event = await this.#socket.receive();
    this.#onUse();
    return event;
  }

  send(message: SocketMessage): Promise<void> {
    this.#onUse();
    return this.#socket.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  cut(): Promise<void> {
    return this.#socket.cut();
  }
}
