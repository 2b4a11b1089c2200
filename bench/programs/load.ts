/**
 * The load generator, in a process of its own: `deno run -A load.ts JOB` with a {@linkcode Job} as JSON; prints a
 * {@linkcode LoadResult} as JSON.
 *
 * @module
 */

import { getRequest, HttpClient, type Target } from "./http_client.ts";

/** What to do. */
export interface Job {
  /** `load`: as many exchanges as pass; `first-byte`: one after the other; `hold`: open streams until standard input ends. */
  readonly kind: "load" | "first-byte" | "hold";
  readonly target: Target;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** How long to measure; before it, a quarter of that passes unmeasured. */
  readonly seconds: number;
}

/** What came out. */
export interface LoadResult {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Whole exchanges for `load`, first bytes of bodies otherwise, in ms. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function measure(job: Job): Promise<LoadResult> {
  const request = getRequest(job.path, job.headers, job.target.port);
  const clients = await Promise.all(Array.from({ length: job.connections }, () => HttpClient.open(job.target)));
  const begin = performance.now() + job.seconds * 250, end = begin + job.seconds * 1000;
  const times: number[] = [];
  let bytes = 0, last = begin;
  await Promise.all(clients.map(async (client) => {
    for (let started = performance.now(); started < end;) {
      const exchange = await client.exchange(request);
      if (exchange.status !== 200) throw new Error(`an answer with status ${exchange.status}`);
      const now = performance.now();
      if (started >= begin) {
        times.push((job.kind === "load" ? now : exchange.firstByteMs) - started);
        bytes += exchange.bytes;
        last = Math.max(last, now);
      }
      started = now;
    }
    client.close();
  }));
  times.sort((a, b) => a - b);
  const at = (q: number): number => times[Math.min(times.length - 1, Math.floor(times.length * q))] ?? NaN;
  return { requests: times.length, bytes, seconds: (last - begin) / 1000, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** Opens the streams, some at a time, says so, and keeps them until told. */
async function hold(job: Job): Promise<LoadResult> {
  const request = getRequest(job.path, job.headers, job.target.port);
  const clients: HttpClient[] = [];
  const started = performance.now();
  while (clients.length < job.connections) {
    const some = Math.min(32, job.connections - clients.length);
    clients.push(
      ...await Promise.all(Array.from({ length: some }, async () => {
        const client = await HttpClient.open(job.target);
        const { status } = await client.exchange(request, true);
        if (status !== 200) throw new Error(`an answer with status ${status}`);
        return client;
      })),
    );
  }
  const seconds = (performance.now() - started) / 1000;
  console.log("held");
  for await (const _ of Deno.stdin.readable);
  for (const client of clients) client.close();
  return { requests: clients.length, bytes: 0, seconds, p50Ms: NaN, p99Ms: NaN };
}

if (import.meta.main) {
  const job: Job = JSON.parse(Deno.args[0]!);
  console.log(JSON.stringify(await (job.kind === "hold" ? hold(job) : measure(job))));
  Deno.exit(0);
}
