/**
 * The messages of sock_diag(7) that ask the Linux kernel for one TCP socket: `inet_diag_req_v2` in a `nlmsghdr`, and what comes back.
 * Pure.
 *
 * Headers and numbers are in the machine's byte order, ports and addresses in the network's.
 *
 * @module
 */

/** Of linux/netlink.h and linux/sock_diag.h. */
const NLMSG_ERROR = 2, SOCK_DIAG_BY_FAMILY = 20, NLM_F_REQUEST = 1;
const AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6;
const ENOENT = 2;
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Sizes in bytes: the header, the header with the request, and with the answer without its attributes. */
const HEADER = 16, REQUEST = 72, ANSWER = 88;
/** Offsets in the request. */
const ASKED = { family: 16, protocol: 17, states: 20, ports: 24, source: 28, destination: 44, cookie: 64 };
/** Offsets in the answer. */
const TOLD = { family: 16, state: 17, ports: 20, source: 24, destination: 40, uid: 80, inode: 84 };
/** An IPv4 address in an IPv6 socket: `::ffff:a.b.c.d`. */
const MAPPED = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** A socket by its ends: addresses of 4 bytes, or of 16 each. */
export interface SocketName {
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

/** A socket as the kernel describes it. */
export interface SocketFacts {
  /** As in netinet/tcp.h: 1 is an established one. */
  readonly state: number;
  readonly uid: number;
  /** 0 for a socket that no process holds any more. */
  readonly inode: number;
}

/** `none`: the kernel knows no such socket. `failed`: it could not say. `unrelated`: not the answer to this question. */
export type SocketAnswer = SocketFacts | "none" | "failed" | "unrelated";

/** A question for a TCP socket, written anew for each: a message of this size is too large for memory that costs nothing. */
export class SocketQuestion {
  /** The message. */
  readonly bytes = new Uint8Array(REQUEST);
  readonly #view = new DataView(this.bytes.buffer);

  constructor() {
    const view = this.#view;
    view.setUint32(0, REQUEST, LITTLE_ENDIAN);
    view.setUint16(4, SOCK_DIAG_BY_FAMILY, LITTLE_ENDIAN);
    view.setUint16(6, NLM_F_REQUEST, LITTLE_ENDIAN); // without NLM_F_DUMP: one socket, found by its hash
    view.setUint8(ASKED.protocol, IPPROTO_TCP);
    view.setUint32(ASKED.states, 0xffff_ffff, LITTLE_ENDIAN);
    this.bytes.fill(0xff, ASKED.cookie, ASKED.cookie + 8); // INET_DIAG_NOCOOKIE: whichever socket has that name now
  }

  /** Asks for the socket of that name; `sequence` is a number below 2³² that its answer repeats. */
  write(name: SocketName, sequence: number): void {
    const view = this.#view;
    view.setUint32(8, sequence, LITTLE_ENDIAN);
    view.setUint8(ASKED.family, name.source.length === 4 ? AF_INET : AF_INET6);
    view.setUint16(ASKED.ports, name.sourcePort);
    view.setUint16(ASKED.ports + 2, name.destinationPort);
    this.bytes.fill(0, ASKED.source, ASKED.source + 32);
    this.bytes.set(name.source, ASKED.source);
    this.bytes.set(name.destination, ASKED.destination);
  }
}

/**
 * What a datagram of the kernel says to the question `name`, `sequence`.
 *
 * For a name that nobody has, the kernel goes on looking as for a new connection and answers with the socket that *listens* on that
 * port, whoever's it is: only an answer that repeats both ends is one.
 */
export function socketAnswer(datagram: Uint8Array, name: SocketName, sequence: number): SocketAnswer {
  if (datagram.length < HEADER) return "unrelated";
  const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.length);
  if (view.getUint32(8, LITTLE_ENDIAN) !== sequence) return "unrelated";
  const length = view.getUint32(0, LITTLE_ENDIAN), type = view.getUint16(4, LITTLE_ENDIAN);
  if (length > datagram.length) return "failed";
  if (type === NLMSG_ERROR) {
    return length >= HEADER + 4 && view.getInt32(HEADER, LITTLE_ENDIAN) === -ENOENT ? "none" : "failed";
  }
  if (type !== SOCK_DIAG_BY_FAMILY || length < ANSWER) return "failed";
  if (!hasName(datagram, view, name)) return "none";
  return {
    state: datagram[TOLD.state]!,
    uid: view.getUint32(TOLD.uid, LITTLE_ENDIAN),
    inode: view.getUint32(TOLD.inode, LITTLE_ENDIAN),
  };
}

function hasName(datagram: Uint8Array, view: DataView, name: SocketName): boolean {
  const family = datagram[TOLD.family];
  if (family !== AF_INET && family !== AF_INET6) return false;
  return view.getUint16(TOLD.ports) === name.sourcePort && view.getUint16(TOLD.ports + 2) === name.destinationPort &&
    hasAddress(datagram, TOLD.source, family, name.source) &&
    hasAddress(datagram, TOLD.destination, family, name.destination);
}

/** An IPv4 address also stands for itself in an IPv6 socket; an IPv6 address is never one of an IPv4 socket. */
function hasAddress(datagram: Uint8Array, at: number, family: number, address: Uint8Array): boolean {
  if (address.length === 4 && family === AF_INET6) {
    return equalAt(datagram, at, MAPPED) && equalAt(datagram, at + MAPPED.length, address);
  }
  return (address.length === 4) === (family === AF_INET) && equalAt(datagram, at, address);
}

function equalAt(bytes: Uint8Array, at: number, expected: Uint8Array): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected[i]) return false;
  return true;
}
