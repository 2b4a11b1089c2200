/**
 * Requests that were read and not answered yet: what must not be lost when a client pipes its requests in and closes our input.
 *
 * @module
 */

import type { JSONRPCMessage, RequestId, StdioServerTransport } from "./sdk.ts";

/** Watches a connected transport. */
export class Pending {
  readonly #open = new Set<RequestId>();
  #waiting: (() => void)[] = [];

  constructor(transport: StdioServerTransport) {
    const receive = transport.onmessage, send = transport.send.bind(transport);
    transport.onmessage = (message) => {
      this.#received(message);
      receive?.(message);
    };
    transport.send = async (message) => {
      await send(message);
      if ("id" in message && !("method" in message) && message.id !== undefined) this.#close(message.id);
    };
  }

  /** Resolves when everything is answered, at once when it is. */
  settled(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  #received(message: JSONRPCMessage): void {
    if (!("method" in message)) return;
    if ("id" in message) this.#open.add(message.id);
    // A cancelled request gets no answer.
    else if (message.method === "notifications/cancelled") this.#close(message.params?.["requestId"] as RequestId);
  }

  #close(id: RequestId): void {
    this.#open.delete(id);
    if (this.#open.size === 0) { for (const wake of this.#waiting.splice(0)) wake(); }
  }
}
