/**
 * The door of this home: in this process, or in sealed mode the broker's.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { CallDoor, CallRequest, CallResponse } from "../proxy/door.ts";
import { isSealed, requireConfig } from "../vault/config.ts";
import { createCallDoor } from "./call.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** A door that knows where to go once the first call comes. @throws {AppError} `not_initialised` at the first call */
export function openCallDoor(ports: WorldWithEngine): CallDoor & Disposable {
  return new HomeDoor(ports);
}

class HomeDoor implements CallDoor, Disposable {
  readonly #ports: WorldWithEngine;
  #door: Promise<CallDoor & Partial<Disposable>> | undefined;

  constructor(ports: WorldWithEngine) {
    this.#ports = ports;
  }

  async call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    return await (await this.#chosen()).call(request, signal);
  }

  /** One for all calls. A failure is forgotten: the door may live for days, and a person make an account meanwhile. */
  #chosen(): Promise<CallDoor & Partial<Disposable>> {
    if (this.#door === undefined) {
      const door = this.#choose();
      this.#door = door;
      door.catch(() => this.#door === door && (this.#door = undefined));
    }
    return this.#door;
  }

  async #choose(): Promise<CallDoor & Partial<Disposable>> {
    const { files, places, broker, workingFolder } = this.#ports;
    if (!isSealed(await requireConfig(files, places))) return createCallDoor(this.#ports);
    if (this.#ports.upstreamProxy !== undefined) {
      throw new AppError("usage", {
        problem:
          "Cannot use --upstream-proxy here: the vault is sealed and the running proxy makes the calls; give it to 'agentsecrets proxy start'",
      });
    }
    const { BrokerDoor } = await import("./broker/client.ts");
    return new BrokerDoor(broker, workingFolder);
  }

  [Symbol.dispose](): void {
    this.#door?.then((door) => door[Symbol.dispose]?.(), () => {});
    this.#door = undefined;
  }
}
