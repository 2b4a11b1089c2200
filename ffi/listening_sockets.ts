/**
 * Options of the sockets on which this process listens (socket(7), tcp(7)), for a runtime that does not hand them out.
 *
 * @module
 */

const LIBC = {
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
} as const;

const SOL_SOCKET = 1, SO_ACCEPTCONN = 30, IPPROTO_TCP = 6, TCP_NODELAY = 1;
/** Size of the int that an option is. */
const INT = 4;

/**
 * Sets TCP_NODELAY on every TCP socket below descriptor `end` on which this process listens; the connections that they accept from then on
 * inherit it. Linux with glibc.
 *
 * @returns How many there were.
 * @throws {Error} When the C library has another name.
 */
export function setNoDelayOnListeners(end: number): number {
  const library = Deno.dlopen("libc.so.6", LIBC);
  try {
    const value = new Int32Array(1), bytes = new Uint8Array(value.buffer);
    const length = new Uint32Array(1), lengthBytes = new Uint8Array(length.buffer);
    let count = 0;
    for (let descriptor = 0; descriptor < end; descriptor++) {
      length[0] = INT;
      const known = library.symbols.getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, bytes, lengthBytes) === 0;
      if (!known || value[0] !== 1) continue;
      value[0] = 1;
      // Refused for a Unix socket, which waits for nothing anyway.
      if (library.symbols.setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, bytes, INT) === 0) count++;
    }
    return count;
  } finally {
    library.close();
  }
}
