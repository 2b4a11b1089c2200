/** The running proxy against a bare Deno pass-through and nginx: throughput, latency, streams, memory, side by side. */
import { cpuMsOf, memoryOf, resetPeak, startServer } from "./children.ts";
import { COUNTS, environmentOf, secretNames, startWays, type Way, type Ways } from "./contenders.ts";
import { quantile } from "./measure.ts";
import type { Job, LoadResult } from "./programs/load.ts";
import { mib, ms, show } from "./report.ts";

/** How much is measured. */
interface Size {
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly streams: number;
  readonly streamMib: number;
}

const FULL: Size = { rounds: 5, seconds: 4, streams: 1000, streamMib: 32 };
const QUICK: Size = { rounds: 1, seconds: 0.4, streams: 40, streamMib: 2 };
const BODIES = [["1 KiB", "/bytes/1024"], ["1 MiB", "/bytes/1048576"]] as const;

/** What one way did in one round. */
interface Sample extends LoadResult {
  readonly cpuMs: number;
  readonly peak: number;
}

export async function bench(quick = false): Promise<void> {
  const size = quick ? QUICK : FULL;
  await using ways = await startWays();
  await idle(ways);
  for (const [body, path] of BODIES) for (const connections of [1, 32]) await load(ways, size, body, path, connections);
  await firstByte(ways, size);
  await redaction(ways, size);
  await openStreams(ways, size);
}

