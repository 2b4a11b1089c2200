/**
 * Whose process is at the other end of a loopback connection. Linux tells (`/proc/net`); other systems are not asked.
 *
 * In a container this sees the container's own network, and users as its user namespace numbers them. A user that has no number
 * there shows as the overflow id: that counts as another user, also when we run under that id ourselves and could not tell.
 *
 * @module
 */

import type { Peers, PeerUser, TcpPeer } from "../../ports/peer.ts";
import { peerUid } from "./socket_table.ts";

/** Reads `/proc/net/tcp` and `tcp6`. */
export class SystemPeers implements Peers {
  readonly #folder: string;

  /** @param folder Where the tables are; other than `/proc/net` in tests only. */
  constructor(folder = "/proc/net") {
    this.#folder = folder;
  }

  async userOf(peer: TcpPeer): Promise<PeerUser> {
    if (Deno.build.os !== "linux") return "unchecked";
    const uid = await this.#uidOf(peer);
    return uid !== undefined && uid === Deno.uid() && uid !== await overflowUid() ? "same" : "other";
  }

  async #uidOf(peer: TcpPeer): Promise<number | undefined> {
    const families = peer.remote.hostname.includes(":") ? ["tcp6"] as const : ["tcp", "tcp6"] as const;
    for (const family of families) {
      // A table that cannot be read tells nothing, and nothing is a refusal.
      const table = await Deno.readTextFile(`${this.#folder}/${family}`).catch(() => "");
      const uid = peerUid(table, peer, family);
      if (uid !== undefined) return uid;
    }
    return undefined;
  }
}

/** 65534 unless the administrator chose another. */
async function overflowUid(): Promise<number> {
  const text = await Deno.readTextFile("/proc/sys/kernel/overflowuid").catch(() => "");
  return /^\d+\s*$/.test(text) ? Number(text) : 65_534;
}
