/** Two processes of the real program on one home at the same time: each is acknowledged and holds, or is refused in plain words. */
import assert from "node:assert/strict";
import type { Ended } from "../support/child.ts";
import { initArgs, PASSWORD, Sandbox, sandboxWithProject } from "../support/cli.ts";

const stdin = `${PASSWORD}\n`;

/** Whoever lost the race is told so: a conflict, something that is held, or something that is there already. */
function fair(result: Ended): void {
  const { error } = JSON.parse(result.stdout);
  const known = ["head_moved", "name_taken", "lock_timeout", "database_busy", "file_exists", "already_initialised"];
  assert.ok(known.includes(error.code), result.stdout);
}

Deno.test("P27 two inits at once make one account, and both kits are told apart", async () => {
  await using sandbox = await Sandbox.make();
  const line = (kit: string): string[] => ["--json", ...initArgs().map((word) => word === "../kit.txt" ? kit : word)];
  const results = await Promise.all(["../kit-a.txt", "../kit-b.txt"].map((kit) => sandbox.run(line(kit), { stdin })));
  const outcomes = results.map((result) => result.code === 0 ? JSON.parse(result.stdout).outcome : fair(result));
  assert.equal(outcomes.filter((outcome) => outcome === "created").length, 1, JSON.stringify(results));
  await sandbox.ok(["project", "create", "my-app"]);
  // The account's kit is the one that was acknowledged: its account key opens the account anew.
  const kit = ["a", "b"][outcomes.indexOf("created")]!;
  const key = /\bAS1-[0-9A-Z-]+/.exec(await Deno.readTextFile(`${sandbox.base}/kit-${kit}.txt`))![0];
  await sandbox.ok(["logout", "--forget", "--yes"]);
  await sandbox.ok(["login", "--password-stdin", "--account-key-fd", "3"], { stdin, descriptors: [`${key}\n`] });
});

Deno.test("P27 commands at once that change the allowlist and the projects lose nothing that was acknowledged", async () => {
  await using sandbox = await sandboxWithProject();
  const hosts = ["a.example.com", "b.example.com"], projects = ["first", "second", "first"];
  const lines = [
    ...hosts.map((host) => ["workspace", "allowlist", "add", host, "--password-stdin"]),
    ...projects.map((name) => ["project", "create", name, "--no-use"]),
  ];
  const results = await Promise.all(lines.map((line) => sandbox.run(["--json", ...line], { stdin })));
  const { entries } = await sandbox.json(["workspace", "allowlist", "list"]) as { entries: { domain: string }[] };
  const listed = (await sandbox.ok(["project", "list"])).split("\n").map((row) => row.trim().split(/[\s│|]+/));
  for (const [i, result] of results.entries()) {
    if (result.code !== 0) {
      fair(result);
      continue;
    }
    const name = lines[i]![i < hosts.length ? 3 : 2]!;
    const there = i < hosts.length
      ? entries.some(({ domain }) => domain === name)
      : listed.some((row) => row.includes(name));
    assert.ok(there, `${name} was acknowledged and is not there`);
  }
  assert.ok(results.slice(2).filter(({ code }) => code === 0).length <= 2, "one name was given twice");
  assert.ok(results.some(({ code }) => code === 0));
});
