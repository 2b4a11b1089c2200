/**
 * A pair of connected Unix sockets of which one becomes the standard input of a child.
 *
 * @module
 */

/** What the C library of Linux is asked for. */
const LIBC = {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "i32" },
} as const;

const AF_UNIX = 1, SOCK_STREAM = 1, SOCK_CLOEXEC = 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
const MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000;

/** Our end of the pair. */
export class SocketEnd implements Disposable {
  readonly #libc: Deno.DynamicLibrary<typeof LIBC>["symbols"];
  readonly #descriptor: number;
  #open = true;

  constructor(libc: Deno.DynamicLibrary<typeof LIBC>["symbols"], descriptor: number) {
    this.#libc = libc;
    this.#descriptor = descriptor;
  }

  /** Whether all of it was taken: some KiB fit without a reader. False also when nobody can read it any more. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    const sent = this.#libc.send(this.#descriptor, bytes, BigInt(bytes.length), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent === bytes.length;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#libc.close(this.#descriptor);
  }
}

/**
 * Runs `start`, which must start its child before it returns, while this process's standard input is the other end of a new pair. The
 * child has to inherit it; here everything is afterwards as it was.
 *
 * @throws {Error} when the system refuses; what `start` throws
 */
export function withSocketInput<T>(start: () => T): { readonly started: T; readonly end: SocketEnd } {
  const libc = Deno.dlopen("libc.so.6", LIBC).symbols;
  const pair = new Int32Array(2);
  if (libc.socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, new Uint8Array(pair.buffer)) !== 0) throw refused();
  const [ours, theirs] = pair as unknown as [number, number];
  const end = new SocketEnd(libc, ours);
  // A copy that no child inherits: what standard input was is not the child's.
  const before = libc.fcntl(0, F_DUPFD_CLOEXEC, 3);
  try {
    if (libc.dup2(theirs, 0) !== 0) throw refused();
    try {
      return { started: start(), end };
    } finally {
      if (before >= 0) libc.dup2(before, 0);
      else libc.close(0);
    }
  } catch (error) {
    end[Symbol.dispose]();
    throw error;
  } finally {
    libc.close(theirs);
    if (before >= 0) libc.close(before);
  }
}

function refused(): Error {
  return new Error("The system refuses a pair of sockets");
}
