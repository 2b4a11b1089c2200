import assert from "node:assert/strict";
import { type AuditQuery, readAuditLog, watchAuditLog } from "../../../src/usecases/read_audit_log.ts";
import type { FileAuditSink } from "../../../src/adapters/audit_sink/file.ts";
import { groupsOf, sinkIn } from "../../support/audit.ts";
import { TempFolder } from "../../support/temp_folder.ts";

const idsOf = async (sink: FileAuditSink, query: AuditQuery = {}): Promise<string[]> =>
  (await readAuditLog({ auditSink: () => Promise.resolve(sink) }, query)).map(({ id }) => id);

const ids = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `log_${from + i}`);

Deno.test("records are shown group by group; lines that no signature covers are nobody's records", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), lines = groupsOf([1, 4, 3]), path = folder.at("proxy.log");
  const write = (kept: readonly string[]): Promise<void> =>
    Deno.writeTextFile(path, kept.map((line) => `${line}\n`).join(""));
  await write(lines);
  assert.deepEqual(await idsOf(sink), ids(0, 7));
  assert.deepEqual(await idsOf(sink, { last: 2 }), ids(6, 7));
  await write(lines.slice(0, 7));
  assert.deepEqual(await idsOf(sink), ids(0, 4), "a group without its end");
  // Somebody's lines before an honest group: its count leaves them out.
  await write([...lines.slice(0, 1), ...groupsOf([3], lines[0]).slice(0, 2), ...lines.slice(1)]);
  assert.deepEqual(await idsOf(sink), ids(0, 7));
  const strange = groupsOf([4], lines[0]).slice(0, 2);
  await write([lines[0]!, ...strange, ...groupsOf([3], strange[1])]);
  assert.deepEqual(await idsOf(sink), ["log_0", ...ids(0, 2)], "also where that group is chained on them");
});

Deno.test("whoever watches is shown a group when its end is there, and after a crash what took the place of its half", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), lines = groupsOf([1, 3]), stop = new AbortController();
  await sink.append(() => lines[0]!);
  const seen: string[] = [];
  const watching = (async (): Promise<void> => {
    for await (const { id } of watchAuditLog({ auditSink: () => Promise.resolve(sink) }, {}, stop.signal)) {
      seen.push(id);
      // The half of a group, as a process leaves it that is killed; then another one's record, and a group.
      if (seen.length === 1) {
        const half = lines.slice(1, 3).map((line) => `${line}\n`).join("");
        await Deno.writeTextFile(folder.at("proxy.log"), half, { append: true });
        const after = groupsOf([1], lines[0]);
        await sink.append((last) => (assert.equal(last, lines[0]), after));
        await sink.append((last) => groupsOf([4], last));
      }
      if (seen.length === 6) stop.abort();
    }
  })();
  await watching;
  assert.deepEqual(seen, ["log_0", "log_0", ...ids(0, 3)]);
});

Deno.test("whoever watches is shown all records when the watcher's place came to lie within a line", async () => {
  await using folder = await TempFolder.make();
  const sink = sinkIn(folder.path), lines = groupsOf([1, 2]), stop = new AbortController();
  const { promise: begun, resolve: begins } = Promise.withResolvers<void>();
  await sink.append(() => lines[0]!);
  // What is left of the last line behind a place to which the log was read before it was repaired.
  const watcher = Object.assign(Object.create(sink) as FileAuditSink, {
    lines: (signal?: AbortSignal) => sink.lines(signal),
    watch: async function* (signal: AbortSignal): AsyncGenerator<string> {
      await begun;
      await sink.append(() => lines.slice(1));
      yield lines[2]!.slice(40);
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  });
  const seen: string[] = [];
  const end = setTimeout(() => stop.abort(), 20_000);
  for await (const { id } of watchAuditLog({ auditSink: () => Promise.resolve(watcher) }, {}, stop.signal)) {
    seen.push(id);
    begins();
    if (seen.length === 3) stop.abort();
  }
  clearTimeout(end);
  assert.deepEqual(seen, ids(0, 2));
});