function loadArgv(job: Job): string[] {
  const program = new URL("programs/load.ts", import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", "--no-check", program, JSON.stringify(job)];
}

type Measure = Omit<Job, "target" | "path" | "headers">;

async function run(way: Way, job: Measure, path: string, secrets?: string[], environment?: string): Promise<Sample> {
  resetPeak(way.pids);
  const cpu = cpuMsOf(way.pids);
  const [command, ...args] = loadArgv({ ...job, target: way.target, ...way.request(path, secrets, environment) }) as [
    string,
  ];
  const { success, stdout } = await new Deno.Command(command, { args, stderr: "inherit" }).output();
  if (!success) throw new Error(`the load on ${way.name} failed`);
  const result: LoadResult = JSON.parse(new TextDecoder().decode(stdout));
  return { ...result, cpuMs: cpuMsOf(way.pids) - cpu, peak: memoryOf(way.pids).peak };
}

/** Each way in turn, `rounds` times. */
async function rounds(ways: readonly Way[], count: number, once: (way: Way) => Promise<Sample>): Promise<Sample[][]> {
  const samples = ways.map((): Sample[] => []);
  for (let round = 0; round < count; round++) {
    for (const [i, way] of ways.entries()) samples[i]!.push(await once(way));
  }
  return samples;
}

const median = (samples: readonly Sample[], of: (sample: Sample) => number): number => quantile(samples.map(of), 0.5);

function through({ bare, nginx, proxy }: Ways): Way[] {
  return [bare, ...(nginx === undefined ? [] : [nginx]), proxy];
}

/** With what durability alone costs, as a floor. */
function withFloor(ways: Ways): Way[] {
  const [bare, ...others] = through(ways) as [Way, ...Way[]];
  return [bare, ways.durable, ways.reading, ...others];
}

async function load(ways: Ways, size: Size, body: string, path: string, connections: number): Promise<void> {
  const list = withFloor(ways);
  const job = { kind: "load", connections, seconds: size.seconds } as const;
  const samples = await rounds(list, size.rounds, (way) => run(way, job, path));
  const rate = (i: number): number => median(samples[i]!, (s) => s.requests / s.seconds);
  const p50 = (i: number): number => median(samples[i]!, (s) => s.p50Ms);
  const p99 = (i: number): number => median(samples[i]!, (s) => s.p99Ms);
  show({
    title: `${body} bodies, ${connections} connection${connections === 1 ? "" : "s"}`,
    head: ["", "requests/s", "ratio", "p50", "added p50", "p99", "ratio", "CPU a request", "peak memory"],
    rows: list.map(({ name }, i) => [
      name,
      rate(i).toFixed(0),
      `${(rate(i) / rate(0)).toFixed(2)}×`,
      ms(p50(i)),
      ms(p50(i) - p50(0)),
      ms(p99(i)),
      `${(p99(i) / p99(0)).toFixed(2)}×`,
      // The warm-up's requests cost too, and last a quarter of the measured time.
      ms(median(samples[i]!, (s) => s.cpuMs / (s.requests * 1.25))),
      mib(Math.max(...samples[i]!.map((s) => s.peak))),
    ]),
    note: "aim: requests/s at least 0.8×, added p50 at most 0.3 ms, p99 at 32 connections at most 2×",
  });
}

async function firstByte(ways: Ways, size: Size): Promise<void> {
  const list = [ways.direct, ...through(ways)];
  const job = { kind: "first-byte", connections: 1, seconds: size.seconds } as const;
  const samples = await rounds(list, size.rounds, (way) => run(way, job, "/sse"));
  const p50 = (i: number): number => median(samples[i]!, (s) => s.p50Ms);
  show({
    title: "First byte of a stream of events",
    head: ["", "p50", "over direct", "p99"],
    rows: list.map(({ name }, i) => [
      name,
      ms(p50(i)),
      ms(p50(i) - p50(0)),
      ms(median(samples[i]!, (s) => s.p99Ms)),
    ]),
    note: "aim: at most 2 ms over direct at p50",
  });
}

/** Every secret of an environment is looked for. What calls read stays live for a minute: the numbers only rise. */
async function redaction(ways: Ways, size: Size): Promise<void> {
  const rows: { name: string; rate: number; peak: number }[] = [];
  const job = { kind: "load", connections: 1, seconds: size.seconds } as const;
  const measure = async (name: string, way: Way, secrets: string[], environment?: string): Promise<void> => {
    const path = `/text/${size.streamMib}`;
    const [samples] = await rounds([way], size.rounds, (it) => run(it, job, path, secrets, environment));
    const rate = median(samples!, (s) => s.bytes / 1e6 / s.seconds);
    rows.push({ name, rate, peak: Math.max(...samples!.map((s) => s.peak)) });
  };
  // Values of the benches before are dropped: `proxy sync` tells the proxy to.
  await ways.home.run(["proxy", "sync"]);
  for (const count of COUNTS) {
    await measure(`agentsecrets, ${count} live`, ways.proxy, secretNames(Math.min(count, 1)), environmentOf(count));
  }
  await measure(ways.bare.name, ways.bare, []);
  await ways.home.run(["proxy", "sync"]);
  show({
    title: `A stream of ${size.streamMib} MiB of events`,
    head: ["", "MB/s", "ratio", "peak memory"],
    rows: rows.map((
      { name, rate, peak },
    ) => [name, rate.toFixed(0), `${(rate / rows[0]!.rate).toFixed(2)}×`, mib(peak)]),
    note: "aim: with 20 secrets at least 0.5×",
  });
}

async function idle(ways: Ways): Promise<void> {
  const list = through(ways);
  for (const way of list) await run(way, { kind: "load", connections: 1, seconds: 0.1 }, "/bytes/1024");
  show({
    title: "Idle, after a first call",
    head: ["", "resident memory"],
    rows: list.map(({ name, pids }) => [name, mib(memoryOf(pids).now)]),
  });
}

async function openStreams(ways: Ways, { streams }: Size): Promise<void> {
  const rows: string[][] = [];
  for (const way of through(ways)) {
    const before = memoryOf(way.pids).now;
    await using _holder = await hold(way, streams);
    const { now } = memoryOf(way.pids);
    rows.push([way.name, mib(now), `${((now - before) / 1024 / streams).toFixed(1)} KiB`]);
  }
  show({
    title: `${streams.toLocaleString("en")} open streams`,
    head: ["", "resident memory", "a stream"],
    rows,
  });
}

/** Resolves once all streams are open; they are until it is disposed of. */
async function hold(way: Way, streams: number): Promise<AsyncDisposable> {
  const job: Job = { kind: "hold", connections: streams, seconds: 0, target: way.target, ...way.request("/hold") };
  return await startServer(loadArgv(job), { stdin: "piped" });
}
