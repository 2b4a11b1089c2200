/** What the sink does when one of the system's own calls does not succeed, and that it needs nothing else when they do. */
import assert from "node:assert/strict";
import { FileAuditSink } from "../../../../src/adapters/audit_sink/file.ts";
import { isSameStamp } from "../../../../src/adapters/audit_sink/file_stamp.ts";
import { openQuickFiles } from "../../../../src/adapters/process/quick_files.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import type { OpenFile, QuickFile, QuickFiles, SeenFile } from "../../../../src/ports/quick_files.ts";
import { testAlone } from "../../../support/alone.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

/** `torn`: half of it is written, then no more. `unsynced`: all is written, and the disk does not have it. */
type Fault = "look" | "lookOpen" | "open" | "lock" | "write" | "torn" | "unsynced";
const FAULTS: readonly Fault[] = ["look", "lookOpen", "open", "lock", "write", "torn", "unsynced"];

/** The real calls, of which some do not succeed. */
class FaultyFiles implements QuickFiles {
  readonly faults = new Set<Fault>();
  readonly done: string[] = [];
  openNow = 0;
  readonly #real = openQuickFiles()!;

  at(path: string): QuickFile {
    const real = this.#real.at(path), name = path.split("/").at(-1)!;
    return {
      look: () => (this.done.push(`look ${name}`), this.faults.has("look") ? undefined : real.look()),
      open: () => {
        if (this.faults.has("open")) return undefined;
        const file = real.open();
        if (file === undefined) return undefined;
        this.done.push(`open ${name}`);
        this.openNow++;
        return this.#open(file, name);
      },
    };
  }

  #open(file: OpenFile, name: string): OpenFile {
    let open = true;
    const did = (what: string): void => {
      assert.ok(open, `${what} after it was closed`);
      this.done.push(`${what} ${name}`);
    };
    return {
      look: (): SeenFile | undefined => (did("look"), this.faults.has("lookOpen") ? undefined : file.look()),
      tryLock: () => (did("lock"), !this.faults.has("lock") && file.tryLock()),
      write: (bytes, position) => {
        did("write");
        if (this.faults.has("write")) return false;
        if (!this.faults.has("torn")) return file.write(bytes, position);
        file.write(bytes.subarray(0, bytes.length >> 1), position);
        return false;
      },
      sync: async () => {
        const done = await file.sync();
        did("sync");
        return done && !this.faults.has("unsynced");
      },
      [Symbol.dispose]: () => {
        if (open) this.openNow--;
        open = false;
        file[Symbol.dispose]();
      },
    };
  }
}

const linux = { ignore: Deno.build.os !== "linux" };
const line = (n: number): string => JSON.stringify({ n, pad: "x".repeat(n * 30) });

function sinkOn(folder: TempFolder, files: QuickFiles, maxBytes?: number): FileAuditSink {
  return new FileAuditSink({
    path: folder.at("proxy.log"),
    lockPath: folder.at("audit.lock"),
    quick: () => Promise.resolve(files),
    quickFrom: 1,
    clock: { monotonicMs: () => 0 }, // nobody's turn ends
    ...(maxBytes === undefined ? {} : { maxBytes }),
  });
}

// A program that another test starts just then has a copy of every descriptor for a moment, and with it the lock.
testAlone(import.meta.url, {
  name: "a record and a look before a call are made of the system's own calls alone, and of few",
  ...linux,
  fn: async () => {
    await using folder = await TempFolder.make();
    const files = new FaultyFiles(), sink = sinkOn(folder, files);
    for (let n = 1; n <= 2; n++) {
      await sink.ready();
      await sink.append(() => line(n));
    }
    files.done.length = 0;
    await sink.ready();
    assert.deepEqual(files.done, ["open proxy.log", "look proxy.log", "look proxy.log.reserve"]);
    files.done.length = 0;
    await sink.append(() => line(3));
    assert.deepEqual(files.done, [
      ...["open audit.lock", "lock audit.lock"],
      ...["open proxy.log", "look proxy.log", "write proxy.log", "sync proxy.log", "look proxy.log"],
      ...["open proxy.log.head", "look proxy.log.head", "write proxy.log.head"],
    ]);
    assert.equal(files.openNow, 0);
  },
});

for (const fault of FAULTS) {
  Deno.test(
    `where "${fault}" does not succeed, every line is written once, in order, and nothing stays open`,
    linux,
    async () => {
      await using folder = await TempFolder.make();
      const files = new FaultyFiles(), sink = sinkOn(folder, files, 400);
      let asked = 0;
      for (let n = 1; n <= 12; n++) {
        // On and off: what was remembered in one way is met in the other.
        n % 3 === 0 ? files.faults.delete(fault) : files.faults.add(fault);
        await sink.ready();
        await sink.append((last) => {
          asked++;
          assert.equal(last, n === 1 ? undefined : line(n - 1));
          return line(n);
        });
        assert.equal(await sink.head(), line(n));
        assert.equal(files.openNow, 0);
      }
      assert.equal(asked, 12);
      assert.deepEqual(await Array.fromAsync(sink.lines()), Array.from({ length: 12 }, (_, i) => line(i + 1)));
    },
  );
}

testAlone(import.meta.url, {
  name: "P13 a failure of a group's maker, of the log or of its lock leaves no descriptor open",
  ...linux,
  fn: async () => {
    await using folder = await TempFolder.make();
    const files = new FaultyFiles(), sink = sinkOn(folder, files);
    const refused = (e: unknown): boolean => isAppError(e, "audit_unwritable");
    for (let n = 1; n <= 3; n++) await sink.append(() => line(n));
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) {
      await assert.rejects(
        sink.append(() => {
          throw new Error("no line");
        }),
        /no line/,
      );
      await assert.rejects(sink.append(() => [] as string[]), TypeError);
      await Deno.rename(folder.at("proxy.log"), folder.at("aside"));
      await assert.rejects(sink.ready(), refused);
      await assert.rejects(sink.append(() => line(9)), refused);
      await Deno.symlink(folder.at("aside"), folder.at("proxy.log"));
      await assert.rejects(sink.ready(), refused);
      await assert.rejects(sink.append(() => line(9)), refused);
      await Deno.rename(folder.at("aside"), folder.at("proxy.log"));
      await sink.ready();
    }
    assert.equal(files.openNow, 0);
    assert.equal(openDescriptors(), before);
    await sink.append((last) => (assert.equal(last, line(3)), line(4)));
  },
});

Deno.test("P13 a change within one millisecond that leaves the size is told by the nanoseconds", () => {
  const seen = { inode: 1, device: 2, size: 3, modifiedMs: 4, modifiedNs: 5, changedMs: 6, changedNs: 7 };
  assert.ok(isSameStamp(seen, { ...seen }));
  for (const key of Object.keys(seen) as (keyof typeof seen)[]) {
    assert.ok(!isSameStamp(seen, { ...seen, [key]: seen[key] + 1 }), key);
  }
  // What the runtime says is coarser: it never stands for the same.
  assert.ok(!isSameStamp(seen, { ...seen, modifiedNs: undefined, changedNs: undefined }));
});

function openDescriptors(): number {
  return [...Deno.readDirSync("/proc/self/fd")].length;
}
