/**
 * What hiding a process's memory leaves open on this machine, and who can close it.
 *
 * A process hides itself as its first act (src/adapters/process/harden.ts), some tens of milliseconds after execve(2). Whoever opens
 * /proc/PID/mem before that keeps it open afterwards, and reads the password and the keys once they are there. A program of the same
 * user may do so unless the kernel refuses to attach to what is not a child: Yama's ptrace_scope of 1 or more. (The same goes for
 * attaching as a debugger, but that is found out, and the vault stays closed.)
 *
 * @module
 */

import { fromUtf8 } from "../../kernel/bytes.ts";
import { isAppError } from "../../kernel/error.ts";
import { isSealed, readConfig } from "../../vault/config.ts";
import type { Ports } from "../ports.ts";

const SCOPE = "/proc/sys/kernel/yama/ptrace_scope";

/** A warning, in the form of those of `status`. */
export interface StartUpGap {
  readonly code: "memory_open_at_start";
  readonly message: string;
  readonly hint: string;
}

type GapPorts = Pick<Ports, "files" | "places" | "machine">;

/** Of a sealed home on a machine that leaves the gap; undefined for any other, and where the kernel does not say. */
export async function startUpGap(ports: GapPorts): Promise<StartUpGap | undefined> {
  if (ports.machine.system !== "linux") return undefined;
  const config = await readConfig(ports.files, ports.places);
  if (config === undefined || !isSealed(config)) return undefined;
  try {
    const bytes = await ports.files.read(SCOPE, { regularOnly: true });
    return gapOf(bytes === undefined ? undefined : fromUtf8(bytes).trim());
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}

/** `scope` as the kernel says it; undefined: it has no Yama. */
function gapOf(scope: string | undefined): StartUpGap | undefined {
  if (scope !== undefined && scope !== "0") return undefined;
  const message = "A program of yours that lies in wait can open the memory of agentsecrets while it starts, since ";
  if (scope === undefined) {
    return {
      code: "memory_open_at_start",
      message: `${message}this kernel has no Yama to forbid it`,
      hint: "Sealed mode is tight on a kernel with Yama and kernel.yama.ptrace_scope 1",
    };
  }
  return {
    code: "memory_open_at_start",
    message: `${message}kernel.yama.ptrace_scope is 0`,
    hint:
      "The administrator types: sysctl kernel.yama.ptrace_scope=1 (and keeps it in /etc/sysctl.d); then start the proxy anew",
  };
}
