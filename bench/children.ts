/** Children of a bench: servers that say their port on the first line, and what the kernel counts for them. */

/** A running server. */
export interface Server extends AsyncDisposable {
  readonly pid: number;
  /** The first line that it printed. */
  readonly line: string;
  kill(signal: Deno.Signal): void;
  readonly ended: Promise<Deno.CommandStatus>;
}

/** How a server is started. */
export interface ServerOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  /** Default: null. Piped for one that lives until its input ends: it is left open. */
  readonly stdin?: "null" | "piped";
}

/** Starts it and waits for its first line; what it says on standard error is shown. */
export async function startServer(argv: readonly string[], options: ServerOptions = {}): Promise<Server> {
  const child = new Deno.Command(argv[0]!, {
    args: argv.slice(1),
    stdin: "null",
    ...options,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`${argv.slice(0, 3).join(" ")} ended before it served`);
    text += value;
  }
  // Read on, so that it never waits for us.
  (async () => {
    while ((await lines.next()).done !== true);
  })();
  const kill = (signal: Deno.Signal): void => {
    try {
      child.kill(signal);
    } catch {
      // Ended before.
    }
  };
  return {
    pid: child.pid,
    line: text.slice(0, text.indexOf("\n")),
    kill,
    ended: child.status,
    async [Symbol.asyncDispose](): Promise<void> {
      kill("SIGTERM");
      const timer = setTimeout(() => kill("SIGKILL"), 15_000);
      await child.status;
      clearTimeout(timer);
    },
  };
}

/** Resident memory now and at its highest since {@linkcode resetPeak}, in bytes, of all `pids` together. */
export function memoryOf(pids: readonly number[]): { readonly now: number; readonly peak: number } {
  let now = 0, peak = 0;
  for (const pid of pids) {
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    now += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
    peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
  return { now, peak };
}

/** Begins a new peak (proc(5), clear_refs). */
export function resetPeak(pids: readonly number[]): void {
  for (const pid of pids) Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Processor time that `pids` have used, in ms; the kernel counts in steps of 10 ms. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /, "").split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) * 10;
  }, 0);
}
