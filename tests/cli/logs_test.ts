/** `proxy logs`: its options together, and what a pipe gets. */
import assert from "node:assert/strict";
import { type Sandbox, sandboxWithProject } from "../support/cli.ts";

async function withRecords(): Promise<Sandbox> {
  const sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "A_KEY=a long enough value", "B_KEY=another long value"]);
  for (const name of ["A_KEY", "B_KEY", "A_KEY"]) await sandbox.ok(["env", "--only", name, "--", "true"]);
  return sandbox;
}

const keysOf = (lines: string): string[] =>
  lines.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line).secret_keys.join());

Deno.test("the filters of logs combine; a pipe gets JSON lines, and text when it asks for text", async () => {
  await using sandbox = await withRecords();
  const logs = (...args: string[]): Promise<string> => sandbox.ok(["proxy", "logs", ...args]);
  assert.deepEqual(keysOf(await logs()), ["A_KEY", "B_KEY", "A_KEY"]);
  assert.deepEqual(keysOf(await logs("--since", "1h", "--last", "2")), ["B_KEY", "A_KEY"]);
  assert.deepEqual(keysOf(await logs("--since", "2026-01-31", "--secret", "B_KEY", "--last", "2")), ["B_KEY"]);
  assert.deepEqual(keysOf(await logs("--since", "2999-01-31T14:05+02:00")), []);
  assert.deepEqual(keysOf(await logs("--agent", "nobody")), []);
  const text = await logs("--output", "text", "--last", "1");
  assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}✓ OK {13}ENV {6}true {2}A_KEY {2}env {2}\d+ms\n$/);
  assert.match((await sandbox.run(["proxy", "logs", "--agent", "nobody"])).stderr, /^No record matches\n$/);
  const { records } = await sandbox.json(["proxy", "logs", "--last", "2"]) as { records: unknown[] };
  assert.equal(records.length, 2);
  for (const bad of ["yesterday", "10", "2026-02-30", "2026-01-31T25:00", "-1h"]) {
    assert.equal((await sandbox.run(["proxy", "logs", `--since=${bad}`])).code, 2, bad);
  }
});

Deno.test("--verify alone prints the verdict; with filters the records follow, and nothing of a log that is not whole", async () => {
  await using sandbox = await withRecords();
  assert.match(await sandbox.ok(["proxy", "logs", "--verify"]), /^✓ The audit log is whole: 3 records/);
  const both = await sandbox.run(["proxy", "logs", "--verify", "--last", "1"]);
  assert.deepEqual([both.code, keysOf(both.stdout)], [0, ["A_KEY"]]);
  assert.match(both.stderr, /The audit log is whole/);
  const document = await sandbox.json(["proxy", "logs", "--verify", "--secret", "B_KEY"]);
  assert.equal((document["records"] as unknown[]).length, 1);
  assert.equal((document["verification"] as Record<string, unknown>)["records"], 3);

  const path = `${sandbox.home}/proxy.log`;
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace('"B_KEY"', '"C_KEY"'));
  const broken = await sandbox.run(["proxy", "logs", "--verify", "--last", "1"]);
  assert.deepEqual([broken.code, broken.stdout], [8, ""]);
});

Deno.test("--watch goes on from the last records, with its filters", async () => {
  await using sandbox = await withRecords();
  const watching = sandbox.start(["proxy", "logs", "--watch", "--secret", "A_KEY", "--last", "1"]);
  const lines = watching.stdout.pipeThrough(new TextDecoderStream());
  let seen = "";
  const reader = lines.getReader();
  const until = async (count: number): Promise<void> => {
    while (seen.split("\n").length <= count) {
      const { value, done } = await reader.read();
      assert.equal(done, false, seen);
      seen += value;
    }
  };
  await until(1);
  await sandbox.ok(["env", "--only", "B_KEY", "--", "true"]);
  await sandbox.ok(["env", "--only", "A_KEY", "--", "echo"]);
  await until(2);
  watching.kill("SIGINT");
  await reader.cancel();
  await watching.stderr.cancel();
  assert.equal((await watching.status).code, 0);
  const records = seen.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(records.map(({ seq, target_url }) => [seq, target_url]), [[3, "true"], [5, "echo"]]);
});

Deno.test("status says when something was stored last, whichever command stored it", async () => {
  await using sandbox = await sandboxWithProject();
  assert.equal((await sandbox.json(["status"]))["last_push"], null);
  await sandbox.ok(["secrets", "set", "KEY=a long enough value"]);
  const first = (await sandbox.json(["status"]))["last_push"] as string;
  assert.match(first, /^\d{4}-/);
  await sandbox.ok(["secrets", "delete", "KEY"]);
  assert.ok((await sandbox.json(["status"]))["last_push"] as string > first);
});
