/**
 * Shields this process's memory from other processes of the same user, as far as the system allows.
 *
 * Not claimed: anything against the administrator, against a debugger that was attached before, for the first milliseconds
 * of the process, or for the programs that it starts (docs/THREAT_MODEL.md, "Memory").
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { forbidCoreFiles, makeUndumpable, openLibc } from "../../../ffi/libc.ts";

/**
 * Hardens the process for holding what a sealed vault holds.
 *
 * A tracer that attached before stays attached afterwards, and none can attach afterwards: one that is not there now is not there.
 *
 * @throws {AppError} `process_exposed` where it cannot be done, or is too late
 */
export async function requireHardProcess(): Promise<void> {
  if (Deno.build.os !== "linux") throw new AppError("process_exposed", { reason: "sealed mode is for Linux only" });
  // Read by the runtime before any of our code, so it is too late to drop it.
  if ((Deno.env.get("SSLKEYLOGFILE") ?? "") !== "") {
    throw new AppError("process_exposed", {
      reason: "SSLKEYLOGFILE has it write the keys of its connections to a file",
    });
  }
  const { undumpable, noCoreFiles } = hardenProcess();
  if (!undumpable || !noCoreFiles) {
    throw new AppError("process_exposed", { reason: "the system does not let this process hide its memory" });
  }
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  if (!/^TracerPid:\s*0$/m.test(status)) {
    throw new AppError("process_exposed", { reason: "another program traces this process" });
  }
}

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
