/**
 * The verb `call`: a request goes out with credentials in place, the answer comes back redacted.
 *
 * @module
 */

import type { CallDoor, CallRequest, CallResponse, CallSocket, SocketDoor } from "../proxy/door.ts";
import { AppError, type ErrorCode, isAppError } from "../kernel/error.ts";
import { Engine } from "../proxy/engine.ts";
import { KEEP_MS } from "../proxy/resolved_values.ts";
import { type OpenCallContext, selectionOf } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import type { Loan } from "./fresh.ts";
import { HeldSecrets } from "./held_secrets.ts";
import { StandingContexts } from "./standing_contexts.ts";

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
  /**
   * Has the keychain vouch for the newest record that came through this door, also when it is disposed of: before a process that makes
   * many calls ends. A keychain that takes seconds is not waited for.
   */
  vouch(): Promise<void>;
}

/** After these there is no account, or no open keychain, whose values could be needed again. */
const CLOSING: readonly ErrorCode[] = [
  "not_initialised",
  "not_logged_in",
  "keychain_locked",
  "keychain_absent",
  "vault_moved",
];

/**
 * A door whose engine runs in this process. A call uses the workspace of its request (or the active one), the allowlist of its
 * verified log and the values of the keychain as they were less than a second ago (src/usecases/fresh.ts): a change by another
 * process holds at once where it shows in files, and within a second everywhere.
 * What was read stays a needle for redaction for a minute after the last call that read it (src/proxy/resolved_values.ts), and not
 * after `forget`, a logout or a locked keychain.
 */
export function createCallDoor(ports: WorldWithEngine): LocalCallDoor {
  return new LocalDoor(ports);
}

/** How long the last checkpoint may take, in ms. */
const VOUCH_MS = 2_000;
/** How often what nobody used for a minute is looked for, in ms. */
const SWEEP_MS = 5_000;

class LocalDoor implements LocalCallDoor {
  readonly #ports: WorldWithEngine;
  readonly #ended = new AbortController();
  readonly #contexts: StandingContexts;
  #engine: Promise<Made> | undefined;
  #made: Made | undefined;
  #sweeping = false;

  constructor(ports: WorldWithEngine) {
    this.#ports = ports;
    this.#contexts = new StandingContexts(ports);
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
    this.#ended.signal.throwIfAborted();
    const loan = this.#contexts.takeNow(request) ?? await this.#open(request);
    const end = (): void => loan[Symbol.dispose]();
    try {
      signal?.throwIfAborted();
      const { engine } = this.#made ?? await this.#openEngine();
      const answer = await work(engine, loan.value);
      // The record at the end still needs the device's key.
      answer.outcome.then(end, end);
      return answer;
    } catch (error) {
      end();
      throw error;
    } finally {
      this.#sweep();
    }
  }

  get held(): number {
    return this.#made?.engine.held ?? 0;
  }

  forget(): void {
    this.#made?.engine.forget();
    this.#made?.secrets[Symbol.dispose]();
    this.#contexts[Symbol.dispose]();
  }

  async vouch(): Promise<void> {
    const stop = new AbortController();
    const late = this.#ports.clock.sleep(VOUCH_MS, stop.signal).catch(() => {});
    await Promise.race([this.#contexts.vouch(), late]);
    stop.abort();
  }

  [Symbol.dispose](): void {
    this.#ended.abort(new AppError("cancelled"));
    this.forget();
    this.#made?.engine[Symbol.dispose]();
  }

  async #open(request: CallRequest): Promise<Loan<OpenCallContext>> {
    try {
      return await this.#contexts.take(selectionOf(request));
    } catch (error) {
      if (isAppError(error, ...CLOSING)) this.forget();
      throw error;
    }
  }

  /** Looks again and again whether values and keys can go, as long as there are any. */
  #sweep(): void {
    if (this.#sweeping || (this.held === 0 && this.#contexts.size === 0)) return;
    this.#sweeping = true;
    const { clock } = this.#ports;
    clock.sleep(SWEEP_MS, this.#ended.signal).then(() => {
      this.#sweeping = false;
      const sinceMs = clock.monotonicMs() - KEEP_MS + 1;
      this.#contexts.dropUnused(sinceMs);
      this.#made?.secrets.dropUnused(sinceMs);
      this.#made?.engine.forgetUnseen();
      this.#sweep();
    }, () => {});
  }

  /** One for all calls. A keychain that was locked or absent is asked again: the door may live for days. */
  #openEngine(): Promise<Made> {
    if (this.#engine === undefined) {
      const engine = this.#makeEngine();
      this.#engine = engine;
      engine.catch(() => this.#engine === engine && (this.#engine = undefined));
    }
    return this.#engine;
  }

  async #makeEngine(): Promise<Made> {
    const { dns, clock, upstream } = this.#ports;
    const secrets = new HeldSecrets(clock, await this.#ports.secretReader(), await this.#ports.keychain());
    const engine = new Engine({ secrets, dns, clock, upstream: () => upstream.call(this.#ports) });
    return this.#made = { engine, secrets };
  }
}

/** What is made at the first call. */
interface Made {
  readonly engine: Engine;
  readonly secrets: HeldSecrets;
}
