/**
 * Whose process is at the other end of a loopback connection. Linux tells, through netlink where that may be used and through
 * `/proc/net` otherwise; other systems are not asked.
 *
 * In a container this sees the container's own network, and users as its user namespace numbers them. A user that has no number
 * there shows as the overflow id: that counts as another user, also when we run under that id ourselves and could not tell.
 *
 * @module
 */

import type { Peers, PeerUser, SocketOwners, TcpPeer } from "../../ports/peer.ts";
import { peerUid } from "./socket_table.ts";

/** Where to look. */
export interface SystemPeersOptions {
  /** Opened at the first question; without it, or where it gives nothing, the tables are read. */
  readonly kernel?: () => SocketOwners | undefined;
  /** Where the kernel shows its files; other than `/proc` in tests only. */
  readonly proc?: string;
}

/** Asks the kernel about one socket, or reads `/proc/net/tcp` and `tcp6`. One for the whole process: it learns which way works. */
export class SystemPeers implements Peers {
  readonly #proc: string;
  readonly #open: () => SocketOwners | undefined;
  #kernel: SocketOwners | "unopened" | "useless" = "unopened";
  /** The kernel has found a socket: that it finds none is an answer from then on. */
  #proven = false;
  #self: number | undefined;

  constructor({ kernel = () => undefined, proc = "/proc" }: SystemPeersOptions = {}) {
    this.#open = kernel;
    this.#proc = proc;
  }

  userOf(peer: TcpPeer): PeerUser | Promise<PeerUser> {
    if (Deno.build.os !== "linux") return "unchecked";
    return this.#self === undefined ? this.#userAtFirst(peer) : this.#compare(peer, this.#self);
  }

  isOpen(peer: TcpPeer): boolean | undefined {
    const open = this.#opened()?.isOpen(peer);
    if (open === true) this.#proven = true;
    return this.#proven && open !== "unknown" ? open : undefined;
  }

  async #userAtFirst(peer: TcpPeer): Promise<PeerUser> {
    return await this.#compare(peer, this.#self = await ownUid(this.#proc));
  }

  #compare(peer: TcpPeer, self: number): PeerUser | Promise<PeerUser> {
    const owner = this.#ask(peer);
    if (typeof owner === "number") return owner === self ? "same" : "other";
    if (owner === "none" && this.#proven) return "other";
    return this.#compareInTables(peer, self);
  }

  async #compareInTables(peer: TcpPeer, self: number): Promise<PeerUser> {
    const uid = await this.#uidInTables(peer);
    // A kernel that lacks the module for TCP says of every socket that there is none.
    if (uid !== undefined && !this.#proven) this.#kernel = "useless";
    return uid === self ? "same" : "other";
  }

  #ask(peer: TcpPeer): number | "none" | "unknown" {
    const owner = this.#opened()?.ownerOf(peer) ?? "unknown";
    if (typeof owner === "number") this.#proven = true;
    return owner;
  }

  #opened(): SocketOwners | undefined {
    if (this.#kernel === "unopened") this.#kernel = this.#open() ?? "useless";
    return this.#kernel === "useless" ? undefined : this.#kernel;
  }

  async #uidInTables(peer: TcpPeer): Promise<number | undefined> {
    const families = peer.remote.hostname.includes(":") ? ["tcp6"] as const : ["tcp", "tcp6"] as const;
    for (const family of families) {
      // A table that cannot be read tells nothing, and nothing is a refusal.
      const table = await Deno.readTextFile(`${this.#proc}/net/${family}`).catch(() => "");
      const uid = peerUid(table, peer, family);
      if (uid !== undefined) return uid;
    }
    return undefined;
  }
}

/** No user's number. */
const NOBODY = -1;

/** Our own user id, or that of nobody when it is the overflow id: 65534 unless the administrator chose another. */
async function ownUid(proc: string): Promise<number> {
  const text = await Deno.readTextFile(`${proc}/sys/kernel/overflowuid`).catch(() => "");
  const overflow = /^\d+\s*$/.test(text) ? Number(text) : 65_534;
  const uid = Deno.uid();
  return uid === null || uid === overflow ? NOBODY : uid;
}
