import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import { FileLocks } from "../../../../src/adapters/files/lock.ts";
import { openQuickFiles } from "../../../../src/adapters/process/quick_files.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { testAlone } from "../../../support/alone.ts";
import { TextLineStream } from "../../../support/lines.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

const files = (): DiskFiles => new DiskFiles(systemRandom, { now: () => Date.now() });
const child = fileURLToPath(new URL("lock_child.ts", import.meta.url));

/** A wait in the system that was given up ends by itself once the lock is free, maybe after the test. */
const ABANDONS = { sanitizeOps: false, sanitizeResources: false };

function start(path: string, what: string): { process: Deno.ChildProcess; line: () => Promise<string | undefined> } {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", child, path, what],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const text = process.stdout.pipeThrough(new TextDecoderStream());
  const reader = text.pipeThrough(new TextLineStream()).getReader();
  return { process, line: async () => (await reader.read()).value };
}

Deno.test("withLock() lets one in at a time, in the order of asking, and gives the result and the failure of the work", async () => {
  await using folder = await TempFolder.make();
  const one = files();
  const order: number[] = [];
  let inside = 0;
  const jobs = Array.from({ length: 20 }, (_, i) =>
    one.withLock(folder.at("locks", "l"), async () => {
      assert.equal(++inside, 1);
      await Promise.resolve();
      order.push(i);
      inside--;
      return i;
    }));
  assert.deepEqual(await Promise.all(jobs), order);
  assert.deepEqual(order, order.toSorted((a, b) => a - b));
  await assert.rejects(one.withLock(folder.at("l"), () => Promise.reject(new Error("work failed"))), /work failed/);
  assert.equal(await one.withLock(folder.at("l"), async () => "free again"), "free again");
});

Deno.test("withLock() of another object waits for the same lock; other paths do not", async () => {
  await using folder = await TempFolder.make();
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const first = files().withLock(folder.at("l"), () => {
    held.resolve();
    return release.promise;
  });
  await held.promise;
  let entered = false;
  const second = files().withLock(folder.at("l"), async () => entered = true);
  assert.equal(await files().withLock(folder.at("other"), async () => "other"), "other");
  assert.equal(entered, false);
  release.resolve();
  await Promise.all([first, second]);
  assert.equal(entered, true);
});

