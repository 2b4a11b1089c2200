/**
 * A WebSocket on its way through the engine: what the upstream says is redacted, what the caller says goes out as it is (the
 * caller has no values), and the end is on record before the caller learns of it (docs/spec/proxy.md §2).
 *
 * A value within a message is replaced, however the message was cut into fragments. A value that is cut over several messages cannot
 * be replaced where nothing was held back, so messages are held while they end in what may be the beginning of a value, and the
 * socket is ended when it turns out to be one. Holding one tells that its end is such a beginning (src/proxy/redact/even_stream.ts):
 * it is done once, and from then on messages pass as they come, until a socket is ended for a value that is complete.
 *
 * @module
 */

import { AppError, toAppError } from "../kernel/error.ts";
import { MIN_REDACTABLE_BYTES } from "../kernel/limits.ts";
import {
  MAX_MESSAGE_BYTES,
  type SocketEnd,
  type SocketMessage,
  type UpstreamSocket,
} from "../ports/upstream_socket.ts";
import type { CallOutcome, CallSocket } from "./door.ts";
import type { Wariness } from "./redact/even_stream.ts";
import type { RedactionStream, Redactor } from "./redact/redactor.ts";
import { bytesInTurns, giveWay, TURN_WORK } from "./redact/turns.ts";

/** The close code for what policy does not let pass (RFC 6455 §7.4.1). */
const POLICY_VIOLATION = 1008;

const NO_BYTES = new Uint8Array(0);

/** Puts the end on record. */
export type RecordEnd = (redacted: boolean, failure?: AppError) => Promise<CallOutcome>;

/** {@linkcode CallSocket} over an upstream's socket. */
export class RedactedSocket implements CallSocket {
  readonly outcome: Promise<CallOutcome>;
  readonly #upstream: UpstreamSocket;
  readonly #redactor: Redactor;
  readonly #wariness: Wariness;
  /** Runs over all messages and sees the values that are cut by their ends. */
  readonly #across: RedactionStream;
  readonly #settle: PromiseWithResolvers<CallOutcome>;
  readonly #record: RecordEnd;
  readonly #ready: SocketMessage[] = [];
  #held: SocketMessage[] = [];
  #redacted = false;
  #end: SocketEnd | undefined;
  #recorded: Promise<void> | undefined;

  constructor(upstream: UpstreamSocket, redactor: Redactor, wariness: Wariness, record: RecordEnd) {
    this.#wariness = wariness;
    this.#upstream = upstream;
    this.#redactor = redactor;
    this.#across = redactor.stream();
    this.#record = record;
    this.#settle = Promise.withResolvers<CallOutcome>();
    this.outcome = this.#settle.promise;
    this.outcome.catch(() => {}); // a caller that receives to the end sees the failure there
  }

  get protocol(): string {
    return this.#upstream.protocol;
  }

  async receive(): Promise<SocketMessage | SocketEnd> {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      if (this.#end !== undefined) return await this.#finished(this.#end);
      await this.#next();
    }
  }

  send(message: SocketMessage): Promise<void> {
    return this.#upstream.send(message);
  }

  close(code?: number, reason?: string): void {
    this.#upstream.close(code, reason);
  }

  async cut(): Promise<void> {
    this.#upstream.cut();
    await this.#recordOnce(new AppError("cancelled"));
  }

  async #next(): Promise<void> {
    let event: SocketMessage | SocketEnd;
    try {
      event = await this.#upstream.receive();
    } catch (error) {
      const failure = toAppError(error);
      await this.#recordOnce(failure);
      throw failure;
    }
    if ("kind" in event) await this.#pass(event);
    else this.#ends(event);
  }

  async #pass(message: SocketMessage): Promise<void> {
    const bytes = await bytesInTurns(this.#redactor, message.bytes) as SocketMessage["bytes"];
    if (bytes !== message.bytes) this.#redacted = true;
    for (let chunk: Uint8Array = bytes;; chunk = NO_BYTES) {
      this.#across.push(chunk, TURN_WORK);
      if (!this.#across.busy) break;
      await giveWay();
    }
    // Each message alone holds no value any more: what is found now began in an earlier one.
    if (this.#across.redacted) return this.#refuse();
    this.#held.push({ kind: message.kind, bytes });
    const heldBytes = this.#across.heldBytes;
    if (heldBytes < MIN_REDACTABLE_BYTES || this.#wariness.isWary) {
      return void this.#ready.push(...this.#held.splice(0));
    }
    this.#wariness.paused(heldBytes);
    if (this.#held.reduce((sum, held) => sum + held.bytes.length, 0) > MAX_MESSAGE_BYTES) this.#refuse();
  }

  /** What is held is the beginning of a value: it goes nowhere. */
  #refuse(): void {
    this.#redacted = true;
    this.#held = [];
    this.#upstream.close(POLICY_VIOLATION);
    this.#upstream.cut();
    this.#end = { code: POLICY_VIOLATION, reason: "" };
  }

  #ends({ code, reason }: SocketEnd): void {
    const shown = this.#redactor.text(reason);
    if (shown !== reason) this.#redacted = true;
    // No more can follow, so what is held is no value.
    this.#ready.push(...this.#held.splice(0));
    this.#end = { code, reason: shown };
  }

  async #finished(end: SocketEnd): Promise<SocketEnd> {
    await this.#recordOnce();
    await this.outcome;
    return end;
  }

  #recordOnce(failure?: AppError): Promise<void> {
    return this.#recorded ??= this.#record(this.#redacted, failure).then(
      (outcome) => failure === undefined ? this.#settle.resolve(outcome) : this.#settle.reject(failure),
      (error) => this.#settle.reject(error),
    );
  }
}
