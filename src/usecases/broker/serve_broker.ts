/**
 * The broker's life inside `proxy start` of a sealed home: it opens with the proxy and its keys go before the proxy does.
 *
 * @module
 */

import type { LocalCallDoor } from "../call.ts";
import type { WorldWithEngine } from "../engine_ports.ts";
import { proxyStatus, stopProxy } from "../proxy_control.ts";
import { brokerStatus } from "./client.ts";
import { type Broker, SealedBroker } from "./sealed_broker.ts";

/** What the broker's listener serves. */
export interface BrokerListenerOptions {
  /** Absolute path of the socket. */
  readonly path: string;
  readonly broker: Broker;
}

/** A broker's socket that accepts. */
export interface BrokerListener {
  /** Accepts nothing new and resolves when the running conversations have ended, or after `timeoutMs`, when they are cut. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** Opens the socket. @throws {AppError} `file_unwritable` */
export type StartBroker = (options: BrokerListenerOptions) => Promise<BrokerListener>;

/** A broker that serves. Disposing of it ends its conversations and drops its keys. */
export interface OpenBroker extends AsyncDisposable {
  /** For the proxy's other doors: they lock with the broker. */
  readonly door: SealedBroker;
}

/** How long nobody may use a broker before it locks, unless told otherwise: one hour, in ms. */
export const LOCK_AFTER_MS = 60 * 60 * 1000;
/** How long running conversations may go on after the proxy was asked to end, in ms. */
const DRAIN_MS = 10_000;

/** Opens the broker of a vault that is open in this process. @throws {AppError} `file_unwritable` */
export async function openBroker(
  ports: WorldWithEngine,
  local: LocalCallDoor,
  lockAfterMs: number | undefined,
  signal: AbortSignal,
): Promise<OpenBroker> {
  const broker = new SealedBroker(ports, local, { idleMs: lockAfterMs ?? LOCK_AFTER_MS });
  const listener = await ports.listenBroker({ path: ports.places.brokerSocket, broker });
  const idle = broker.lockWhenIdle(signal);
  return {
    door: broker,
    [Symbol.asyncDispose]: async () => {
      await listener.shutdown(DRAIN_MS);
      await broker.lock();
      await idle;
    },
  };
}

/** A broker that has locked is of no more use: a new one, whose password a person is about to type, takes its place. */
export async function takeOverLockedBroker(ports: WorldWithEngine, signal?: AbortSignal): Promise<void> {
  const broker = await brokerStatus(ports.broker).catch(() => undefined);
  if (broker?.state !== "locked" || !(await proxyStatus(ports)).running) return;
  await stopProxy(ports, signal);
}
