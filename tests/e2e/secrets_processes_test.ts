/**
 * Real processes on one home: at once, and killed in the middle of writing. Whatever was acknowledged is there afterwards, and
 * nothing half-written is ever read.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { runAndKill } from "../support/kill_at_change.ts";

/** The values that a child gets, as hashes: what is printed may be masked. */
async function hashesOf(sandbox: Sandbox, names: readonly string[]): Promise<Record<string, string>> {
  const script =
    'for name; do eval "value=\\$$name"; printf "%s %s\\n" "$name" "$(printf %s "$value" | sha256sum)"; done';
  const text = await sandbox.ok(["env", "--", "sh", "-c", script, "sh", ...names]);
  return Object.fromEntries(text.trim().split("\n").map((line) => line.split(" ").slice(0, 2) as [string, string]));
}

function hash(value: string): string {
  return createHash("sha256").update(value).digest("hex");
}

async function inSync(sandbox: Sandbox): Promise<void> {
  assert.deepEqual((await sandbox.json(["secrets", "diff"])).differences, []);
}

Deno.test("P27 processes at once that set different secrets lose nothing, in the vault, in .env and on the server", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["init", "--storage-mode", "2"]);
  const names = Array.from({ length: 4 }, (_, i) => `KEY_${i}`);
  const results = await Promise.all(names.map((name) => sandbox.run(["secrets", "set", `${name}=value-of-${name}`])));
  assert.deepEqual(results.map(({ code }) => code), names.map(() => 0), results.map((r) => r.stderr).join(""));
  const expected = Object.fromEntries(names.map((name) => [name, hash(`value-of-${name}`)]));
  assert.deepEqual(await hashesOf(sandbox, names), expected);
  await inSync(sandbox);
  const dotenv = await Deno.readTextFile(`${sandbox.folder}/.env`);
  for (const name of names) assert.ok(dotenv.includes(`${name}=value-of-${name}\n`), name);
});

Deno.test("P27 processes at once that set the same secret: each is acknowledged or a conflict, never half of each", async () => {
  await using sandbox = await sandboxWithProject();
  const values = Array.from({ length: 3 }, (_, i) => `value-number-${i}`);
  const results = await Promise.all(values.map((value) => sandbox.run(["secrets", "set", `KEY_0=${value}`])));
  const stored = values.filter((_, i) => results[i]!.code === 0);
  assert.ok(stored.length > 0);
  assert.ok(results.every(({ code }) => code === 0 || code === 5), results.map((r) => r.stderr).join(""));
  assert.ok(stored.map(hash).includes((await hashesOf(sandbox, ["KEY_0"])).KEY_0!));
  const { versions } = await sandbox.json(["secrets", "history", "KEY_0"]) as { versions: unknown[] };
  assert.equal(versions.length, stored.length);
  await inSync(sandbox);
});

/** How often a process may end before we hear of its first change, as on a busy machine, until that is taken for a fault. */
const TRIES = 50;

Deno.test("P25 a set that is killed at any write is there whole or not at all, and the next command goes on", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY_0=value-before", "KEY_1=value-before"]);
  const names = ["KEY_0", "KEY_1"];
  let last = hash("value-before"), killed = 0;
  const moments = [1, 3, 6, 12, 24];
  for (let round = 0; round < moments.length || (killed === 0 && round < TRIES); round++) {
    const events = moments[round] ?? 1, shown = `event ${events}, round ${round}`;
    const value = `value-of-round-${round}`, written = hash(value);
    const line = ["secrets", "set", `KEY_0=${value}`, `KEY_1=${value}`];
    const acknowledged = await runAndKill(sandbox, line, { folder: sandbox.home, events, access: true }) === 0;
    if (!acknowledged) killed += 1;
    const here = await hashesOf(sandbox, names);
    assert.ok(acknowledged ? here.KEY_0 === written : [last, written].includes(here.KEY_0!), shown);
    assert.equal(here.KEY_0, here.KEY_1, `half of it: ${shown}`);
    // What the server has, this machine can have; what it has not, was never acknowledged.
    await sandbox.ok(["secrets", "pull"]);
    await inSync(sandbox);
    const after = await hashesOf(sandbox, names);
    assert.ok([here.KEY_0, written].includes(after.KEY_0));
    assert.equal(after.KEY_0, after.KEY_1);
    last = after.KEY_0!;
  }
  assert.ok(killed > 0, "no process was killed in time");
});
