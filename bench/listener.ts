/** The listener alone: before a call that answers at once, against Deno's own server; and what asking for a caller's user costs. */
import { SystemPeers } from "../src/adapters/peer/system.ts";
import { openSocketOwners } from "../src/adapters/process/socket_owners.ts";
import type { Peers } from "../src/ports/peer.ts";
import { BUILD_DENO, denoPath } from "../scripts/deno.ts";
import { Connection } from "../tests/support/connection.ts";
import { cpuMsOf, type Server, startServer } from "./children.ts";
import { quantile } from "./measure.ts";
import type { Job, LoadResult } from "./programs/load.ts";
import { ms, show } from "./report.ts";

const program = (name: string): string => new URL(`programs/${name}`, import.meta.url).pathname;
const KINDS = [["Deno.serve", "bare"], ["our listener", "door"]] as const;

/** One measurement and what the kernel counted for it. */
interface Sample extends LoadResult {
  readonly cpuMs: number;
}

export async function bench(quick = false): Promise<void> {
  const [rounds, seconds] = quick ? [1, 0.4] : [3, 2];
  for (const version of [BUILD_DENO, Deno.version.deno]) {
    for (const body of ["bytes", "stream"]) await load(version, body, rounds, seconds);
  }
  if (Deno.build.os === "linux") await checks(quick ? 20 : 500);
}

async function load(version: string, body: string, rounds: number, seconds: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const servers: Server[] = [];
  for (const [, kind] of KINDS) {
    const flags = ["run", "-A", "--no-check", "--unstable-no-legacy-abort"];
    servers.push(stack.use(await startServer([await executable(version), ...flags, program("door.ts"), kind, body])));
  }
  for (const connections of [1, 32]) {
    const samples = servers.map((): Sample[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, server] of servers.entries()) samples[i]!.push(await run(server, connections, seconds));
    }
    const median = (i: number, of: (sample: Sample) => number): number => quantile(samples[i]!.map(of), 0.5);
    const rate = (i: number): number => median(i, (s) => s.requests / s.seconds);
    show({
      title: `A call that answers at once, 1 KiB as ${body}, ${connections} connection${connections === 1 ? "" : "s"}`,
      head: [`Deno ${version}`, "requests/s", "ratio", "p50", "p99", "CPU a request"],
      rows: KINDS.map(([name], i) => [
        name,
        rate(i).toFixed(0),
        `${(rate(i) / rate(0)).toFixed(2)}×`,
        ms(median(i, (s) => s.p50Ms)),
        ms(median(i, (s) => s.p99Ms)),
        // The warm-up's requests cost too, and last a quarter of the measured time.
        ms(median(i, (s) => s.cpuMs / (s.requests * 1.25))),
      ]),
    });
  }
}

/** The executable itself: what npm puts on the path is a program that starts it. */
async function executable(version: string): Promise<string> {
  const command = new Deno.Command(await denoPath(version), { args: ["eval", "console.log(Deno.execPath())"] });
  return new TextDecoder().decode((await command.output()).stdout).trim();
}

async function run(server: Server, connections: number, seconds: number): Promise<Sample> {
  const headers = { "X-AS-Target-URL": "https://localhost:1/bytes/1024", "X-AS-Inject-Bearer": "BENCH_0" };
  const job: Job = {
    kind: "load",
    target: { port: Number(server.line) },
    path: "/proxy",
    headers,
    connections,
    seconds,
  };
  const cpu = cpuMsOf([server.pid]);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", program("load.ts"), JSON.stringify(job)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("the load failed");
  return { ...JSON.parse(new TextDecoder().decode(stdout)), cpuMs: cpuMsOf([server.pid]) - cpu };
}

async function checks(count: number): Promise<void> {
  const ways: readonly (readonly [string, Peers])[] = [
    ["netlink", new SystemPeers({ kernel: openSocketOwners })],
    ["/proc/net", new SystemPeers()],
  ];
  using connection = await Connection.open("127.0.0.1", "127.0.0.1");
  const rows: string[][] = [];
  for (const [name, peers] of ways) {
    const times: number[] = [];
    for (let i = -count; i < count; i++) {
      const started = performance.now();
      if (await peers.userOf(connection.peer) !== "same") throw new Error("our own connection is not ours");
      if (i >= 0) times.push(performance.now() - started);
    }
    rows.push([name, ms(quantile(times, 0.5)), ms(quantile(times, 0.99))]);
  }
  const sockets = (await Deno.readTextFile("/proc/net/tcp")).split("\n").length - 2;
  show({
    title: `Whose process is the caller? Among ${sockets} sockets of IPv4`,
    head: ["", "p50", "p99"],
    rows,
    note: "asked for each request without a token",
  });
}
