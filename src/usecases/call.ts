/**
 * The verb `call`: a request goes out with credentials in place, the answer comes back redacted.
 *
 * @module
 */

import type { CallDoor, CallRequest, CallResponse } from "../proxy/door.ts";
import { Engine } from "../proxy/engine.ts";
import { openCallContext, selectionOf } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

export type {
  Body,
  CallDoor,
  Caller,
  CallOutcome,
  CallRequest,
  CallResponse,
  HeaderLine,
  InjectionLine,
  UpstreamTimeouts,
} from "../proxy/door.ts";

/**
 * A door whose engine runs in this process. Each call opens the workspace of the request (or the active one) anew and takes the
 * allowlist from its freshly verified log, so a change by another process holds at once. What was resolved stays a needle for
 * redaction as long as the door lives.
 */
export function createCallDoor(ports: WorldWithEngine): CallDoor {
  return new LocalDoor(ports);
}

class LocalDoor implements CallDoor {
  readonly #ports: WorldWithEngine;
  #engine: Promise<Engine> | undefined;

  constructor(ports: WorldWithEngine) {
    this.#ports = ports;
  }

  async call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    const open = await openCallContext(this.#ports, selectionOf(request), signal);
    const dispose = (): void => open[Symbol.dispose]();
    try {
      const engine = await (this.#engine ??= this.#makeEngine());
      const response = await engine.call(request, open.context, open.audit, signal);
      // The record at the end of the body still needs the device's key.
      response.outcome.then(dispose, dispose);
      return response;
    } catch (error) {
      dispose();
      throw error;
    }
  }

  async #makeEngine(): Promise<Engine> {
    const { dns, clock, upstream } = this.#ports;
    const secrets = await this.#ports.secretReader();
    return new Engine({ secrets, dns, clock, upstream: () => upstream.call(this.#ports) });
  }
}
