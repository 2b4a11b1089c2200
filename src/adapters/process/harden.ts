/**
 * Shields this process's memory from other processes of the same user, as far as the system allows.
 *
 * Not claimed: anything against the administrator, against a debugger that was attached before, for the first milliseconds
 * of the process, or for the programs that it starts (docs/THREAT_MODEL.md, "Memory").
 *
 * @module
 */

import { forbidCoreFiles, makeUndumpable, openLibc } from "../../../ffi/libc.ts";

/** What was achieved. */
export interface Hardening {
  /** No other process of this user may read this one's memory, environment or open files, nor attach to it. */
  readonly undumpable: boolean;
  /** A crash leaves no core file. */
  readonly noCoreFiles: boolean;
}

/** Hardens the process. Never throws: where it cannot (another system, no permission for native calls) it says so. */
export function hardenProcess(): Hardening {
  if (Deno.build.os !== "linux") return { undumpable: false, noCoreFiles: false };
  try {
    const libc = openLibc();
    // Core files first: the limit still works where the other is refused.
    const noCoreFiles = forbidCoreFiles(libc);
    return { undumpable: makeUndumpable(libc), noCoreFiles };
  } catch {
    return { undumpable: false, noCoreFiles: false };
  }
}
