/**
 * Kept connections, by origin. One is used again only for an address that the newest check gave, and only when nothing came over it
 * since its last answer: an unexpected byte would be taken for the beginning of somebody else's answer.
 *
 * @module
 */

import type { Channel } from "./channel.ts";

/** Most connections that rest at the same time. */
export const MAX_RESTING = 128;
/** How long one rests, in ms; below what common servers allow. */
export const REST_MS = 30_000;
/** A server's own limit is undercut by this, in ms: its end would cross our request on the way. */
const MARGIN_MS = 1_000;

/** Lends and keeps connections; knows all that are open. */
export class ChannelPool {
  /** Those that rest, oldest first. */
  readonly #resting = new Map<Channel, string>();
  readonly #open = new Set<Channel>();

  /** A connection that rested, the newest first: it is the least likely to have been closed. */
  take(origin: string, addresses: readonly string[]): Channel | undefined {
    let found: Channel | undefined;
    for (const [channel, itsOrigin] of this.#resting) {
      if (itsOrigin !== origin) continue;
      if (addresses.includes(channel.address)) found = channel;
      // The name no longer leads there.
      else this.drop(channel);
    }
    if (found === undefined) return undefined;
    this.#resting.delete(found);
    found.wake();
    return found;
  }

  /** A new connection, lent at once. */
  add(channel: Channel): void {
    this.#open.add(channel);
  }

  /**
   * Takes one back after an exchange that ended cleanly.
   *
   * @param keepMs How long the upstream said that it keeps it.
   */
  keep(origin: string, channel: Channel, keepMs: number = Infinity): void {
    const restMs = Math.min(REST_MS, keepMs - MARGIN_MS);
    if (restMs <= 0 || channel.here > 0 || channel.over || !this.#open.has(channel)) return this.drop(channel);
    this.#resting.set(channel, origin);
    channel.rest(restMs, () => this.drop(channel));
    if (this.#resting.size > MAX_RESTING) this.drop(this.#resting.keys().next().value!);
  }

  /** Closes one. */
  drop(channel: Channel): void {
    this.#resting.delete(channel);
    this.#open.delete(channel);
    channel.close();
  }

  /** Closes all, those that are lent too. */
  close(): void {
    for (const channel of this.#open) this.drop(channel);
  }

  /** How many connections are open, and how many of them rest. */
  get size(): { readonly open: number; readonly resting: number } {
    return { open: this.#open.size, resting: this.#resting.size };
  }
}
