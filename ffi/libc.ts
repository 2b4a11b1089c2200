/**
 * The C library of Linux: what a process may say about itself.
 *
 * @module
 */

const LIBC = {
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
} as const;

/** The functions used here. */
export type Libc = Deno.DynamicLibrary<typeof LIBC>["symbols"];

/** Opens the C library; stays open until the process ends. @throws {Error} When it is not glibc (musl has another name). */
export function openLibc(): Libc {
  return Deno.dlopen("libc.so.6", LIBC).symbols;
}

/** Commands of prctl(2). */
const PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4;
/** Resource of getrlimit(2). */
const RLIMIT_CORE = 4;

/**
 * Makes the process undumpable: other processes of the same user cannot read its memory, environment and descriptors or
 * attach to it, and a crash leaves no core file. Undone for children by execve(2). Returns whether it is so now.
 */
export function makeUndumpable(libc: Libc): boolean {
  return libc.prctl(PR_SET_DUMPABLE, 0n, 0n, 0n, 0n) === 0 && isUndumpable(libc);
}

/** Whether the process is undumpable. */
export function isUndumpable(libc: Libc): boolean {
  return libc.prctl(PR_GET_DUMPABLE, 0n, 0n, 0n, 0n) === 0;
}

/** Sets the size limit of core files to 0, soft and hard, for this process and its children. Returns whether it is so now. */
export function forbidCoreFiles(libc: Libc): boolean {
  const limit = new Uint8Array(16); // struct rlimit: u64 soft, u64 hard
  if (libc.setrlimit(RLIMIT_CORE, limit) !== 0) return false;
  limit.fill(1);
  return libc.getrlimit(RLIMIT_CORE, limit) === 0 && limit.every((byte) => byte === 0);
}
