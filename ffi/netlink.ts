/**
 * A socket to the Linux kernel (netlink(7)) that asks about other sockets (sock_diag(7)).
 *
 * @module
 */

/** What the C library is asked for. Lengths and counts fit an i32: that half of the register is right for -1 too. */
const LIBC = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i32" },
  recvfrom: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "buffer"], result: "i32" },
} as const;

const AF_NETLINK = 16, SOCK_RAW = 3, SOCK_CLOEXEC = 0o2000000, NETLINK_SOCK_DIAG = 4;
const MSG_DONTWAIT = 0x40;
/** Size of `struct sockaddr_nl`: u16 family, u16 padding, u32 port id, u32 groups. */
const ADDRESS = 12;

/** Talks to the kernel. Nothing here waits: the kernel answers a question within the call that asks it. */
export class DiagnosticSocket implements Disposable {
  readonly #libc: Deno.DynamicLibrary<typeof LIBC>["symbols"];
  readonly #descriptor: number;
  readonly #kernel = new Uint8Array(ADDRESS);
  readonly #from = new Uint32Array(ADDRESS / 4);
  readonly #fromBytes = new Uint8Array(this.#from.buffer);
  readonly #fromLength = new Uint32Array(1);
  readonly #fromLengthBytes = new Uint8Array(this.#fromLength.buffer);
  readonly #buffer = new Uint8Array(4096);
  readonly #capacity = BigInt(this.#buffer.length);

  /** @throws {Error} When the C library is not glibc, or the system refuses such a socket */
  constructor() {
    this.#libc = Deno.dlopen("libc.so.6", LIBC).symbols;
    this.#descriptor = this.#libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (this.#descriptor < 0) throw new Error("The system refuses a netlink socket");
    new Uint16Array(this.#kernel.buffer)[0] = AF_NETLINK; // port id 0 is the kernel
  }

  /** Whether it was taken. */
  send(message: Uint8Array<ArrayBuffer>): boolean {
    const size = message.length;
    return this.#libc.sendto(this.#descriptor, message, BigInt(size), MSG_DONTWAIT, this.#kernel, ADDRESS) === size;
  }

  /**
   * The next datagram, valid until the next one is received; empty when another process than the kernel sent it; undefined when
   * none waits.
   */
  receive(): Uint8Array | undefined {
    this.#fromLength[0] = ADDRESS;
    const count = this.#libc.recvfrom(
      this.#descriptor,
      this.#buffer,
      this.#capacity,
      MSG_DONTWAIT,
      this.#fromBytes,
      this.#fromLengthBytes,
    );
    if (count < 0) return undefined;
    return this.#buffer.subarray(0, this.#isKernel() ? count : 0);
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#descriptor);
  }

  #isKernel(): boolean {
    return this.#fromLength[0] === ADDRESS && this.#from[1] === 0;
  }
}
