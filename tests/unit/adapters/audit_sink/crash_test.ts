/** Processes that record many calls at once and are killed in the middle. */
import assert from "node:assert/strict";
import { parseLine } from "../../../../src/proxy/audit_line.ts";
import { ChainedRecorder } from "../../../../src/proxy/audit_recorder.ts";
import { DEVICE, FACTS, sinkIn, verify } from "../../../support/audit.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { TextLineStream } from "../../../support/lines.ts";
import { MAX_BYTES } from "../../../support/record_calls.ts";
import { seededRandom } from "../../../support/seeded_random.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

const CHILD = new URL("../../../support/record_calls.ts", import.meta.url).pathname;

/** Starts one, kills it when it has acknowledged `count` records, and gives the ids of all that it has acknowledged. */
async function killedAfter(folder: string, callers: number, label: string, count: number): Promise<string[]> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, folder, String(callers), label],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const ids: string[] = [];
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const id of lines) if (ids.push(id) === count) child.kill("SIGKILL");
  const [{ signal }, said] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.equal(signal, "SIGKILL", said);
  return ids;
}

Deno.test("P13 P14 P25 processes that record many calls at once, killed at any moment, lose no acknowledged record, and the log verifies", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path, { maxBytes: MAX_BYTES, keep: 100_000 });
  const acknowledged = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const processes = [1, 8, 64].map((callers, i) =>
      killedAfter(folder.path, callers, `${round}-${callers}`, [40, 300, 900][i]! + 100 * round)
    );
    await Promise.allSettled(processes); // before the folder goes
    for (const ids of await Promise.all(processes)) for (const id of ids) acknowledged.add(id);
    // The next record clears away what the last one killed may have left in the middle of a group.
    const checkpoints = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };
    const recorder = new ChainedRecorder(sink, DEVICE, checkpoints, new FakeClock(), seededRandom(`${round}`));
    acknowledged.add(await recorder.record(FACTS));
    const lines = await Array.fromAsync(sink.lines());
    await verify(lines, { head: (await sink.head())! });
    const kept = new Set(lines.map((line) => parseLine(line)!.id));
    assert.deepEqual([...acknowledged].filter((id) => !kept.has(id)), []);
    assert.ok(lines.some((line) => (parseLine(line)!.covers ?? 0) > 5), "groups were formed");
  }
});
