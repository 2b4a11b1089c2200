/**
 * JSON-RPC on standard input and output, one message a line (the protocol's stdio binding). The SDK's own transport drops what is
 * still being answered when the input ends; this one goes on writing, as somebody may have piped requests in.
 *
 * @module
 */

import process from "node:process";
import { Lines } from "./lines.ts";
import { Pending } from "./pending.ts";
import { refusalOf } from "./revision.ts";
import { deserializeMessage, type JSONRPCMessage, serializeMessage, type Transport } from "./sdk.ts";

/** Longest message that a client may send, in bytes; a longer one ends the session. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

export class StandardStreams implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #lines = new Lines(MAX_MESSAGE_BYTES);
  readonly #pending = new Pending();
  readonly #gone = Promise.withResolvers<"ended" | "cut">();
  #closed = false;

  /** Resolves when the client closed our input (`ended`), or nothing can be read or written any more (`cut`). */
  get gone(): Promise<"ended" | "cut"> {
    return this.#gone.promise;
  }

  /** Resolves when everything that was read is answered. */
  answered(): Promise<void> {
    return this.#pending.settled();
  }

  start(): Promise<void> {
    process.stdin.on("data", this.#read);
    process.stdin.once("end", () => this.#gone.resolve("ended"));
    process.stdin.once("error", () => this.#gone.resolve("cut"));
    // Without a listener a reader that went away would end the process before running calls are on record.
    process.stdout.on("error", () => this.#gone.resolve("cut"));
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    try {
      await write(serializeMessage(message));
    } finally {
      this.#pending.sent(message);
    }
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      process.stdin.off("data", this.#read).pause();
      this.#gone.resolve("cut");
      this.onclose?.();
    }
    return Promise.resolve();
  }

  readonly #read = (bytes: Uint8Array): void => {
    try {
      for (const line of this.#lines.add(bytes)) this.#receive(line);
    } catch {
      this.close(); // too long
    }
  };

  #receive(line: string): void {
    const message = messageOf(line);
    if (message === undefined || this.#closed) return;
    this.#pending.received(message);
    const refusal = refusalOf(message);
    if (refusal === undefined) this.onmessage?.(message);
    else this.send(refusal).catch(() => {}); // a client that went away needs no answer
  }
}

/** Undefined for a line that is no message: noise is no reason to fall silent. */
function messageOf(line: string): JSONRPCMessage | undefined {
  try {
    return deserializeMessage(line);
  } catch {
    return undefined;
  }
}

function write(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(line, (error) => error === null || error === undefined ? resolve() : reject(error));
  });
}
