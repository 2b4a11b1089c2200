/**
 * The real program, killed with SIGKILL at the n-th change of a file: what was acknowledged is there, nothing is half there, and
 * the next command works. `secrets set` has its loop in tests/e2e/secrets_processes_test.ts.
 */
import assert from "node:assert/strict";
import { initArgs, PASSWORD, Sandbox, sandboxWithProject } from "../support/cli.ts";
import { runAndKill } from "../support/kill_at_change.ts";

const stdin = `${PASSWORD}\n`;

/** Kills it at the `events`th time that anything below the home's parent is touched. */
const killedAt = (sandbox: Sandbox, args: readonly string[], events: number): Promise<number | undefined> =>
  runAndKill(sandbox, args, { folder: `${sandbox.base}/home`, events, access: true });

/** How often a process may end before we hear of its first change, as on a busy machine, until that is taken for a fault. */
const TRIES = 50;

/** Runs `round` for each number of events, numbered; some process must have been killed, or the test shows nothing. */
async function eachMoment(
  moments: readonly number[],
  round: (events: number, id: number) => Promise<number | undefined>,
): Promise<void> {
  let killed = 0, id = 0;
  for (const events of moments) if (await round(events, id++) === undefined) killed++;
  while (killed === 0 && id < TRIES) if (await round(1, id++) === undefined) killed++;
  assert.ok(killed > 0, "no process was killed in time");
}

Deno.test("P25 init, killed at any write, leaves a whole account or room for the next init", async () => {
  await eachMoment([1, 12, 40, 90], async (events) => {
    await using sandbox = await Sandbox.make();
    const code = await killedAt(sandbox, initArgs(), events);
    const { initialised } = await sandbox.json(["status"]) as { initialised?: boolean };
    if (code === 0) assert.equal(initialised, true);
    // The same line again: it goes on, or keeps what is there. Only the kit of a killed one may be in its way.
    const again = initArgs().map((word) => word === "../kit.txt" ? "../kit-again.txt" : word);
    await sandbox.ok(again, { stdin });
    await sandbox.ok(["project", "create", "my-app"]);
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "a value of some length" });
    await sandbox.allow("api.stripe.com");
    return code;
  });
});

Deno.test("P25 push, killed at any write, is there whole or not at all, and the next push brings the rest", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["init", "--storage-mode", "2"]);
  await eachMoment([1, 4, 10, 25], async (events, id) => {
    const names = ["A", "B", "C"].map((name) => `${name}_${id}`);
    const dotenv = `${sandbox.folder}/.env`, before = await Deno.readTextFile(dotenv).catch(() => "");
    await Deno.writeTextFile(dotenv, before + names.map((name) => `${name}=value-of-${name}\n`).join(""));
    const code = await killedAt(sandbox, ["secrets", "push"], events);
    const list = await sandbox.ok(["secrets", "list"]);
    const there = names.filter((name) => list.includes(`${name} `));
    assert.ok(there.length === 0 || there.length === names.length, `half of it: ${list}`);
    if (code === 0) assert.equal(there.length, names.length);
    await sandbox.ok(["secrets", "push"]);
    await sandbox.ok(["secrets", "pull"]);
    assert.deepEqual((await sandbox.json(["secrets", "diff"])).differences, []);
    const checks = names.map((name) => `test "$${name}" = value-of-${name}`).join(" && ");
    await sandbox.ok(["env", "--", "sh", "-c", checks]);
    assert.ok((await Deno.readTextFile(dotenv)).startsWith(before), "lines of .env were lost");
    return code;
  });
});

Deno.test("P25 allowlist add, killed at any write, allows all of it or nothing, and the next add works", async () => {
  await using sandbox = await sandboxWithProject();
  const entries = async (): Promise<string[]> => {
    const { entries } = await sandbox.json(["workspace", "allowlist", "list"]) as { entries: { domain: string }[] };
    return entries.map(({ domain }) => domain);
  };
  await eachMoment([1, 3, 8, 20], async (events, id) => {
    const before = await entries(), added = [`a${id}.example.com`, `b${id}.example.com`];
    const line = ["workspace", "allowlist", "add", ...added, "--password-stdin"];
    const code = await killedAt(sandbox, line, events);
    const now = (await entries()).filter((entry) => !before.includes(entry)).sort();
    assert.ok(now.length === 0 || now.join() === added.join(), `half of it: ${now}`);
    if (code === 0) assert.deepEqual(now, added);
    await sandbox.ok(line, { stdin });
    assert.deepEqual((await entries()).filter((entry) => added.includes(entry)).sort(), added);
    return code;
  });
});

Deno.test("P13 P25 call, killed at any write, leaves a log that verifies and holds every acknowledged record", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "a value of some length" });
  let acknowledged = 0;
  await eachMoment([1, 2, 4, 7, 12], async (events, id) => {
    const line = ["call", "--url", `https://host-${id}.example/`, "--bearer", "KEY"];
    const code = await killedAt(sandbox, line, events);
    assert.ok(code === undefined || code === 4);
    if (code === 4) acknowledged++;
    const { records } = await sandbox.json(["proxy", "logs", "--verify"]) as { records: number };
    assert.ok(records >= acknowledged, `${records} records of ${acknowledged}`);
    assert.equal((await sandbox.run(line)).code, 4);
    acknowledged++;
    await sandbox.json(["proxy", "logs", "--verify"]);
    return code;
  });
});
