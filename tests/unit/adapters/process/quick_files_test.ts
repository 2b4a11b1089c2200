import assert from "node:assert/strict";
import { type FileCalls, SystemFiles } from "../../../../src/adapters/process/quick_files.ts";
import type { OpenFile } from "../../../../src/ports/quick_files.ts";

/** Writes at most so many bytes at once, then `after`. */
function callsThatWrite(counts: readonly number[], after: number): { calls: FileCalls; log: unknown[] } {
  const log: unknown[] = [], left = [...counts];
  const calls: FileCalls = {
    open: () => 7,
    close: (descriptor) => void log.push(["close", descriptor]),
    lookAt: () => undefined,
    lookAtOpen: () => undefined,
    tryLock: () => true,
    write: (_, bytes, position) => {
      log.push([new TextDecoder().decode(bytes), position]);
      return left.shift() ?? after;
    },
    sync: () => Promise.resolve(true),
  };
  return { calls, log };
}

const opened = (calls: FileCalls): OpenFile => new SystemFiles(calls).at("/a").open()!;
const abcdef = new TextEncoder().encode("abcdef");

Deno.test("a write that the system cuts short is gone on with where it ended", () => {
  const { calls, log } = callsThatWrite([2, 1, 3], -1);
  assert.equal(opened(calls).write(abcdef, 10), true);
  assert.deepEqual(log, [["abcdef", 10], ["cdef", 12], ["def", 13]]);
});

Deno.test("a write that fails, or takes nothing, is told and not tried for ever", () => {
  for (const answer of [-1, 0]) {
    const { calls, log } = callsThatWrite([4], answer);
    assert.equal(opened(calls).write(abcdef, 0), false);
    assert.equal(log.length, 2);
  }
});

Deno.test("a file is closed once, however often it is disposed of: its number may be another's by then", () => {
  const { calls, log } = callsThatWrite([], -1);
  const file = opened(calls);
  file[Symbol.dispose]();
  file[Symbol.dispose]();
  assert.deepEqual(log, [["close", 7]]);
});

Deno.test("what cannot be opened is no file", () => {
  const { calls } = callsThatWrite([], -1);
  assert.equal(new SystemFiles({ ...calls, open: () => -1 }).at("/a").open(), undefined);
});
