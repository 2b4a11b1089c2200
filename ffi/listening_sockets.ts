/**
 * The sockets on which this process listens (socket(7), tcp(7)), for a runtime that does not hand them out.
 *
 * Linux with glibc. Every function opens the C library anew and throws an {@linkcode Error} when it has another name.
 *
 * @module
 */

const LIBC = {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
} as const;
type Libc = Deno.DynamicLibrary<typeof LIBC>["symbols"];

const SOL_SOCKET = 1, SO_ACCEPTCONN = 30, IPPROTO_TCP = 6, TCP_NODELAY = 1;
const AF_INET = 2, AF_INET6 = 10;
const F_DUPFD_CLOEXEC = 1030;
/** Size of the int that an option is. */
const INT = 4;
/** Size of the largest socket name that is looked at, `sockaddr_in6`; a longer one is cut. */
const NAME = 28;

/** The name of a TCP socket. */
export interface SocketAddress {
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  readonly port: number;
}

/**
 * Sets TCP_NODELAY on every TCP socket among `descriptors` on which this process listens; the connections that they accept from then on
 * inherit it.
 *
 * @returns How many there were.
 */
export function setNoDelayOnListeners(descriptors: Iterable<number>): number {
  const library = Deno.dlopen("libc.so.6", LIBC), { symbols } = library;
  try {
    let count = 0;
    for (const descriptor of descriptors) {
      // Refused for a Unix socket, which waits for nothing anyway.
      if (isListening(symbols, descriptor) && set(symbols, descriptor, IPPROTO_TCP, TCP_NODELAY, 1)) count++;
    }
    return count;
  } finally {
    library.close();
  }
}

/** A descriptor of our own for a socket that the runtime listens on: the socket keeps its address until both are closed. */
export class SharedListener implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof LIBC>;
  readonly #descriptor: number;
  #open = true;

  private constructor(library: Deno.DynamicLibrary<typeof LIBC>, descriptor: number) {
    this.#library = library;
    this.#descriptor = descriptor;
  }

  /** Of the one among `descriptors` that listens at `address`; undefined when there is none, or no descriptor left. */
  static of(descriptors: Iterable<number>, address: SocketAddress): SharedListener | undefined {
    const library = Deno.dlopen("libc.so.6", LIBC), { symbols } = library;
    for (const descriptor of descriptors) {
      if (!isListening(symbols, descriptor) || !hasName(symbols, descriptor, address)) continue;
      const own = symbols.fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
      if (own >= 0) return new SharedListener(library, own);
    }
    library.close();
    return undefined;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.symbols.close(this.#descriptor);
    this.#library.close();
  }
}

function isListening(libc: Libc, descriptor: number): boolean {
  const value = new Int32Array(1), length = Uint32Array.of(INT);
  const known = libc.getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, bytesOf(value), bytesOf(length)) === 0;
  return known && value[0] === 1;
}

function set(libc: Libc, descriptor: number, level: number, option: number, value: number): boolean {
  return libc.setsockopt(descriptor, level, option, bytesOf(Int32Array.of(value)), INT) === 0;
}

/** `struct sockaddr_in` has the address behind the port, `sockaddr_in6` four bytes later. */
function hasName(libc: Libc, descriptor: number, { ip, port }: SocketAddress): boolean {
  const name = new Uint8Array(NAME), length = Uint32Array.of(NAME);
  if (libc.getsockname(descriptor, name, bytesOf(length)) !== 0) return false;
  const view = new DataView(name.buffer), at = ip.length === 4 ? 4 : 8;
  const family = ip.length === 4 ? AF_INET : AF_INET6;
  // The family is in the machine's own order, the port in the network's.
  return new Uint16Array(name.buffer, 0, 1)[0] === family && view.getUint16(2) === port &&
    ip.every((byte, i) => name[at + i] === byte);
}

function bytesOf(numbers: Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(numbers.buffer);
}
