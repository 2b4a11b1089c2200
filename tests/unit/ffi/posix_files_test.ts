import assert from "node:assert/strict";
import { cPath, PosixFiles } from "../../../ffi/posix_files.ts";
import { testAlone } from "../../support/alone.ts";
import { TempFolder } from "../../support/temp_folder.ts";

const linux = { ignore: Deno.build.os !== "linux" };

Deno.test("a look says what the runtime says, and the nanoseconds besides", linux, async () => {
  await using folder = await TempFolder.make();
  const files = new PosixFiles();
  await Deno.writeTextFile(folder.at("file"), "12345", { mode: 0o640 });
  await Deno.chmod(folder.at("file"), 0o640);
  await Deno.utime(folder.at("file"), 1, new Date(-1)); // before the epoch: seconds are -1
  await Deno.link(folder.at("file"), folder.at("second name"));
  await Deno.symlink("file", folder.at("link"));
  await Deno.truncate(folder.at("file"), 2 ** 33 + 5); // a hole: more than 32 bits count
  for (const path of [folder.at("file"), folder.at("link"), folder.path, "/dev/null", "/proc/self/status"]) {
    const said = Deno.lstatSync(path), seen = files.lookAt(cPath(path))!;
    assert.deepEqual(
      [seen.isFile, seen.isSymlink, seen.mode, seen.links, seen.inode, seen.device],
      [said.isFile, said.isSymlink, said.mode! & 0o7777, said.nlink, said.ino, said.dev],
      path,
    );
    if (path.startsWith("/proc")) continue; // its times are those of the look
    assert.deepEqual([seen.size, seen.modifiedMs], [said.size, said.mtime!.getTime()], path);
    // The runtime tells the seconds of this one, at least up to 2.9.
    assert.equal(Math.floor(seen.changedMs / 1000), Math.floor(said.ctime!.getTime() / 1000), path);
    assert.ok([seen.modifiedNs, seen.changedNs].every((ns) => ns >= 0 && ns < 1_000_000));
  }
  assert.equal(files.lookAt(cPath(folder.at("none"))), undefined);
  assert.equal(files.lookAtOpen(-1), undefined);
});

Deno.test("times before 1970 and the nanoseconds of a time are told", linux, async () => {
  await using folder = await TempFolder.make();
  const files = new PosixFiles(), path = folder.at("file");
  await Deno.writeTextFile(path, "");
  for (const ms of [-1, -1000, -86_400_001, 0, 1, 1_763_900_000_123]) {
    await Deno.utime(path, 1, new Date(ms));
    assert.equal(files.lookAt(cPath(path))!.modifiedMs, ms);
  }
  const { success } = await new Deno.Command("touch", { args: ["-d", "2026-01-02 03:04:05.678901234 UTC", path] })
    .output();
  assert.ok(success);
  const { modifiedMs, modifiedNs } = files.lookAt(cPath(path))!;
  assert.deepEqual([modifiedMs, modifiedNs], [Date.UTC(2026, 0, 2, 3, 4, 5, 678), 901_234]);
});

testAlone(import.meta.url, {
  name: "only an existing file that is no link is opened, without waiting, and no child inherits it",
  ...linux,
  fn: async () => {
    await using folder = await TempFolder.make();
    const files = new PosixFiles(), open = (name: string): number => files.open(cPath(folder.at(name)));
    await Deno.writeTextFile(folder.at("file"), "");
    await Deno.symlink("file", folder.at("link"));
    await new Deno.Command("mkfifo", { args: [folder.at("pipe")] }).output();
    for (const name of ["none", "link", ".", "file/none"]) assert.equal(open(name), -1, name);
    const pipe = open("pipe");
    assert.equal(files.lookAtOpen(pipe)!.isFile, false);
    files.close(pipe);
    const file = open("file");
    const flags = /^flags:\s+(\d+)$/m.exec(await Deno.readTextFile(`/proc/self/fdinfo/${file}`))![1]!;
    assert.ok((parseInt(flags, 8) & 0o2000000) !== 0, "closed on exec");
    files.close(file);
    assert.equal(files.lookAtOpen(file), undefined);
    assert.throws(() => cPath("/a\0b"), TypeError);
  },
});

testAlone(import.meta.url, {
  name: "bytes go where they are told to, and are durable when the system says so",
  ...linux,
  fn: async () => {
    await using folder = await TempFolder.make();
    const files = new PosixFiles(), path = folder.at("file");
    await Deno.writeTextFile(path, "0123456789");
    const file = files.open(cPath(path));
    assert.equal(files.write(file, new TextEncoder().encode("abc"), 4), 3);
    assert.equal(files.write(file, new TextEncoder().encode("x"), 2 ** 32), 1);
    assert.equal(await files.sync(file), true);
    assert.equal((await Deno.stat(path)).size, 2 ** 32 + 1);
    files.close(file);
    await Deno.truncate(path, 10);
    assert.equal(await Deno.readTextFile(path), "0123abc789");
    assert.equal(files.write(file, new Uint8Array(1), 0), -1);
    assert.equal(await files.sync(file), false);
  },
});

// A program that another test starts just then has a copy of every descriptor for a moment, and with it the lock.
testAlone(import.meta.url, {
  name: "the lock shuts out the runtime's and is given up with its descriptor",
  ...linux,
  fn: async () => {
    await using folder = await TempFolder.make();
    const files = new PosixFiles(), path = folder.at("lock");
    await Deno.writeTextFile(path, "");
    const [one, two] = [files.open(cPath(path)), files.open(cPath(path))];
    assert.equal(files.tryLock(one), true);
    assert.equal(files.tryLock(two), false);
    const runtime = await Deno.open(path, { read: true, write: true });
    const asked = runtime.lock(true);
    files.close(one);
    await asked;
    assert.equal(files.tryLock(two), false);
    runtime.close();
    assert.equal(files.tryLock(two), true);
    files.close(two);
  },
});
