/**
 * The verb `proxy lock`, for a broker that another process runs. Locking needs no password: it only takes away.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { DEFAULT_PROXY_PORT } from "../kernel/limits.ts";
import { isSealed, requireConfig } from "../vault/config.ts";
import { brokerStatus, lockBroker } from "./broker/client.ts";
import type { BrokerStatus } from "./broker/messages.ts";
import type { Ports } from "./ports.ts";

export type { BrokerStatus };
type LockPorts = Pick<Ports, "files" | "places" | "broker">;

/** @throws {AppError} `unsupported` when the vault is not sealed, `proxy_not_running` */
export async function lockProxy(ports: LockPorts): Promise<void> {
  if (!isSealed(await requireConfig(ports.files, ports.places))) {
    throw new AppError("unsupported", {
      what: "a lock",
      reason: "only a sealed vault (init --storage-mode 3) has one",
    });
  }
  if (await lockBroker(ports.broker)) return;
  throw new AppError("proxy_not_running", { address: `127.0.0.1:${DEFAULT_PROXY_PORT}` });
}

/** Of a sealed home: what its broker is; undefined when none runs, or the home is not sealed. */
export async function sealedStatus(ports: LockPorts): Promise<BrokerStatus | undefined> {
  const sealed = isSealed(await requireConfig(ports.files, ports.places));
  return sealed ? await brokerStatus(ports.broker).catch(() => undefined) : undefined;
}
