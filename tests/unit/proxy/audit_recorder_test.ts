import assert from "node:assert/strict";
import type { FileAuditSink } from "../../../src/adapters/audit_sink/file.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import {
  type AuditCheckpoint,
  CHECKPOINT_INTERVAL,
  CHECKPOINT_SPACING_MS,
  type CheckpointStore,
  NewestPlace,
} from "../../../src/proxy/audit_checkpoint.ts";
import { hashLine, MAX_GROUP, parseLine } from "../../../src/proxy/audit_line.ts";
import type { AuditRecord } from "../../../src/proxy/audit_record.ts";
import { ChainedRecorder } from "../../../src/proxy/audit_recorder.ts";
import { DEVICE, FACTS, groupsOf, lockOf, sinkIn, verify } from "../../support/audit.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { TempFolder } from "../../support/temp_folder.ts";

/** Keeps what it is told, and lets the test say when each note is taken. */
class GatedCheckpoints implements CheckpointStore {
  readonly taken: AuditCheckpoint[] = [];
  readonly #gates: PromiseWithResolvers<void>[] = [];
  #began = Promise.withResolvers<void>();

  read(): Promise<AuditCheckpoint | undefined> {
    return Promise.resolve(this.taken.at(-1));
  }

  write(checkpoint: AuditCheckpoint): Promise<void> {
    this.taken.push(checkpoint);
    const gate = Promise.withResolvers<void>();
    this.#gates.push(gate);
    this.#began.resolve();
    return gate.promise;
  }

  /** Ends the oldest write that is under way. */
  finish(failure?: Error): void {
    const gate = this.#gates.shift()!;
    failure === undefined ? gate.resolve() : gate.reject(failure);
  }

  /** Until a write has begun since this was asked last. */
  async began(): Promise<void> {
    await this.#began.promise;
    this.#began = Promise.withResolvers();
  }
}

/** Takes every note at once. */
class QuickCheckpoints extends GatedCheckpoints {
  override async write(checkpoint: AuditCheckpoint): Promise<void> {
    const written = super.write(checkpoint);
    this.finish();
    await written;
  }
}

function recorderOn(
  sink: FileAuditSink,
  checkpoints: CheckpointStore = new QuickCheckpoints(),
  clock = new FakeClock(),
): ChainedRecorder {
  return new ChainedRecorder(sink, DEVICE, checkpoints, clock, seededRandom(crypto.randomUUID()));
}

async function recordsOf(sink: FileAuditSink): Promise<AuditRecord[]> {
  return (await Array.fromAsync(sink.lines())).map((line) => parseLine(line)!);
}

const many = (recorder: ChainedRecorder, count: number): Promise<string>[] =>
  Array.from({ length: count }, () => recorder.record(FACTS));

Deno.test("records that come while the log is another's are one group: one signature for all, in the order they came", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), recorder = recorderOn(sink);
  const release = await lockOf(folder.path);
  const asked = many(recorder, 20);
  assert.deepEqual(await recordsOf(sinkWithoutLock(folder.path)), [], "nothing is written while the lock is another's");
  release();
  const ids = await Promise.all(asked);
  const records = await recordsOf(sink);
  assert.deepEqual(records.map(({ id }) => id), ids);
  assert.deepEqual(records.map(({ sig }) => sig !== ""), [...Array(19).fill(false), true]);
  assert.equal(records.at(-1)!.covers, 19);
  await verify(sink.lines(), { head: (await sink.head())! });
});

/** Reads beside a lock that somebody holds. */
function sinkWithoutLock(folder: string): FileAuditSink {
  return sinkIn(folder, { lockPath: `${folder}/locks/other.lock` });
}

Deno.test("a record that comes alone is a group of its own and waits for no other", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), recorder = recorderOn(sink);
  for (let i = 0; i < 3; i++) await recorder.record(FACTS);
  const records = await recordsOf(sink);
  assert.deepEqual(
    records.map(({ seq, covers, sig }) => [seq, covers, sig !== ""]),
    [1, 2, 3].map((n) => [n, undefined, true]),
  );
});

