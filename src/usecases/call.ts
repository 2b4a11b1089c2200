/**
 * The verb `call`: a request goes out with credentials in place, the answer comes back redacted.
 *
 * @module
 */

import type { CallDoor, CallRequest, CallResponse, CallSocket, SocketDoor } from "../proxy/door.ts";
import { type ErrorCode, isAppError } from "../kernel/error.ts";
import { Engine } from "../proxy/engine.ts";
import { KEEP_MS } from "../proxy/resolved_values.ts";
import { type OpenCallContext, openCallContext, selectionOf } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

export type {
  Body,
  CallDoor,
  Caller,
  CallOutcome,
  CallRequest,
  CallResponse,
  CallSocket,
  HeaderLine,
  InjectionLine,
  SocketDoor,
  SocketMessage,
  UpstreamTimeouts,
} from "../proxy/door.ts";

/** A door in this process, which holds values for a short time. */
export interface LocalCallDoor extends CallDoor, SocketDoor, Disposable {
  /** How many values are held in memory now. */
  readonly held: number;
  /** Drops every value that is held in memory. */
  forget(): void;
}

/** After these there is no account, or no open keychain, whose values could be needed again. */
const CLOSING: readonly ErrorCode[] = ["not_initialised", "not_logged_in", "keychain_locked", "keychain_absent"];

/**
 * A door whose engine runs in this process. Each call opens the workspace of the request (or the active one) anew, takes the
 * allowlist from its freshly verified log and reads the values from the keychain, so a change by another process holds at once.
 * What was read stays a needle for redaction for a minute after the last call that read it (src/proxy/resolved_values.ts), and not
 * after `forget`, a logout or a locked keychain.
 */
export function createCallDoor(ports: WorldWithEngine): LocalCallDoor {
  return new LocalDoor(ports);
}

class LocalDoor implements LocalCallDoor {
  readonly #ports: WorldWithEngine;
  readonly #ended = new AbortController();
  #engine: Promise<Engine> | undefined;
  #made: Engine | undefined;
  #sweeping = false;

  constructor(ports: WorldWithEngine) {
    this.#ports = ports;
  }

  call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    return this.#through(request, signal, (engine, { context, audit }) => engine.call(request, context, audit, signal));
  }

  connect(request: CallRequest, signal?: AbortSignal): Promise<CallSocket> {
    return this.#through(request, signal, (engine, { context, audit }) => {
      return engine.connect(request, context, audit, signal);
    });
  }

  async #through<T extends Pick<CallResponse, "outcome">>(
    request: CallRequest,
    signal: AbortSignal | undefined,
    work: (engine: Engine, open: OpenCallContext) => Promise<T>,
  ): Promise<T> {
    const open = await this.#open(request, signal);
    const dispose = (): void => open[Symbol.dispose]();
    try {
      const answer = await work(await this.#openEngine(), open);
      // The record at the end still needs the device's key.
      answer.outcome.then(dispose, dispose);
      return answer;
    } catch (error) {
      dispose();
      throw error;
    } finally {
      this.#sweep();
    }
  }

  get held(): number {
    return this.#made?.held ?? 0;
  }

  forget(): void {
    this.#made?.forget();
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#made?.[Symbol.dispose]();
  }

  async #open(request: CallRequest, signal: AbortSignal | undefined): Promise<OpenCallContext> {
    try {
      return await openCallContext(this.#ports, selectionOf(request), signal);
    } catch (error) {
      if (isAppError(error, ...CLOSING)) this.forget();
      throw error;
    }
  }

  /** Looks every minute whether values can go, as long as there are any. */
  #sweep(): void {
    if (this.#sweeping || this.held === 0) return;
    this.#sweeping = true;
    this.#ports.clock.sleep(KEEP_MS, this.#ended.signal).then(() => {
      this.#sweeping = false;
      this.#made?.forgetUnseen();
      this.#sweep();
    }, () => {});
  }

  /** One for all calls. A keychain that was locked or absent is asked again: the door may live for days. */
  #openEngine(): Promise<Engine> {
    if (this.#engine === undefined) {
      const engine = this.#makeEngine();
      this.#engine = engine;
      engine.catch(() => this.#engine === engine && (this.#engine = undefined));
    }
    return this.#engine;
  }

  async #makeEngine(): Promise<Engine> {
    const { dns, clock, upstream } = this.#ports;
    const secrets = await this.#ports.secretReader();
    return this.#made = new Engine({ secrets, dns, clock, upstream: () => upstream.call(this.#ports) });
  }
}
