/**
 * The door of this home: in this process, or in sealed mode the broker's. A person may seal or unseal the home while it is open.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { CallDoor, CallRequest, CallResponse } from "../proxy/door.ts";
import { type Config, isSealed } from "../vault/config.ts";
import { createCallDoor, type LocalCallDoor } from "./call.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { PerVault } from "./per_vault.ts";

/** A door for a process that may make many calls. */
export interface LastingCallDoor extends CallDoor, Disposable {
  /** As {@linkcode LocalCallDoor.vouch}; in sealed mode the broker does it. */
  vouch(): Promise<void>;
}

/** A door that knows where to go once the first call comes. @throws {AppError} `not_initialised` at the first call */
export function openCallDoor(ports: WorldWithEngine): LastingCallDoor {
  return new HomeDoor(ports);
}

/** A door in this process, or one to the broker. */
type ChosenDoor = CallDoor & Partial<LocalCallDoor>;

class HomeDoor implements LastingCallDoor {
  readonly #doors: PerVault<ChosenDoor>;
  #last: ChosenDoor | undefined;

  constructor(ports: WorldWithEngine) {
    this.#doors = new PerVault(ports, {
      make: async (config) => this.#last = await choose(ports, config),
      // Calls under way keep what they began with.
      retire: (door) => door[Symbol.dispose]?.(),
    });
  }

  async call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    return await (await this.#doors.current()).call(request, signal);
  }

  async vouch(): Promise<void> {
    await this.#last?.vouch?.();
  }

  [Symbol.dispose](): void {
    this.#doors.drop();
  }
}

async function choose(ports: WorldWithEngine, config: Config): Promise<ChosenDoor> {
  if (!isSealed(config)) return createCallDoor(ports);
  if (ports.upstreamProxy !== undefined) {
    throw new AppError("usage", {
      problem:
        "Cannot use --upstream-proxy here: the vault is sealed and the running proxy makes the calls; give it to 'agentsecrets proxy start'",
    });
  }
  const { BrokerDoor } = await import("./broker/client.ts");
  return new BrokerDoor(ports.broker, ports.workingFolder);
}
