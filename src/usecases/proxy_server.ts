/**
 * The verb `proxy start`: the local HTTP proxy in the foreground, one per home.
 *
 * @module
 */

import type { CallDoor } from "../proxy/door.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** What a listener serves. */
export interface ListenerOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly door: CallDoor;
  /** What `GET /health` answers. */
  health(): Promise<ProxyHealth>;
}

/** Body of `GET /health`. */
export interface ProxyHealth {
  readonly status: "ok";
  readonly version: string;
  /** The active project's name, or an empty string. */
  readonly project: string;
  readonly environment: string;
}

/** A listener that accepts. */
export interface Listener {
  readonly port: number;
  /** `127.0.0.1:8765`, `[::1]:8765`. */
  readonly addresses: readonly string[];
  /** Accepts nothing new and resolves when the running calls have ended, or after `timeoutMs`, when they are cut. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** Opens the door. @throws {AppError} `port_in_use` */
export type StartListener = (options: ListenerOptions) => Promise<Listener>;

/** Facts of a running proxy, as kept in proxy.json. Times in ms since the epoch. */
export interface ProxyState {
  readonly pid: number;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly startedAt: number;
  readonly project: string;
  readonly environment: string;
}

/** How to start. */
export interface StartProxyInput {
  /** Default: config.json's, then 8765. */
  readonly port?: number;
}

/**
 * Serves until `signal` aborts, then drains (at most 10 s). `onReady` is called once connections are accepted.
 *
 * @throws {AppError} `not_initialised`, `proxy_running`, `port_in_use`
 */
export declare function runProxy(
  ports: WorldWithEngine,
  input: StartProxyInput,
  onReady: (state: ProxyState) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void>;
