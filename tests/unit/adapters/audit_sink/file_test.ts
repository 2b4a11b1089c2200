import assert from "node:assert/strict";
import { FileAuditSink, type FileAuditSinkOptions } from "../../../../src/adapters/audit_sink/file.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { QUICK } from "../../../support/audit.ts";
import { onSmallDisk } from "../../../support/small_disk.ts";

const APPEND = new URL("../../../support/append_lines.ts", import.meta.url).pathname;

const line = (n: number): string => JSON.stringify({ n, pad: "x".repeat(80) });

const unvouched = (n: number): string => `{"n":${n},"sig":""}`;

/** What somebody may do to a log between two calls, and what the next one is told. */
const HARM: Readonly<Record<string, readonly [harm: (path: string) => Promise<void>, reason: RegExp]>> = {
  "removed": [(path) => Deno.remove(path), /removed/],
  "emptied": [(path) => Deno.truncate(path), /last record is missing/],
  "cut by a line": [async (path) => await Deno.truncate(path, line(1).length + 1), /last record is missing/],
  "edited without changing its size": [async (path) => {
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('{"n":2', '{"n":3'));
    // Another time than that of the last record, however fast this test is.
    await Deno.utime(path, 1, 1);
  }, /last record is missing/],
  "replaced by an older copy": [async (path) => {
    await Deno.writeTextFile(`${path}.copy`, `${line(1)}\n`);
    await Deno.rename(`${path}.copy`, path);
  }, /last record is missing/],
  "replaced by a link": [async (path) => {
    await Deno.rename(path, `${path}.aside`);
    await Deno.symlink(`${path}.aside`, path);
  }, /symbolic link/],
  "followed by many GB of nothing": [(path) => Deno.truncate(path, 2 ** 36), /larger than this program makes it/],
  "replaced by a folder": [async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  }, /not a file/],
};

async function linesOf(sink: FileAuditSink): Promise<string[]> {
  return await Array.fromAsync(sink.lines());
}

async function refuses(sink: FileAuditSink, reason: RegExp): Promise<void> {
  const matches = (e: unknown): boolean => isAppError(e, "audit_unwritable") && reason.test(e.message);
  await assert.rejects(sink.ready(), matches);
  await assert.rejects(sink.append(() => line(9)), matches);
}

/** How the sink reaches the system. */
interface Way {
  readonly name: string;
  readonly options: Partial<FileAuditSinkOptions>;
}

const WAYS: readonly Way[] = [{ name: "", options: {} }, { name: " (by the system's own calls)", options: QUICK }];