Deno.test("no group is larger than the verifier takes, however many wait", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), recorder = recorderOn(sink);
  await Promise.all(many(recorder, 2 * MAX_GROUP + 10));
  const ends = (await recordsOf(sink)).filter(({ sig }) => sig !== "");
  assert.ok(ends.every(({ covers = 0 }) => covers < MAX_GROUP));
  assert.equal((await verify(sink.lines())).records, 2 * MAX_GROUP + 10);
});

Deno.test("P13 a group that cannot be written is refused to everybody in it, and the next one begins anew", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), recorder = recorderOn(sink);
  await recorder.record(FACTS);
  const kept = await Deno.readFile(folder.at("proxy.log"));
  const release = await lockOf(folder.path);
  const asked = Promise.allSettled(many(recorder, 5));
  await Deno.remove(folder.at("proxy.log"));
  release();
  for (const outcome of await asked) {
    assert.ok(outcome.status === "rejected" && isAppError(outcome.reason, "audit_unwritable"));
  }
  await Deno.writeFile(folder.at("proxy.log"), kept);
  await recorder.record(FACTS);
  assert.equal((await verify(sink.lines())).records, 2);
});

Deno.test("several recorders in one process, and several sinks of one log, chain on each other's groups", async () => {
  await using folder = await TempFolder.make();
  const sinks = [sinkIn(folder.path, { maxBytes: 20_000 }), sinkIn(folder.path, { maxBytes: 20_000 })];
  const recorders = sinks.flatMap((sink) => [recorderOn(sink), recorderOn(sink)]);
  await Promise.all(recorders.map(async (recorder) => {
    for (let i = 0; i < 10; i++) await Promise.all(many(recorder, 1 + i % 4));
  }));
  const { records } = await verify(sinks[0]!.lines(), { head: (await sinks[1]!.head())! });
  assert.equal(records, 4 * (1 + 2 + 3 + 4 + 1 + 2 + 3 + 4 + 1 + 2));
});

Deno.test("P14 forged lines at the end are named, and gone with the next record; nothing that is signed is ever removed", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), recorder = recorderOn(sink);
  await Promise.all(many(recorder, 3));
  const honest = await Deno.readTextFile(folder.at("proxy.log"));
  const forged = groupsOf([4], honest.trimEnd().split("\n").at(-1)).slice(0, 3);
  await Deno.writeTextFile(folder.at("proxy.log"), forged.map((line) => `${line}\n`).join(""), { append: true });
  await assert.rejects(verify(sink.lines()), (e) => isAppError(e, "audit_invalid") && e.fields.line === 4);
  await recorder.record(FACTS);
  const text = await Deno.readTextFile(folder.at("proxy.log"));
  assert.ok(text.startsWith(honest));
  assert.equal((await verify(sink.lines())).records, 4);
});

Deno.test("P14 a log whose last group lost its signature is not continued: it is no crash's leaving", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), path = folder.at("proxy.log");
  const release = await lockOf(folder.path);
  const asked = many(recorderOn(sink), 3);
  release();
  await Promise.all(asked);
  const stripped = (await Deno.readTextFile(path)).replace(/,"covers":2,"key":.*/, ',"key":"","sig":""}');
  await Deno.writeTextFile(path, stripped);
  for (const each of [sink, sinkIn(folder.path)]) {
    await assert.rejects(each.ready(), (e) => isAppError(e, "audit_unwritable"));
    await assert.rejects(recorderOn(each).record(FACTS), (e) => isAppError(e, "audit_unwritable"));
  }
  assert.equal(await Deno.readTextFile(path), stripped);
});

Deno.test("a crash in the middle of a group leaves nothing that was acknowledged, and the next record clears it away", async () => {
  await using folder = await TempFolder.make();
  const path = folder.at("proxy.log"), [first, ...group] = groupsOf([1, 6]);
  for (const written of [1, 3, 5]) {
    for (const torn of ["", group[written]!.slice(0, 40), group[written]!]) {
      await Deno.writeTextFile(path, [first, ...group.slice(0, written), torn].join("\n"));
      const sink = sinkIn(folder.path);
      await sink.ready();
      await recorderOn(sink).record(FACTS);
      const records = await recordsOf(sink);
      const whole = torn === group[5];
      const kept = Array.from({ length: whole ? 7 : 1 }, (_, i) => `log_${i}`);
      assert.deepEqual(records.slice(0, -1).map(({ id }) => id), kept);
      assert.equal((await verify(sink.lines())).records, kept.length + 1);
      await Deno.remove(folder.at("proxy.log.head"));
    }
  }
});

