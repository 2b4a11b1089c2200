/**
 * A process of its own that records calls, many at once, and says of each when it is acknowledged: `record_calls.ts FOLDER CALLERS LABEL`.
 * It goes on until it is killed.
 */
import { SystemClock } from "../../src/adapters/clock/system.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { ChainedRecorder } from "../../src/proxy/audit_recorder.ts";
import { DEVICE, FACTS, sinkIn } from "./audit.ts";

/** Small enough for many rotations. */
export const MAX_BYTES = 64 * 1024;

if (import.meta.main) {
  const [folder, callers, label] = Deno.args as [string, string, string];
  const sink = sinkIn(folder, { maxBytes: MAX_BYTES, keep: 100_000 });
  const checkpoints = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };
  const recorder = new ChainedRecorder(sink, DEVICE, checkpoints, new SystemClock(), systemRandom);
  // Lines of different lengths, so that groups end at any place of a page.
  const facts = (i: number): typeof FACTS => ({
    ...FACTS,
    agentId: label,
    targetUrl: `https://a.test/${"x".repeat(i)}`,
  });
  const say = (id: string): number => Deno.stdout.writeSync(new TextEncoder().encode(`${id}\n`));
  await Promise.all(Array.from({ length: Number(callers) }, async (_, caller) => {
    for (let i = caller;; i = (i + 37) % 700) {
      await sink.ready();
      say(await recorder.record(facts(i)));
    }
  }));
}
