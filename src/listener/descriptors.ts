/**
 * Whether this process has descriptors left, found out by taking some: the limit is the system's, and how many are in use only it
 * knows.
 *
 * @module
 */

/** A listener on each address, and a call's: its connection, a file or two, the upstream's socket. */
const ENOUGH = 16;
const NOTHING = Deno.build.os === "windows" ? "NUL" : "/dev/null";

/** Whether there are enough for another call. */
export function hasDescriptors(): boolean {
  using taken = new DisposableStack();
  try {
    for (let i = 0; i < ENOUGH; i++) taken.use(Deno.openSync(NOTHING));
    return true;
  } catch {
    return false;
  }
}
