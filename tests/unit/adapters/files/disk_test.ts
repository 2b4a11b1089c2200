import assert from "node:assert/strict";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";
import { type ErrorCode, isAppError } from "../../../../src/kernel/error.ts";
import { testAlone } from "../../../support/alone.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { onSmallDisk } from "../../../support/small_disk.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

const files = (): DiskFiles => new DiskFiles(systemRandom, { now: () => Date.now() });
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const mode = async (path: string): Promise<number> => (await Deno.lstat(path)).mode! & 0o777;

async function refused(code: ErrorCode, work: () => Promise<unknown>, reason?: string): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAppError(error, code), String(error));
    if (reason !== undefined) assert.equal(error.fields.reason, reason);
    return true;
  });
}

Deno.test("read() of what is not there is undefined, of what was written its bytes", async () => {
  await using folder = await TempFolder.make();
  assert.equal(await files().read(folder.at("a", "b")), undefined);
  await files().write(folder.at("a", "b"), bytes("hello"));
  assert.deepEqual(await files().read(folder.at("a", "b")), bytes("hello"));
});

Deno.test("read() with a limit takes files up to it, and nothing beyond, whatever size the system tells", async () => {
  await using folder = await TempFolder.make();
  for (const size of [0, 1, 99, 100]) {
    const content = new Uint8Array(size).fill(65);
    await files().write(folder.at("a"), content);
    assert.deepEqual(await files().read(folder.at("a"), { maxBytes: 100 }), content);
  }
  await files().write(folder.at("a"), new Uint8Array(101));
  await refused("file_unreadable", () => files().read(folder.at("a"), { maxBytes: 100 }), "it has more than 100 bytes");
  if (Deno.build.os === "windows") return;
  await refused("file_unreadable", () => files().read("/dev/zero", { maxBytes: 100 }), "it has more than 100 bytes");
  // The system says of it that it has no bytes.
  assert.ok((await files().read("/proc/self/status", { maxBytes: 100_000 }))!.length > 100);
});

testAlone(import.meta.url, {
  name: "write() makes folders for the owner alone, and files of exactly the mode that was asked for",
  fn: async () => {
    await using folder = await TempFolder.make();
    const umask = Deno.umask(0o027);
    try {
      await files().write(folder.at("x", "y", "private"), bytes("1"));
      await files().write(folder.at("x", "y", "public"), bytes("1"), { mode: 0o644 });
      await files().create(folder.at("x", "y", "made"), bytes("1"));
    } finally {
      Deno.umask(umask);
    }
    const names = ["x", "x/y", "x/y/private", "x/y/public", "x/y/made"];
    const modes = await Promise.all(names.map((name) => mode(folder.at(name))));
    assert.deepEqual(modes, [0o700, 0o700, 0o600, 0o644, 0o600]);
  },
});

Deno.test("write() replaces the whole file and leaves nothing else behind", async () => {
  await using folder = await TempFolder.make();
  await files().write(folder.at("a"), bytes("a long first content"));
  await files().write(folder.at("a"), bytes("short"));
  await files().write(folder.at("a"), new Uint8Array(0));
  assert.deepEqual(await files().read(folder.at("a")), new Uint8Array(0));
  assert.deepEqual(await folder.names(), ["a"]);
});

Deno.test("write() refuses a symbolic link, or follows it when told to", async () => {
  await using folder = await TempFolder.make();
  await files().write(folder.at("real", "target"), bytes("old"));
  await Deno.symlink(folder.at("real", "target"), folder.at("link"));
  await Deno.symlink(folder.at("nowhere"), folder.at("dangling"));
  await refused("file_unwritable", () => files().write(folder.at("link"), bytes("x")), "it is a symbolic link");
  await refused("file_unwritable", () => files().write(folder.at("dangling"), bytes("x")), "it is a symbolic link");
  assert.deepEqual(await files().read(folder.at("real", "target")), bytes("old"));
  await files().write(folder.at("link"), bytes("new"), { followLink: true });
  assert.deepEqual(await files().read(folder.at("real", "target")), bytes("new"));
  assert.ok((await Deno.lstat(folder.at("link"))).isSymlink);
  const follow = (): Promise<void> => files().write(folder.at("dangling"), bytes("x"), { followLink: true });
  await refused("file_unwritable", follow, "its symbolic link leads nowhere");
});

Deno.test("create() never replaces: of many that try at once exactly one succeeds", async () => {
  await using folder = await TempFolder.make();
  const tries = Array.from({ length: 20 }, (_, i) => files().create(folder.at("once"), bytes(`${i}`)));
  const results = await Promise.allSettled(tries);
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  for (const result of results) if (result.status === "rejected") assert.ok(isAppError(result.reason, "file_exists"));
  assert.deepEqual(await folder.names(), ["once"]);
  await Deno.symlink(folder.at("nowhere"), folder.at("dangling"));
  await refused("file_exists", () => files().create(folder.at("dangling"), bytes("x")));
  assert.equal(await files().exists(folder.at("nowhere")), false);
});