/** The same claims, whatever way. */
function suite(way: Way): void {
  async function withSink(
    work: (sink: FileAuditSink, folder: string) => Promise<void>,
    options: Partial<FileAuditSinkOptions> = {},
  ): Promise<void> {
    const folder = await Deno.makeTempDir();
    try {
      await work(sinkIn(folder, options), folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }

  function sinkIn(folder: string, options: Partial<FileAuditSinkOptions> = {}): FileAuditSink {
    const places = { path: `${folder}/proxy.log`, lockPath: `${folder}/locks/audit.lock` };
    return new FileAuditSink({ ...places, ...way.options, ...options });
  }

  Deno.test(`lines are read back in order, the head is a copy of the last, and the files are the owner's alone${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      assert.deepEqual(await linesOf(sink), []);
      assert.equal(await sink.head(), undefined);
      await sink.ready();
      const seen: (string | undefined)[] = [];
      for (const n of [1, 2, 3]) await sink.append((last) => (seen.push(last), line(n)));
      assert.deepEqual(seen, [undefined, line(1), line(2)]);
      assert.deepEqual(await linesOf(sink), [line(1), line(2), line(3)]);
      assert.equal(await sink.head(), line(3));
      for (const name of ["proxy.log", "proxy.log.head", "proxy.log.reserve"]) {
        assert.equal((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, 0o600, name);
      }
    });
  });

  Deno.test(`a log that others could read is made the owner's again${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      for (let i = 0; i < 2; i++) await sink.ready(); // the second one finds nothing changed
      await Deno.chmod(`${folder}/proxy.log`, 0o666);
      await sink.ready();
      assert.equal((await Deno.stat(`${folder}/proxy.log`)).mode! & 0o777, 0o600);
    });
  });

  Deno.test(`a full file is put aside; lines, last line and order go on across the files, and the oldest is dropped${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      for (let n = 1; n <= 12; n++) {
        await sink.append((last) => {
          assert.equal(last, n === 1 ? undefined : line(n - 1));
          return line(n);
        });
      }
      const kept = await linesOf(sink);
      assert.equal(kept.at(-1), line(12));
      assert.deepEqual(kept, Array.from({ length: kept.length }, (_, i) => line(12 - kept.length + 1 + i)));
      assert.equal(await sink.pruned(), true);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => /\.\d{6}$/.test(name));
      assert.equal(names.length, 2);
    }, { maxBytes: 250, keep: 2 });
  });

  Deno.test(`processes that append at once lose nothing and never overwrite each other${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      const children = ["a", "b", "c"].map((label) => appender(folder, 40, label).output());
      for (const { success, stderr } of await Promise.all(children)) {
        assert.ok(success, new TextDecoder().decode(stderr));
      }
      const lines = (await linesOf(sink)).map((text) => JSON.parse(text));
      assert.deepEqual(lines.map(({ seq }) => seq), Array.from({ length: 120 }, (_, i) => i + 1));
      for (const label of ["a", "b", "c"]) {
        assert.deepEqual(lines.filter(({ from }) => from === label).map(({ i }) => i), [...Array(40).keys()]);
      }
    }, { maxBytes: 4000, keep: 1000 });
  });

  Deno.test(`P25 a process killed at any moment loses no acknowledged line and leaves no half one${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      let known = 0;
      for (let round = 0; round < 4; round++) {
        const child = appender(folder, 10_000, `r${round}`).spawn();
        let acknowledged = 0;
        for await (const block of child.stdout) {
          acknowledged += block.filter((byte) => byte === 10).length;
          if (acknowledged >= 5 + round * 7) break;
        }
        child.kill("SIGKILL");
        await child.status;
        await child.stderr.cancel();
        const lines = (await linesOf(sink)).map((text) => JSON.parse(text));
        assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
        assert.ok(lines.length >= known + acknowledged);
        known = lines.length;
      }
    }, { maxBytes: 4000, keep: 1000 });
  });

  Deno.test(`a torn last line is cut off before the next is appended; a whole one without its line feed is kept${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      await Deno.writeTextFile(`${folder}/proxy.log`, line(2).slice(0, 20), { append: true });
      assert.deepEqual(await linesOf(sink), [line(1)]);
      await sink.append((last) => (assert.equal(last, line(1)), line(2)));
      await Deno.writeTextFile(`${folder}/proxy.log`, line(3), { append: true });
      assert.deepEqual(await linesOf(sink), [line(1), line(2), line(3)]);
      await sink.append((last) => (assert.equal(last, line(3)), line(4)));
      assert.deepEqual(await linesOf(sink), [line(1), line(2), line(3), line(4)]);
    });
  });

  Deno.test(`P14 a log whose end was cut off is not continued, and is left as it is${way.name}`, async () => {
    for (const cut of [() => "", (text: string) => `${text.split("\n")[0]}\n`, (text: string) => text.slice(0, -30)]) {
      await withSink(async (sink, folder) => {
        await sink.append(() => line(1));
        await sink.append(() => line(2));
        const path = `${folder}/proxy.log`, left = cut(await Deno.readTextFile(path));
        await Deno.writeTextFile(path, left);
        await refuses(sink, /last record is missing.*proxy\.log\.head/);
        assert.equal(await Deno.readTextFile(path), left);
      });
    }
  });

  Deno.test(`a head that is older than the log, as after a crash, is caught up with${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      const old = await Deno.readTextFile(`${folder}/proxy.log.head`);
      await sink.append(() => line(2));
      await sink.append(() => line(3));
      await Deno.writeTextFile(`${folder}/proxy.log.head`, old);
      await sink.ready();
      await sink.append((last) => (assert.equal(last, line(3)), line(4)));
      assert.equal(await sink.head(), line(4));
    });
  });

  Deno.test(`a log that is a folder, a link, or was removed is refused${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await Deno.mkdir(`${folder}/proxy.log`);
      await refuses(sink, /not a file/);
    });
    await withSink(async (sink, folder) => {
      await Deno.writeTextFile(`${folder}/elsewhere`, "");
      await Deno.symlink(`${folder}/elsewhere`, `${folder}/proxy.log`);
      await refuses(sink, /symbolic link/);
      assert.equal(await Deno.readTextFile(`${folder}/elsewhere`), "");
    });
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      await Deno.remove(`${folder}/proxy.log`);
      await refuses(sink, /removed/);
      await Deno.remove(`${folder}/proxy.log.head`);
      await sink.ready();
    });
  });

  for (const [what, [harm, reason]] of Object.entries(HARM)) {
    Deno.test(`P13 a log that was ${what} after it was in order is refused to the very next call${way.name}`, async () => {
      await withSink(async (sink, folder) => {
        await sink.append(() => line(1));
        await sink.append(() => line(2));
        await sink.ready();
        await sink.ready();
        await harm(`${folder}/proxy.log`);
        await refuses(sink, reason);
      });
    });
  }

  Deno.test(`groups that wait are written under one lock, each durable before the next, and other processes get in after a while${way.name}`, async () => {
    let ms = 0;
    await withSink(async (sink, folder) => {
      const seen: (string | undefined)[] = [];
      let group = 0;
      const stored = async (): Promise<string[]> =>
        (await Deno.readTextFile(`${folder}/proxy.log`)).trimEnd().split("\n");
      const lengths: Promise<string[]>[] = [];
      await sink.append((last) => (seen.push(last), line(++group)), () => {
        lengths.push(stored());
        ms += 10;
        return true;
      });
      // 25 ms: after the third group it is somebody else's turn.
      assert.equal(group, 3);
      assert.deepEqual(seen, [undefined, line(1), line(2)]);
      assert.ok((await Promise.all(lengths)).every((lines, i) => lines.length >= i + 1));
      assert.deepEqual(await linesOf(sink), [line(1), line(2), line(3)]);
      // A failure in a later group leaves the earlier ones as they are.
      let asked = 0;
      const failing = sink.append(() => {
        if (++asked === 2) throw new Error("no");
        return line(4);
      }, () => true);
      await assert.rejects(failing, /no/);
      assert.deepEqual(await linesOf(sink), [line(1), line(2), line(3), line(4)]);
      assert.equal(await sink.head(), line(4));
    }, { clock: { monotonicMs: () => ms } });
  });

  Deno.test(`P13 a lock that cannot be had is told to the call, not waited for without end${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      await Deno.remove(`${folder}/locks/audit.lock`);
      await Deno.mkdir(`${folder}/locks/audit.lock`);
      await assert.rejects(sink.append(() => line(2)), (e) => isAppError(e, "audit_unwritable"));
      assert.equal(await Deno.readTextFile(`${folder}/proxy.log`), `${line(1)}\n`);
    });
  });

  Deno.test(`a group is durable as a whole, is not divided by a rotation, and its last line alone is the head${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      const seen: (string | undefined)[] = [];
      for (const n of [1, 4, 7, 10]) {
        await sink.append((last) => (seen.push(last), [unvouched(n), unvouched(n + 1), line(n + 2)]));
      }
      assert.deepEqual(seen, [undefined, line(3), line(6), line(9)]);
      assert.equal(await sink.head(), line(12));
      const kept = await linesOf(sink);
      assert.deepEqual(kept.length, 12);
      for (const { name } of Deno.readDirSync(folder)) {
        if (!/^proxy\.log(\.\d{6})?$/.test(name)) continue;
        assert.equal((await Deno.readTextFile(`${folder}/${name}`)).trimEnd().split("\n").length % 3, 0, name);
      }
    }, { maxBytes: 200 });
  });

  Deno.test(`lines that end no group are cut off by the next append, and by nothing else${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      await sink.append(() => line(1));
      const rest = `${unvouched(2)}\n${unvouched(3)}\n${unvouched(4).slice(0, 5)}`;
      await Deno.writeTextFile(`${folder}/proxy.log`, rest, { append: true });
      await sink.ready();
      assert.deepEqual(await linesOf(sink), [line(1), unvouched(2), unvouched(3)]);
      await sink.append((last) => (assert.equal(last, line(1)), line(5)));
      assert.deepEqual(await linesOf(sink), [line(1), line(5)]);
    });
  });

  Deno.test(`another process's lines are seen before the next append${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      const other = sinkIn(folder);
      for (let n = 1; n <= 8; n += 2) {
        await sink.append((last) => (assert.equal(last, n === 1 ? undefined : line(n - 1)), line(n)));
        await other.ready();
        await other.append((last) => (assert.equal(last, line(n)), line(n + 1)));
        await sink.ready();
      }
      assert.equal((await linesOf(sink)).length, 8);
    }, { maxBytes: 250 });
  });

  Deno.test(`a torn copy of the head counts as none, one of an earlier version holds, and a link in its place is not written to${way.name}`, async () => {
    await withSink(async (sink, folder) => {
      const path = `${folder}/proxy.log.head`;
      await sink.append(() => line(1));
      await sink.append(() => line(2));
      const whole = await Deno.readTextFile(path);
      await Deno.writeTextFile(path, whole.replace('"n":2', '"n":7'));
      assert.equal(await sink.head(), undefined);
      await sinkIn(folder).append(() => line(3));
      assert.equal(await sink.head(), line(3));
      await Deno.writeTextFile(path, `${line(2)}\n`);
      assert.equal(await sink.head(), line(2));
      await sinkIn(folder).append(() => line(4));
      await Deno.remove(path);
      await Deno.writeTextFile(`${folder}/elsewhere`, "mine");
      await Deno.symlink(`${folder}/elsewhere`, path);
      await sink.append(() => line(5));
      assert.equal(await Deno.readTextFile(`${folder}/elsewhere`), "mine");
      assert.equal(await sink.head(), line(5));
      await sink.append(() => "{}");
      assert.equal(await sink.head(), "{}", "a shorter line than before");
    });
  });

  Deno.test(`a copy of the head that is many GB counts as none, and is replaced${way.name}`, async () => {
    await withSink(async (sink) => {
      await sink.append(() => line(1));
      await Deno.truncate(`${sink.path}.head`, 2 ** 36);
      assert.equal(await sink.head(), undefined);
      await sink.append(() => line(2));
      assert.ok((await Deno.lstat(`${sink.path}.head`)).size < 2 ** 20);
      assert.equal(await sink.head(), line(2));
    });
  });

  Deno.test(`a folder that cannot be made is refused${way.name}`, async () => {
    await withSink(async (_, folder) => {
      await Deno.writeTextFile(`${folder}/file`, "");
      await refuses(sinkIn(`${folder}/file`), /folder/);
    });
  });

  Deno.test(
    `on a full disk a call under way is still recorded, and no further one begins${way.name}`,
    onSmallDisk(400, async (disk) => {
      const sink = sinkIn(disk.path);
      await sink.ready();
      await disk.fill("ballast");
      await sink.append(() => line(1));
      assert.deepEqual(await linesOf(sink), [line(1)]);
      await disk.fill("ballast2");
      await assert.rejects(sink.ready(), (e) => isAppError(e, "audit_unwritable") && /full/.test(e.message));
    }),
  );

  Deno.test(
    `P13 a group that the disk has no room for is refused whole and leaves no line of itself${way.name}`,
    onSmallDisk(1024, async (disk) => {
      const sink = sinkIn(disk.path);
      await sink.append(() => line(1));
      await sink.ready();
      await disk.fill("ballast");
      // More than the room that was set aside, so that a part of it is written before the disk is full.
      const group = [...Array.from({ length: 2000 }, () => `{"pad":"${"x".repeat(200)}","sig":""}`), line(2)];
      await assert.rejects(
        sink.append(() => group),
        (e) => isAppError(e, "audit_unwritable") && /full/.test(e.message),
      );
      assert.equal(await Deno.readTextFile(disk.at("proxy.log")), `${line(1)}\n`);
      await sink.append((last) => (assert.equal(last, line(1)), [unvouched(2), line(3)]));
      assert.deepEqual(await linesOf(sink), [line(1), unvouched(2), line(3)]);
    }),
  );

  Deno.test(
    `P13 a disk that has become read-only, or full and without the room set aside, is noticed by the very next call${way.name}`,
    onSmallDisk(1024, async (disk) => {
      const sink = sinkIn(disk.path);
      await sink.append(() => line(1));
      await sink.ready();
      await sink.ready();
      await Deno.remove(disk.at("proxy.log.reserve"));
      await disk.fill("ballast");
      await assert.rejects(sink.ready(), (e) => isAppError(e, "audit_unwritable") && /full/.test(e.message));
      await Deno.remove(disk.at("ballast"));
      await sink.ready();
      await disk.freeze();
      await refuses(sink, /read-only/);
    }),
  );

  Deno.test(
    `on a read-only file system there is no call${way.name}`,
    onSmallDisk(1024, async (disk) => {
      const sink = sinkIn(disk.path);
      await sink.append(() => line(1));
      await disk.freeze();
      await refuses(sink, /read-only/);
      assert.deepEqual(await Deno.readTextFile(disk.at("proxy.log")), `${line(1)}\n`);
    }),
  );

  Deno.test(`whoever watches sees lines as they are appended, across a rotation${way.name}`, async () => {
    await withSink(async (sink) => {
      await sink.append(() => line(1));
      const stop = new AbortController();
      const watched = sink.watch(stop.signal)[Symbol.asyncIterator]();
      const first = watched.next();
      // The watcher begins with the first request; what is appended while it starts may be one that it takes for old.
      const seen: string[] = [];
      let n = 2;
      let pending = first;
      while (seen.length < 5) {
        await sink.append(() => line(n++));
        const next = await Promise.race([pending, Promise.resolve(undefined)]);
        if (next === undefined) continue;
        seen.push(next.value as string);
        pending = watched.next();
      }
      stop.abort();
      while (!(await pending).done) pending = watched.next();
      const numbers = seen.map((text) => JSON.parse(text).n as number);
      assert.deepEqual(numbers, numbers.map((_, i) => numbers[0]! + i));
    }, { maxBytes: 250 });
  });

  function appender(folder: string, count: number, label: string): Deno.Command {
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        APPEND,
        `${folder}/proxy.log`,
        `${folder}/locks/audit.lock`,
        String(count),
        label,
        way.options.quick === undefined ? "long" : "quick",
      ],
      stdout: "piped",
      stderr: "piped",
    });
  }
}

for (const way of WAYS) suite(way);