Deno.test("the first checkpoint is waited for, as the process of one command ends with its record", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), checkpoints = new GatedCheckpoints();
  for (let i = 1; i < CHECKPOINT_INTERVAL; i++) await recorderOn(sink, checkpoints).record(FACTS);
  assert.deepEqual(checkpoints.taken, []);
  const recorder = recorderOn(sink, checkpoints);
  let answered = false;
  const asked = recorder.record(FACTS).then(() => answered = true);
  await checkpoints.began();
  await recorderOn(sink, checkpoints).record(FACTS); // time enough for the other's answer
  assert.equal(answered, false);
  checkpoints.finish(new Error("the keychain is locked"));
  await asked;
  const lines = await Array.fromAsync(sink.lines());
  assert.deepEqual(checkpoints.taken, [{ seq: CHECKPOINT_INTERVAL, hash: hashLine(lines[CHECKPOINT_INTERVAL - 1]!) }]);
});

Deno.test("under load there is one checkpoint at a time, not more often than once a second, and the newest place wins", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), checkpoints = new GatedCheckpoints(), clock = new FakeClock();
  const recorder = recorderOn(sink, checkpoints, clock);
  const batch = async (count: number): Promise<void> => void await Promise.all(many(recorder, count));
  const first = batch(20);
  await checkpoints.began();
  checkpoints.finish();
  await first;
  const begun = checkpoints.taken.length;
  assert.equal(begun, 1);
  await batch(200); // waits for no keychain
  assert.equal(checkpoints.taken.length, begun, "too early");
  await clock.advance(CHECKPOINT_SPACING_MS);
  await batch(1);
  assert.equal(checkpoints.taken.at(-1)!.seq, 221, "what was due is caught up with");
  await clock.advance(CHECKPOINT_SPACING_MS);
  await batch(100);
  assert.equal(checkpoints.taken.length, begun + 1, "one is under way");
  checkpoints.finish(new Error("the keychain is locked"));
  await Promise.resolve();
  await batch(1);
  assert.equal(checkpoints.taken.at(-1)!.seq, 322, "what became due meanwhile follows");
  checkpoints.finish(new Error("the keychain is locked"));
  await clock.advance(CHECKPOINT_SPACING_MS);
  await batch(1);
  assert.equal(checkpoints.taken.at(-1)!.seq, 323, "a failed one is tried again with the next record");
  checkpoints.finish();
  const lines = await Array.fromAsync(sink.lines());
  for (const { seq, hash } of checkpoints.taken) assert.equal(hash, hashLine(lines[seq - 1]!));
});

Deno.test("the last checkpoint is the newest place, comes after those under way, and never before another process's", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), newest = new NewestPlace(), clock = new FakeClock();
  await newest.keep(); // nothing was recorded
  const checkpoints = new GatedCheckpoints();
  const recorder = (): ChainedRecorder =>
    new ChainedRecorder(sink, DEVICE, checkpoints, clock, seededRandom(crypto.randomUUID()), newest);
  const [one, two] = [recorder(), recorder()];
  const first = Promise.all(many(one, CHECKPOINT_INTERVAL));
  await checkpoints.began();
  await two.record(FACTS);
  let kept = false;
  const keeping = newest.keep().then(() => kept = true);
  await sink.append((last) => last!); // time enough
  assert.deepEqual([checkpoints.taken.map(({ seq }) => seq), kept], [[CHECKPOINT_INTERVAL], false]);
  checkpoints.finish();
  await first;
  await checkpoints.began();
  checkpoints.finish(new Error("the keychain is locked"));
  await keeping;
  assert.equal(checkpoints.taken.at(-1)!.seq, CHECKPOINT_INTERVAL + 1);
  await newest.keep();
  assert.equal(checkpoints.taken.length, 2, "it is there");
  checkpoints.taken.push({ seq: CHECKPOINT_INTERVAL + 9, hash: "another process's" });
  await newest.keep();
  assert.equal(checkpoints.taken.length, 3);
});
