/**
 * Requests that were read and not answered yet: what must not be lost when a client pipes its requests in and closes our input.
 *
 * @module
 */

import type { JSONRPCMessage, RequestId } from "./sdk.ts";

/** Answered when the connection ends, not before. */
const STANDING = "subscriptions/listen";

export class Pending {
  readonly #open = new Set<RequestId>();
  #waiting: (() => void)[] = [];

  /** Resolves when everything is answered, at once when it is. */
  settled(): Promise<void> {
    return this.#open.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  received(message: JSONRPCMessage): void {
    if (!("method" in message) || message.method === STANDING) return;
    if ("id" in message) this.#open.add(message.id);
    // A cancelled request gets no answer.
    else if (message.method === "notifications/cancelled") this.#close(message.params?.["requestId"] as RequestId);
  }

  sent(message: JSONRPCMessage): void {
    if ("id" in message && !("method" in message) && message.id !== undefined) this.#close(message.id);
  }

  #close(id: RequestId): void {
    this.#open.delete(id);
    if (this.#open.size === 0) { for (const wake of this.#waiting.splice(0)) wake(); }
  }
}
