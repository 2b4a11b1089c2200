/**
 * Every command with hostile and huge arguments, and with damaged files: a clear refusal from the catalog, never a bug, never a
 * value, never a character that steers a terminal, and a clean state.
 */
import assert from "node:assert/strict";
import { type Sandbox, sandboxWithProject } from "../support/cli.ts";

const HUGE = "x".repeat(100_000);
const ESCAPES = "evil\x1b]0;pwned\x07\u202ename";
const TRAVERSAL = "../../../etc/no-such-file";

/** One line per command that takes something, with a place for what is hostile. */
const lines: readonly (readonly string[])[] = [
  ["project", "create", "%"],
  ["project", "use", "%"],
  ["project", "update", "%", "--name", "ok"],
  ["project", "update", "my-app", "--name", "%"],
  ["project", "delete", "%", "--yes"],
  ["environment", "create", "%"],
  ["environment", "switch", "%"],
  ["environment", "delete", "%", "--yes"],
  ["workspace", "switch", "%"],
  ["workspace", "update", "%", "--name", "ok"],
  ["workspace", "delete", "%", "--yes"],
  ["workspace", "allowlist", "add", "%"],
  ["account", "devices", "--revoke", "%", "--yes"],
  ["secrets", "set", "%"],
  ["secrets", "set", "KEY", "--from-file", "%"],
  ["secrets", "set", "KEY=value-value", "--domains", "%"],
  ["secrets", "set", "KEY=value-value", "--methods", "%"],
  ["secrets", "set", "KEY=value-value", "--env", "%"],
  ["secrets", "set", "KEY=value-value", "--project", "%"],
  ["secrets", "get", "%"],
  ["secrets", "delete", "%"],
  ["secrets", "history", "%"],
  ["secrets", "rollback", "%", "--to", "1"],
  ["secrets", "rollback", "KEY", "--to", "%"],
  ["secrets", "copy", "--from", "%", "--to", "staging"],
  ["secrets", "import", "%"],
  ["call", "--url", "%", "--bearer", "KEY"],
  ["call", "--url", "https://api.example.com", "--bearer", "%"],
  ["call", "--url", "https://api.example.com", "--header", "%=KEY"],
  ["call", "--url", "https://api.example.com", "--bearer", "KEY", "--method", "%"],
  ["env", "--only", "%", "--", "true"],
  ["env", "--env", "%", "--", "true"],
  ["proxy", "logs", "--last", "%"],
  ["proxy", "start", "--port", "%"],
  ["completions", "%"],
];

/** Whether text holds control characters but line feeds, or ones that reorder what is shown. */
function steers(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0)!;
    return (code < 0x20 && code !== 0x0a) || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e);
  });
}

/** Runs one line and checks how it was refused. */
async function refused(sandbox: Sandbox, args: readonly string[], what: string): Promise<void> {
  const { code, stdout, stderr } = await sandbox.run(["--json", ...args]);
  const shown = `${args.join(" ").slice(0, 200)} (${what}): ${stdout.slice(0, 500)}${stderr.slice(0, 500)}`;
  assert.ok(code >= 1 && code <= 9, shown);
  assert.equal(/"code": "internal"|internal:/.test(stdout), false, shown);
  assert.equal(steers(stdout + stderr), false, JSON.stringify(shown));
  assert.ok(
    stderr.length < 2000 && stdout.length < 4000,
    `${shown}: an answer of ${stdout.length + stderr.length} characters`,
  );
}

for (
  const [what, hostile] of [["huge", HUGE], ["escapes", ESCAPES], ["traversal", TRAVERSAL], ["empty", ""]] as const
) {
  Deno.test(`every command refuses ${what} arguments clearly and stays as it was`, async () => {
    await using sandbox = await sandboxWithProject();
    const before = await sandbox.ok(["project", "list"]);
    for (const line of lines) {
      await refused(sandbox, line.map((word) => word.replace("%", () => hostile)), what);
    }
    assert.equal(await sandbox.ok(["project", "list"]), before);
    assert.equal(await sandbox.ok(["secrets", "list"]), "");
  });
}

Deno.test("a damaged file is an error that names it, and is left as it is", async () => {
  const files: readonly (readonly [path: string, code: string])[] = [
    ["home/.agentsecrets/config.json", "config_damaged"],
    ["my-app/.agentsecrets/project.json", "config_damaged"],
    ["home/.agentsecrets/server.db", "database_damaged"],
  ];
  for (const [path, code] of files) {
    for (const content of ["", "{", HUGE, "\x00\x01\x02"]) {
      await using sandbox = await sandboxWithProject();
      await Deno.writeTextFile(`${sandbox.base}/${path}`, content);
      const { code: exit, stdout } = await sandbox.run(["--json", "project", "list"]);
      const { error } = JSON.parse(stdout);
      assert.deepEqual([error.code, exit === error.exit], [code, true], `${path}: ${stdout}`);
      assert.equal(await Deno.readTextFile(`${sandbox.base}/${path}`), content);
    }
  }
});

Deno.test("a home that cannot be written is said so, with no half of anything", async () => {
  await using sandbox = await sandboxWithProject();
  if (Deno.uid() === 0) return; // root may write anywhere: the check is for everybody else
  await Deno.chmod(sandbox.home, 0o500);
  const { code, stdout } = await sandbox.run(["--json", "project", "create", "another"]);
  await Deno.chmod(sandbox.home, 0o700);
  assert.ok(code !== 0 && !/internal/.test(stdout), stdout);
});
