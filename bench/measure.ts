/** Measuring: alternating runs, medians, ratios, peak memory. These machines are noisy, so only ratios of one run count. */
import { mib, ms, show } from "./report.ts";

/** One thing that is measured: a command, or work in this process. */
export interface Contender {
  readonly name: string;
  /** Does it once. For commands: resolves to the child's peak resident memory in bytes. */
  readonly run: () => Promise<number | void> | number | void;
  /** Called before each run, outside the measured time. */
  readonly before?: () => Promise<void>;
}

/** What came out for one contender. */
export interface Figure {
  readonly name: string;
  readonly medianMs: number;
  readonly p90Ms: number;
  /** Times the first contender's median. */
  readonly ratio: number;
  /** Highest peak memory seen, in bytes; undefined for work in this process. */
  readonly peakBytes: number | undefined;
}

/** Runs the contenders in turn, `rounds` times after one warm-up each, and compares with the first. */
export async function compare(rounds: number, contenders: readonly Contender[]): Promise<Figure[]> {
  const times = contenders.map((): number[] => []);
  const peaks = contenders.map((): number => 0);
  for (let round = -1; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      await contender.before?.();
      const started = performance.now();
      const peak = await contender.run();
      const took = performance.now() - started;
      if (round >= 0) times[i]!.push(took);
      if (typeof peak === "number") peaks[i] = Math.max(peaks[i]!, peak);
    }
  }
  const medians = times.map((t) => quantile(t, 0.5));
  return contenders.map((contender, i) => ({
    name: contender.name,
    medianMs: medians[i]!,
    p90Ms: quantile(times[i]!, 0.9),
    ratio: medians[i]! / medians[0]!,
    peakBytes: peaks[i] || undefined,
  }));
}

/** The value below which the part `q` of the values is. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? NaN;
}

/** How a command is run. */
export interface CommandOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly stdin?: string;
}

/** A command as a contender's `run`: fails loudly when the command fails; answers the child's peak memory in bytes. */
export function command(argv: readonly string[], options: CommandOptions = {}): () => Promise<number> {
  return async () => {
    const child = new Deno.Command(argv[0]!, {
      args: argv.slice(1),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let peak = 0;
    const poll = (): void => {
      try {
        const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024);
      } catch { /* it ended */ }
    };
    const timer = setInterval(poll, 2);
    if (options.stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.stdin));
      await writer.close();
    }
    const { success, stderr } = await child.output();
    clearInterval(timer);
    if (!success) throw new Error(`${argv.slice(0, 4).join(" ")} failed: ${new TextDecoder().decode(stderr)}`);
    return peak;
  };
}

/** Shows figures as a table. */
export function print(title: string, figures: readonly Figure[], note?: string): void {
  show({
    title,
    head: ["", "median", "p90", "ratio", "peak memory"],
    rows: figures.map((f) => [
      f.name,
      ms(f.medianMs),
      ms(f.p90Ms),
      `${f.ratio.toFixed(2)}×`,
      f.peakBytes === undefined ? "–" : mib(f.peakBytes),
    ]),
    ...(note === undefined ? {} : { note }),
  });
}