Deno.test("what is in the way is said in plain words", async () => {
  await using folder = await TempFolder.make();
  await files().write(folder.at("file"), bytes("x"));
  await Deno.mkdir(folder.at("folder"));
  await Deno.symlink(folder.at("loop"), folder.at("loop"));
  const at = (name: string) => folder.at(name);
  await refused("file_unreadable", () => files().read(at("folder")), "it is a folder");
  await refused("file_unreadable", () => files().read(at("file/x")), "a part of its path is not a folder");
  await refused("file_unreadable", () => files().read(at("loop")), "its symbolic links go in a circle");
  await refused("file_unwritable", () => files().write(at("folder"), bytes("x")), "it is a folder");
  await refused("file_unwritable", () => files().write(at("file/x"), bytes("x")), "a part of its path is not a folder");
  await refused("file_unwritable", () => files().create(at("file/x"), bytes("x")), "it is not a folder");
  await refused("file_unwritable", () => files().makeFolder(at("file")), "it is not a folder");
  const deeper = (): Promise<void> => files().write(at("file/x/y"), bytes("x"));
  await refused("file_unwritable", deeper, "a part of its path is not a folder");
  await refused("file_unwritable", () => files().write(at("n".repeat(300)), bytes("x")), "its name is too long");
  assert.deepEqual(await folder.names(), ["file", "folder", "loop"]);
  await assert.rejects(() => files().read("relative"), TypeError);
});

Deno.test("remove() tells whether there was a file; exists() sees links that lead nowhere", async () => {
  await using folder = await TempFolder.make();
  await files().write(folder.at("a"), bytes("x"));
  await Deno.symlink(folder.at("nowhere"), folder.at("dangling"));
  assert.deepEqual([await files().exists(folder.at("a")), await files().exists(folder.at("dangling"))], [true, true]);
  assert.deepEqual([await files().remove(folder.at("a")), await files().remove(folder.at("a"))], [true, false]);
  assert.deepEqual([await files().exists(folder.at("a")), await files().exists(folder.at("a", "b"))], [false, false]);
});

Deno.test("what a dead process left is removed once it is old, and nothing else is", async () => {
  await using folder = await TempFolder.make();
  const stale = ".agentsecrets-0123456789abcdef.tmp", fresh = ".agentsecrets-fedcba9876543210.tmp";
  for (const name of [stale, fresh, ".agentsecrets-mine.tmp", "other.tmp"]) {
    await Deno.writeTextFile(folder.at(name), "half a secr");
  }
  const written = (await Deno.stat(folder.at(stale))).mtime!.getTime();
  const clock = new FakeClock(written + 59_000);
  await Deno.utime(folder.at(fresh), written / 1000 + 30, written / 1000 + 30);
  await new DiskFiles(systemRandom, clock).write(folder.at("a"), bytes("x"));
  assert.equal((await folder.names()).includes(stale), true);
  await clock.advance(3_000);
  await new DiskFiles(systemRandom, clock).write(folder.at("a"), bytes("x"));
  assert.deepEqual(await folder.names(), [fresh, ".agentsecrets-mine.tmp", "a", "other.tmp"]);
});

Deno.test("a hundred writers of one file leave one of their contents whole", async () => {
  await using folder = await TempFolder.make();
  const content = (i: number): Uint8Array => bytes(`${i % 10}`.repeat(10_000));
  const reader = (async () => {
    for (let i = 0; i < 100; i++) {
      const found = await files().read(folder.at("a"));
      assert.ok(found === undefined || (found.length === 10_000 && found.every((b) => b === found[0])));
    }
  })();
  await Promise.all([reader, ...Array.from({ length: 100 }, (_, i) => files().write(folder.at("a"), content(i)))]);
  assert.deepEqual(await folder.names(), ["a"]);
});

Deno.test(
  "a full disk is disk_full, keeps the old file and leaves no half of the new one",
  onSmallDisk(64, async (disk) => {
    const path = disk.at("a");
    await files().write(path, bytes("old"));
    await refused("disk_full", () => files().write(path, new Uint8Array(200_000)));
    await refused("disk_full", () => files().create(disk.at("b"), new Uint8Array(200_000)));
    assert.deepEqual(await files().read(path), bytes("old"));
    const names = (await Array.fromAsync(Deno.readDir(disk.path))).map(({ name }) => name);
    assert.deepEqual(names, ["a"]);
    await disk.freeze();
    await refused("file_unwritable", () => files().write(path, bytes("x")), "the file system is read-only");
    await refused("file_unwritable", () => files().remove(path), "the file system is read-only");
    const locked = (): Promise<void> => files().withLock(disk.at("lock"), async () => {});
    await refused("file_unwritable", locked, "the file system is read-only");
  }),
);