Deno.test(
  "withLock() gives up after its time, or when aborted, without doing the work and without keeping the lock",
  ABANDONS,
  async () => {
    await using folder = await TempFolder.make();
    const release = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holder = files().withLock(folder.at("l"), () => {
      held.resolve();
      return release.promise;
    });
    await held.promise;
    const never = (): Promise<never> => Promise.reject(new Error("must not run"));
    const waiter = files();
    await assert.rejects(
      waiter.withLock(folder.at("l"), never, { timeoutMs: 30 }),
      (e) => isAppError(e, "lock_timeout"),
    );
    const abort = new AbortController();
    const aborted = waiter.withLock(folder.at("l"), never, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    await assert.rejects(
      waiter.withLock(folder.at("l"), never, { signal: AbortSignal.abort(new Error("before")) }),
      /before/,
    );
    release.resolve();
    await holder;
    assert.equal(await waiter.withLock(folder.at("l"), async () => "free"), "free");
  },
);

Deno.test(
  "a lock of another process is waited for, and one of a process killed with SIGKILL is free at once",
  ABANDONS,
  async () => {
    await using folder = await TempFolder.make();
    const { process, line } = start(folder.at("l"), "hold");
    assert.equal(await line(), "held");
    const never = (): Promise<never> => Promise.reject(new Error("must not run"));
    const timeout = files().withLock(folder.at("l"), never, { timeoutMs: 30 });
    await assert.rejects(timeout, (error) => isAppError(error, "lock_timeout"));
    const waiting = files().withLock(folder.at("l"), async () => "mine");
    process.kill("SIGKILL");
    assert.equal(await waiting, "mine");
    await line();
    await process.status;
  },
);

Deno.test("six processes that count in one file under the lock lose no step", async () => {
  await using folder = await TempFolder.make();
  await files().write(folder.at("count"), new TextEncoder().encode("0"));
  const processes = Array.from({ length: 6 }, () => start(folder.at("l"), "count"));
  for (const { process, line } of processes) {
    assert.equal(await line(), "counted");
    assert.equal(await line(), undefined);
    assert.equal((await process.status).code, 0);
  }
  assert.equal(new TextDecoder().decode(await files().read(folder.at("count"))), "240");
});

/** Locks that are taken at once where they can be, and what was asked for. */
function immediate(ms: () => number): { readonly locks: FileLocks; readonly asked: string[] } {
  const asked: string[] = [], files = openQuickFiles();
  const lockNow = (path: string): Disposable | undefined => {
    const file = files?.at(path).open(), isOurs = file?.tryLock() ?? false;
    asked.push(isOurs ? "had" : "not had");
    if (isOurs) return file;
    file?.[Symbol.dispose]();
    return undefined;
  };
  return { locks: new FileLocks({ clock: { monotonicMs: ms }, lockNow }), asked };
}

const LINUX = { ignore: Deno.build.os !== "linux" };

// A program that another test starts just then has a copy of every descriptor for a moment, and with it the lock.
testAlone(import.meta.url, {
  name: "hold() takes a free lock at once, gives it up whatever the work does, and shuts out those who wait",
  ...LINUX,
  fn: async () => {
    await using folder = await TempFolder.make();
    const path = folder.at("l"), { locks, asked } = immediate(() => 0);
    await locks.hold(path, async () => {}, 10_000); // makes the file
    assert.deepEqual(asked.splice(0), ["not had"]);
    let inside = 0, most = 0;
    const other = files(); // in another way
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await Promise.resolve();
      inside--;
    };
    await Promise.all(Array.from({ length: 20 }, (_, i) => {
      return i % 2 === 0 ? locks.hold(path, work, 10_000) : other.withLock(path, work);
    }));
    assert.equal(most, 1);
    asked.length = 0;
    await assert.rejects(locks.hold(path, () => Promise.reject(new Error("work failed")), 10_000), /work failed/);
    assert.equal(await locks.hold(path, async () => "free again", 10_000), "free again");
    assert.deepEqual(asked, ["had", "had"]);
  },
});

Deno.test(
  "hold() waits, as long as it may, for a lock that cannot be had at once",
  { ...ABANDONS, ...LINUX },
  async () => {
    await using folder = await TempFolder.make();
    const { locks, asked } = immediate(() => 0);
    const release = Promise.withResolvers<void>(), held = Promise.withResolvers<void>();
    const holder = files().withLock(folder.at("l"), () => (held.resolve(), release.promise));
    await held.promise;
    const never = (): Promise<never> => Promise.reject(new Error("must not run"));
    await assert.rejects(locks.hold(folder.at("l"), never, 30), (e) => isAppError(e, "lock_timeout"));
    const abort = new AbortController();
    const aborted = locks.hold(folder.at("l"), never, 10_000, abort.signal);
    abort.abort(new Error("enough"));
    await assert.rejects(aborted, /enough/);
    const waiting = locks.hold(folder.at("l"), async () => "mine", 10_000);
    release.resolve();
    await holder;
    assert.equal(await waiting, "mine");
    assert.deepEqual(asked, ["not had", "not had", "not had"]);
  },
);

Deno.test(
  "a lock that is taken again and again is asked for in the system's line from time to time, where others wait",
  LINUX,
  async () => {
    await using folder = await TempFolder.make();
    const path = folder.at("l");
    let ms = 1000;
    const { locks, asked } = immediate(() => ms);
    const holdFor = (took: number): Promise<void> => locks.hold(path, async () => void (ms += took), 10_000);
    await holdFor(1);
    asked.length = 0;
    for (let i = 0; i < 24; i++) await holdFor(1);
    assert.equal(asked.length, 24);
    await holdFor(1); // 25 ms without a pause: through the line
    assert.equal(asked.length, 24);
    for (let i = 0; i < 24; i++) await holdFor(1);
    assert.equal(asked.length, 48);
    ms += 4;
    await holdFor(1);
    assert.equal(asked.length, 48, "too short a pause for those who wait");
    for (let i = 0; i < 100; i++) {
      ms += 5; // whoever waited has it by now
      await holdFor(1);
    }
    assert.equal(asked.length, 148);
  },
);
