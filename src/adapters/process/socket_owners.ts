/**
 * Asks the Linux kernel, through a netlink socket, whose the socket at the other end of a loopback connection is.
 *
 * Some µs a question, where reading `/proc/net/tcp` takes ms on a machine with many sockets.
 *
 * @module
 */

import { socketAnswer, type SocketFacts, type SocketName, SocketQuestion } from "../../../ffi/inet_diag.ts";
import { DiagnosticSocket } from "../../../ffi/netlink.ts";
import type { Endpoint, SocketOwners, TcpPeer } from "../../ports/peer.ts";

/** Where questions go and answers come from. */
export type Channel = Pick<DiagnosticSocket, "send" | "receive">;

/** States of netinet/tcp.h. */
const ESTABLISHED = 1, FIN_WAIT1 = 4, FIN_WAIT2 = 5, CLOSE_WAIT = 8;
/** Connected, also when one end has closed its half. */
const CONNECTED: ReadonlySet<number> = new Set([ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT]);
/** Answers to earlier questions that may wait before ours. */
const MAX_STALE = 16;
const V4_LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const V6_LOOPBACK = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);

/** Undefined where the system has no such sockets or refuses them (seccomp, gVisor, another system than Linux). */
export function openSocketOwners(): SocketOwners | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return new KernelSocketOwners(new DiagnosticSocket());
  } catch {
    return undefined;
  }
}

/** Asks through one channel. */
export class KernelSocketOwners implements SocketOwners {
  readonly #channel: Channel;
  readonly #question = new SocketQuestion();
  #sequence = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  ownerOf(peer: TcpPeer): number | "none" | "unknown" {
    const name = socketName(peer);
    if (name === undefined) return "none";
    const answer = this.#ask(name);
    if (typeof answer === "string") return answer;
    // Without an inode no process holds the socket, and the user that is shown is the administrator's, whoever opened it.
    return answer.inode !== 0 && CONNECTED.has(answer.state) ? answer.uid : "none";
  }

  isOpen(peer: TcpPeer): boolean | "unknown" {
    const name = socketName(peer);
    if (name === undefined) return "unknown";
    const answer = this.#ask(name);
    if (typeof answer === "string") return answer === "none" ? false : answer;
    return answer.inode !== 0 && answer.state === ESTABLISHED;
  }

  #ask(name: SocketName): SocketFacts | "none" | "unknown" {
    this.#sequence = (this.#sequence + 1) >>> 0;
    this.#question.write(name, this.#sequence);
    if (!this.#channel.send(this.#question.bytes)) return "unknown";
    for (let left = MAX_STALE; left > 0; left--) {
      const datagram = this.#channel.receive();
      if (datagram === undefined) return "unknown";
      const answer = socketAnswer(datagram, name, this.#sequence);
      if (answer === "failed") return "unknown";
      if (answer !== "unrelated") return answer;
    }
    return "unknown";
  }
}

/** The peer's own socket: its source is where the connection comes from. Undefined for addresses that are none of loopback's. */
function socketName({ local, remote }: TcpPeer): SocketName | undefined {
  const source = addressOf(remote), destination = addressOf(local);
  if (source === undefined || destination === undefined || source.length !== destination.length) return undefined;
  return { source, sourcePort: remote.port, destination, destinationPort: local.port };
}

function addressOf({ hostname }: Endpoint): Uint8Array | undefined {
  if (hostname === "127.0.0.1") return V4_LOOPBACK;
  if (hostname === "::1") return V6_LOOPBACK;
  const numbers = hostname.split(".").map(Number);
  const valid = numbers.length === 4 && numbers.every((n) => Number.isInteger(n) && n >= 0 && n <= 255);
  return valid ? Uint8Array.from(numbers) : undefined;
}
