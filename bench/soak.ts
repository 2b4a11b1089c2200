/**
 * A soak of the running proxy: mixed traffic, callers that leave, kills of the proxy; in the end memory must be flat and every call on
 * record. `deno task soak [--minutes N]` (15), with the program of `deno task build`. Ends with 1 when something was not so.
 *
 * @module
 */

import { memoryOf } from "./children.ts";
import { proxied, secretNames, startProxy, startWorld } from "./contenders.ts";
import { quantile } from "./measure.ts";
import { getRequest, HttpClient } from "./programs/http_client.ts";
import { mib, show } from "./report.ts";

/** Callers at once. */
const CALLERS = 8;
/** How long a caller waits after each call, in ms: the log of the whole run must fit what is kept of it. */
const PACE_MS = 40;
/** Of a life of the proxy, the part whose memory counts as warming up. */
const WARM_UP = 0.3;
/** How much the last part of a life may use over the first part after the warm-up, as medians. */
const GROWTH = 1.25;
const SAMPLE_MS = 250;

const PATHS = ["/bytes/0", "/bytes/1024", "/bytes/1048576", "/sse", "/text/1"];

/** What the callers saw of all lives. */
const seen = { whole: 0, left: 0, cut: 0, refused: 0 };
const breaches: string[] = [];

function minutes(): number {
  const at = Deno.args.indexOf("--minutes");
  const value = at < 0 ? 15 : Number(Deno.args[at + 1]);
  if (!(value > 0)) throw new Error("--minutes takes a positive number");
  return value;
}

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)]!;
}

/** One caller's traffic until `until`, or until the proxy is gone. */
async function call(port: number, request: ReturnType<typeof proxied>, until: number): Promise<void> {
  let client: HttpClient | undefined;
  while (performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    const leaves = Math.random() < 0.1, refused = Math.random() < 0.1;
    const { path, headers } = request(leaves ? "/hold" : pick(PATHS), secretNames(1 + Math.floor(Math.random() * 3)));
    if (refused) headers["X-AS-Target-URL"] = "https://not-allowed.example/";
    try {
      client ??= await HttpClient.open({ port });
      const { status } = await client.exchange(getRequest(path, headers, port), leaves && !refused);
      if (status !== (refused ? 403 : 200)) breaches.push(`an answer with status ${status}`);
      if (refused) seen.refused++;
      else if (leaves) seen.left++;
      else seen.whole++;
      if (!leaves || refused) continue;
    } catch {
      // The proxy was killed: what was under way may or may not be on record.
      seen.cut++;
      if (client === undefined) return;
    }
    client?.close();
    client = undefined;
  }
  client?.close();
}

/** Memory of a life, in bytes, sampled while `work` goes on. */
async function sampled(pid: number, work: Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  const timer = setInterval(() => {
    try {
      samples.push(memoryOf([pid]).now);
    } catch {
      // It was killed.
    }
  }, SAMPLE_MS);
  await work.finally(() => clearInterval(timer));
  return samples;
}

function checkFlat(life: number, samples: readonly number[]): { readonly first: number; readonly last: number } {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP)), third = Math.ceil(warm.length / 3);
  const first = quantile(warm.slice(0, third), 0.5), last = quantile(warm.slice(-third), 0.5);
  if (last > first * GROWTH) breaches.push(`life ${life}: memory grew from ${mib(first)} to ${mib(last)}`);
  return { first, last };
}

/** Every call that a caller saw an end of, and none that nobody made. */
async function checkLog(logs: string, verified: string): Promise<number> {
  const records = logs.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  const count = (of: (record: { status: string }) => boolean): number => records.filter(of).length;
  const blocked = count(({ status }) => status === "BLOCKED");
  const certain = seen.whole + seen.left;
  const others = records.length - blocked;
  // A killed proxy takes with it the endings of what was under way, and of streams that were left a moment before.
  if (others < certain - lostLeaving || others > certain + seen.cut) {
    breaches.push(`${certain} calls were answered, ${seen.cut} cut, but ${others} are on record`);
  }
  if (blocked < seen.refused || blocked > seen.refused + seen.cut) {
    breaches.push(`${seen.refused} calls were refused, but ${blocked} refusals are on record`);
  }
  console.log(verified.trim());
  return records.length;
}

/** Streams that callers left in the second before a kill: nobody was told that they are on record. */
let lostLeaving = 0;

const total = minutes() * 60_000;
await using stack = new AsyncDisposableStack();
const { home, port: upstreamPort } = await startWorld(stack);
const request = proxied(upstreamPort);
// Two short lives that end in a kill, then a long one that ends in order.
const parts = [["kill", 0.15], ["kill", 0.15], ["end", 0.7]] as const;
const rows: string[][] = [];
for (const [life, [ending, part]] of parts.entries()) {
  const proxy = await startProxy(home);
  const until = performance.now() + total * part;
  // Killed while all callers are busy.
  const callersUntil = ending === "kill" ? until + 60_000 : until;
  const callers = Promise.all(Array.from({ length: CALLERS }, () => call(proxy.port, request, callersUntil)));
  const killing = ending === "kill"
    ? new Promise((resolve) => setTimeout(resolve, until - performance.now())).then(() => {
      proxy.kill("SIGKILL");
      lostLeaving += CALLERS;
    })
    : Promise.resolve();
  const samples = await sampled(proxy.pid, Promise.all([callers, killing]));
  const { first, last } = checkFlat(life + 1, samples);
  rows.push([`life ${life + 1}, ${ending === "kill" ? "killed" : "ended"}`, mib(first), mib(last)]);
  await proxy[Symbol.asyncDispose]();
  const { success } = await proxy.ended;
  if (success !== (ending === "end")) breaches.push(`life ${life + 1} did not end as it was told to`);
}
show({ title: "Resident memory", head: ["", "after warming up", "at the end"], rows });
let records = 0;
try {
  records = await checkLog(await home.run(["proxy", "logs"]), await home.run(["proxy", "logs", "--verify"]));
} catch (error) {
  breaches.push(`the audit log: ${error instanceof Error ? error.message : error}`);
}
console.log(
  `${seen.whole} whole answers, ${seen.left} left open and dropped, ${seen.refused} refused, ${seen.cut} cut by kills; ${records} on record`,
);
for (const breach of new Set(breaches)) console.log(`BREACH: ${breach}`);
if (breaches.length > 0) Deno.exitCode = 1;
