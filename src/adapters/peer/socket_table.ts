/**
 * The kernel's table of TCP sockets as text (proc_pid_net(5), `/proc/net/tcp` and `tcp6`): which user owns the socket at the other
 * end of a loopback connection. Pure.
 *
 * @module
 */

import type { Endpoint, TcpPeer } from "../../ports/peer.ts";

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
/** Positions of the columns after splitting at spaces. */
const LOCAL = 1, REMOTE = 2, STATE = 3, UID = 7, INODE = 9;
/** ESTABLISHED, and as far as the peer may have ended its half: FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT (netinet/tcp.h). */
const CONNECTED: ReadonlySet<string> = new Set(["01", "04", "05", "08"]);

/**
 * The user id of the peer's own socket, whose local end is our remote one. Undefined when the table has no such socket, or only
 * one without a process: a socket whose process has closed it is shown as the administrator's, whoever opened it.
 */
export function peerUid(table: string, { local, remote }: TcpPeer, family: "tcp" | "tcp6"): number | undefined {
  const mine = tableEndpoint(local, family), theirs = tableEndpoint(remote, family);
  if (mine === undefined || theirs === undefined) return undefined;
  for (const line of table.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[LOCAL] !== theirs || fields[REMOTE] !== mine || !CONNECTED.has(fields[STATE] ?? "")) continue;
    const [uid, inode] = [fields[UID] ?? "", fields[INODE] ?? ""];
    if (/^\d+$/.test(uid) && /^[1-9]\d*$/.test(inode)) return Number(uid);
  }
  return undefined;
}

/** `127.0.0.1:8765` as the table writes it: 32-bit words in the machine's byte order, in hex. */
function tableEndpoint({ hostname, port }: Endpoint, family: "tcp" | "tcp6"): string | undefined {
  const bytes = addressBytes(hostname, family);
  if (bytes === undefined) return undefined;
  let hex = "";
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4);
    hex += hexOf(LITTLE_ENDIAN ? word.reverse() : word);
  }
  return `${hex}:${hexOf([port >> 8, port & 0xff])}`;
}

/** Loopback is all that is ever asked for. An IPv4 address in `tcp6` belongs to a client that speaks IPv4 through an IPv6 socket. */
function addressBytes(hostname: string, family: "tcp" | "tcp6"): number[] | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(hostname)?.slice(1).map(Number);
  if (v4 !== undefined) return family === "tcp" ? v4 : [...new Array(10).fill(0), 0xff, 0xff, ...v4];
  return hostname === "::1" && family === "tcp6" ? [...new Array(15).fill(0), 1] : undefined;
}

function hexOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}
