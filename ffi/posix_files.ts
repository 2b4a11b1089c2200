/**
 * The system calls of Linux by which a file is looked at, opened, locked, written and made durable.
 *
 * None says why it failed: between a call and the question for `errno` the runtime may have made calls of its own. Who needs the reason
 * does the same through the runtime.
 *
 * @module
 */

/** What the C library is asked for. `statx` is in glibc since 2.28. Counts of bytes fit an i32: that half of the register is right for -1. */
const LIBC = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  flock: { parameters: ["i32", "i32"], result: "i32" },
  pwrite: { parameters: ["i32", "buffer", "usize", "i64"], result: "i32" },
  // The only one that waits for a device: on a thread of its own.
  fdatasync: { parameters: ["i32"], result: "i32", nonblocking: true },
} as const;

const O_RDWR = 2, O_NOCTTY = 0o400, O_NONBLOCK = 0o4000, O_CLOEXEC = 0o2000000;
/** The one flag here whose bit differs between the architectures that the runtime is built for. */
const O_NOFOLLOW = Deno.build.arch === "aarch64" ? 0o100000 : 0o400000;
/** A named pipe or a device in the file's place is not waited for. */
const OPEN_FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

const AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
/** Size of `struct statx`, the same on every architecture. */
const STATX = 256;
/** Offsets in it, as indices of 16 and of 32 bits; 64 bits are two of 32, the lower one first. */
const AT = {
  mask: 0,
  links: 4,
  mode16: 14,
  inode: 8,
  size: 10,
  changed: 24,
  modified: 28,
  deviceMajor: 34,
  deviceMinor: 35,
};
const S_IFMT = 0o170000, S_IFREG = 0o100000, S_IFLNK = 0o120000;

const LOCK_EX = 2, LOCK_NB = 4;

/** What the system says of a file. */
export interface StatxFacts {
  readonly isFile: boolean;
  readonly isSymlink: boolean;
  /** The permission bits. */
  readonly mode: number;
  /** How many names it has. */
  readonly links: number;
  readonly inode: number;
  /** As `st_dev` is spelled. */
  readonly device: number;
  /** In bytes. */
  readonly size: number;
  /** Of the content's last change, in ms and the ns beyond. */
  readonly modifiedMs: number;
  readonly modifiedNs: number;
  /** Of the last change of anything, likewise. */
  readonly changedMs: number;
  readonly changedNs: number;
}

/** The calls. Paths are absolute and end in a zero byte ({@linkcode cPath}). */
export class PosixFiles {
  readonly #libc: Deno.DynamicLibrary<typeof LIBC>["symbols"];
  readonly #found = new Uint8Array(STATX);
  readonly #halves = new Uint16Array(this.#found.buffer);
  readonly #words = new Uint32Array(this.#found.buffer);
  readonly #noName = new Uint8Array(1);

  /** @throws {Error} When the C library is not glibc, or an old one, or the machine counts bytes from the other end */
  constructor() {
    if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) throw new Error("Not a little-endian machine");
    this.#libc = Deno.dlopen("libc.so.6", LIBC).symbols;
  }

  /** The descriptor of an existing file, open for reading and writing, of which no child inherits; -1 also for a symbolic link. */
  open(path: Uint8Array<ArrayBuffer>): number {
    return this.#libc.open(path, OPEN_FLAGS);
  }

  close(descriptor: number): void {
    // After EINTR the descriptor is closed all the same on Linux: trying again could close somebody else's.
    this.#libc.close(descriptor);
  }

  /** What has this name, a symbolic link itself; undefined when that cannot be told. */
  lookAt(path: Uint8Array<ArrayBuffer>): StatxFacts | undefined {
    return this.#facts(this.#libc.statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, this.#found));
  }

  /** What is open; undefined when that cannot be told. */
  lookAtOpen(descriptor: number): StatxFacts | undefined {
    return this.#facts(this.#libc.statx(descriptor, this.#noName, AT_EMPTY_PATH, STATX_BASIC_STATS, this.#found));
  }

  /** Whether the lock of flock(2) is this descriptor's now; without waiting for another's. */
  tryLock(descriptor: number): boolean {
    return this.#libc.flock(descriptor, LOCK_EX | LOCK_NB) === 0;
  }

  /** How many of the bytes were written from `position` on; -1 for a failure. */
  write(descriptor: number, bytes: Uint8Array<ArrayBuffer>, position: number): number {
    return this.#libc.pwrite(descriptor, bytes, BigInt(bytes.length), BigInt(position));
  }

  /** Whether everything that was written to it is on the disk. The descriptor must stay open until this is told. */
  async sync(descriptor: number): Promise<boolean> {
    return await this.#libc.fdatasync(descriptor) === 0;
  }

  #facts(status: number): StatxFacts | undefined {
    const words = this.#words;
    if (status !== 0 || (words[AT.mask]! & STATX_BASIC_STATS) !== STATX_BASIC_STATS) return undefined;
    const mode = this.#halves[AT.mode16]!, type = mode & S_IFMT;
    return {
      isFile: type === S_IFREG,
      isSymlink: type === S_IFLNK,
      mode: mode & 0o7777,
      links: words[AT.links]!,
      inode: this.#long(AT.inode),
      device: deviceNumber(words[AT.deviceMajor]!, words[AT.deviceMinor]!),
      size: this.#long(AT.size),
      modifiedMs: this.#ms(AT.modified),
      modifiedNs: words[AT.modified + 2]! % 1_000_000,
      changedMs: this.#ms(AT.changed),
      changedNs: words[AT.changed + 2]! % 1_000_000,
    };
  }

  #long(at: number): number {
    return this.#words[at + 1]! * 2 ** 32 + this.#words[at]!;
  }

  /** A `struct statx_timestamp`: seconds as a signed 64-bit number, nanoseconds. */
  #ms(at: number): number {
    const words = this.#words;
    return ((words[at + 1]! | 0) * 2 ** 32 + words[at]!) * 1000 + Math.floor(words[at + 2]! / 1_000_000);
  }
}

/** A path as the system takes it. @throws {TypeError} When it holds a zero byte: the system would take it for another */
export function cPath(path: string): Uint8Array<ArrayBuffer> {
  if (path.includes("\0")) throw new TypeError("A path with a zero byte");
  return new TextEncoder().encode(`${path}\0`);
}

/** `makedev(3)` of glibc. */
function deviceNumber(major: number, minor: number): number {
  return (major & 0xfff) * 2 ** 8 + (minor & 0xff) + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
}
