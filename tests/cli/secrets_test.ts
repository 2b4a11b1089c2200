/** The secrets commands, as scripts use them. */
import assert from "node:assert/strict";
import { sandboxWithProject, shapeOf } from "../support/cli.ts";

const place = {
  workspace: "string",
  workspace_id: "string",
  project: "string",
  project_id: "string",
  environment: "string",
  environment_id: "string",
};
const change = { name: "string", change: "string", version: "number" };
const write = { ...place, stored: "string", secrets: [change], files: ["string"], warnings: [] };
const CANARY = "canary-Value-0123456789";

Deno.test("a value comes from argv with a warning, from stdin, or from a file, and is shown nowhere", async () => {
  await using sandbox = await sandboxWithProject();
  const argv = await sandbox.run(["secrets", "set", `A=${CANARY}`, `B=${CANARY}=with=equals`]);
  assert.equal(argv.code, 0);
  assert.match(argv.stderr, /shell's history/);
  assert.match(
    argv.stdout,
    /Stored 2 secrets in my-app \/ development\n {2}\+ A {2}version 1\n {2}\+ B {2}version 1\n/,
  );
  await Deno.writeTextFile(`${sandbox.folder}/key.pem`, `-----BEGIN\n${CANARY}\n-----END\n`);
  const document = await sandbox.json(["secrets", "set", "C", "--from-file", "key.pem"]);
  assert.deepEqual(shapeOf(document), write);
  const piped = await sandbox.run(["secrets", "set", "D", "--stdin"], { stdin: `${CANARY}\n` });
  assert.equal(
    `${argv.stdout}${argv.stderr}${JSON.stringify(document)}${piped.stdout}${piped.stderr}`.includes(CANARY),
    false,
  );
  const values = { A: CANARY, B: `${CANARY}=with=equals`, C: `-----BEGIN\n${CANARY}\n-----END\n`, D: CANARY };
  for (const [name, value] of Object.entries(values)) await sandbox.holds(name, value);
});

Deno.test("set refuses what it cannot store, and then stores nothing", async () => {
  await using sandbox = await sandboxWithProject();
  const big = "x".repeat(65_537);
  await sandbox.fails("missing_answer", 2, ["secrets", "set", "KEY"]);
  await sandbox.fails("usage", 2, ["secrets", "set", "A=1", "A=2"]);
  await sandbox.fails("usage", 2, ["secrets", "set", "A", "B", "--stdin"], { stdin: "x" });
  await sandbox.fails("usage", 2, ["secrets", "set", "A=1", "--stdin"], { stdin: "x" });
  await sandbox.fails("usage", 2, ["secrets", "set", "A", "--stdin", "--from-file", "x"]);
  await sandbox.fails("file_unreadable", 1, ["secrets", "set", "A", "--from-file", "missing"]);
  await sandbox.fails("value_too_large", 2, ["secrets", "set", "A", "--stdin"], { stdin: big });
  await Deno.writeTextFile(`${sandbox.folder}/big`, big);
  await sandbox.fails("value_too_large", 2, ["secrets", "set", "A", "--from-file", "big"]);
  await sandbox.fails("body_too_large", 2, ["secrets", "set", "A", "--stdin"], { stdin: `${big}more` });
  await sandbox.fails("invalid_value", 2, ["secrets", "set", "A", "--stdin"], { stdin: new Uint8Array([0xff, 0xfe]) });
  await sandbox.fails("environment_not_found", 3, ["secrets", "set", "A=1", "--env", "nowhere"]);
  await sandbox.fails("project_not_found", 3, ["secrets", "set", "A=1", "--project", "nowhere"]);
  assert.equal(await sandbox.ok(["secrets", "list"]), "");
});

Deno.test("the largest value, and every kind of text, comes back as it was", async () => {
  await using sandbox = await sandboxWithProject();
  for (const value of ["x".repeat(65_536), "ünï😀\u0001", " spaces ", "line\r\nline", ""]) {
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: value });
    await sandbox.holds("KEY", value);
  }
});

Deno.test("list shows one name first on each line, states and bindings, never values", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok([
    "secrets",
    "set",
    "STRIPE_KEY",
    "--stdin",
    "--domains",
    "api.stripe.com,*.stripe.dev",
    "--methods",
    "get",
  ], {
    stdin: CANARY,
  });
  await sandbox.ok(["secrets", "set", "PLAIN", "--stdin"], { stdin: CANARY });
  const text = await sandbox.ok(["secrets", "list"]);
  assert.equal(text, "PLAIN       v1  synced\nSTRIPE_KEY  v1  synced  *.stripe.dev api.stripe.com GET\n");
  const document = await sandbox.json(["secrets", "list"]);
  assert.deepEqual(shapeOf(document), {
    ...place,
    secrets: [{ name: "string", state: "string", version: "number", domains: "null", methods: "null" }],
  });
  assert.deepEqual((document["secrets"] as readonly unknown[])[1], {
    name: "STRIPE_KEY",
    state: "synced",
    version: 1,
    domains: ["*.stripe.dev", "api.stripe.com"],
    methods: ["GET"],
  });
  assert.equal((text + JSON.stringify(document)).includes(CANARY), false);
});

Deno.test("P16 get is for a person: without a terminal, and as JSON, it is exit number 9", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  const refused = await sandbox.fails("person_required", 9, ["secrets", "get", "KEY"]);
  assert.match(refused.stderr, /agentsecrets call/);
  assert.equal((refused.stdout + refused.stderr).includes(CANARY), false);
});

Deno.test("history, rollback and delete go by version; a deleted secret can be brought back", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "the first value" });
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "the second value" });
  const history = await sandbox.json(["secrets", "history", "KEY"]);
  assert.deepEqual(shapeOf(history), {
    ...place,
    name: "string",
    versions: [{
      version: "number",
      change: "string",
      at: "string",
      author: { kind: "string", id: "string", you: "boolean" },
      current: "boolean",
      here: "boolean",
    }],
  });
  assert.deepEqual(shapeOf(await sandbox.json(["secrets", "rollback", "KEY", "--to", "1"])), { ...write, files: [] });
  await sandbox.holds("KEY", "the first value");
  await sandbox.fails("version_not_found", 3, ["secrets", "rollback", "KEY", "--to", "99"]);
  await sandbox.fails("missing_answer", 2, ["secrets", "rollback", "KEY"]);
  await sandbox.fails("usage", 2, ["secrets", "rollback", "KEY", "--to", "0"]);
  await sandbox.ok(["secrets", "delete", "KEY"]);
  await sandbox.fails("secret_not_found", 3, ["secrets", "delete", "KEY"]);
  await sandbox.fails("secrets_not_found", 3, ["secrets", "delete", "KEY", "OTHER"]);
  await sandbox.ok(["secrets", "rollback", "KEY", "--to", "2"]);
  await sandbox.holds("KEY", "the second value");
  await sandbox.fails("secret_not_found", 3, ["secrets", "history", "NEVER_WAS"]);
});

Deno.test("copy and import take over many secrets at once", async () => {
  await using sandbox = await sandboxWithProject();
  await Deno.writeTextFile(`${sandbox.folder}/old.env`, `# comment\nA="two words"\nexport B='x y'\nnot a line\n`);
  const imported = await sandbox.run(["secrets", "import", "old.env", "--json"]);
  assert.equal(imported.code, 0, imported.stderr);
  assert.deepEqual(JSON.parse(imported.stdout).secrets.map((s: { name: string }) => s.name), ["A", "B"]);
  assert.match(imported.stderr, /line 4 ignored/);
  await sandbox.ok(["secrets", "import", "-", "--env", "staging"], { stdin: "A=other value\n" });
  const copied = await sandbox.run(["secrets", "copy", "--from", "development", "--to", "staging"]);
  assert.match(copied.stdout, /Copied 1 secret to my-app \/ staging\n {2}\+ B/);
  assert.match(copied.stderr, /Left alone.*: A \(--force\)/);
  await sandbox.fails("missing_answer", 2, ["secrets", "copy", "--from", "development"]);
  await sandbox.fails("usage", 2, ["secrets", "copy", "--from", "staging", "--to", "staging"]);
  await sandbox.fails("file_unreadable", 1, ["secrets", "import", "missing.env"]);
  await sandbox.fails("invalid_input", 2, ["secrets", "import", "-"], { stdin: "nothing in here\n" });
});

Deno.test("diff, pull and push compare and bring together; a conflict is shown and is exit number 5", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "SHARED", "--stdin"], { stdin: "the first value" });
  assert.match(await sandbox.ok(["secrets", "diff"]), /my-app \/ development is in sync: 1 secret/);
  assert.deepEqual(shapeOf(await sandbox.json(["secrets", "diff"])), {
    ...place,
    differences: [],
    synced: "number",
    complete: "boolean",
    warnings: [],
  });
  assert.deepEqual(shapeOf(await sandbox.json(["secrets", "pull"])), {
    ...place,
    pulled: [],
    unchanged: "number",
    kept: [],
    conflicts: [],
    files: [],
    warnings: [],
  });
  await Deno.writeTextFile(`${sandbox.folder}/.env`, "SHARED=another value\nFROM_FILE=only in the file\n");
  const diff = await sandbox.json(["secrets", "diff"]);
  assert.ok(
    (diff["differences"] as readonly { name: string }[]).some((d) => d.name === "FROM_FILE"),
    JSON.stringify(diff),
  );
  const text = await sandbox.ok(["secrets", "diff"]);
  assert.match(text, /^(LOCAL ONLY|OUT OF SYNC): +(FROM_FILE|SHARED)/m);
  const pushed = await sandbox.run(["secrets", "push", "--json"]);
  assert.deepEqual(Object.keys(JSON.parse(pushed.stdout)), [
    ...Object.keys(place),
    "pushed",
    "unchanged",
    "conflicts",
    "source",
    "files",
    "warnings",
  ]);
  assert.deepEqual(JSON.parse(pushed.stdout).conflicts.map((c: { name: string }) => c.name), ["SHARED"]);
  assert.equal(pushed.code, 5);
  assert.match(pushed.stderr, /^! Cannot store SHARED: .*agentsecrets secrets diff/);
  await sandbox.ok(["secrets", "push", "--force"]);
  await sandbox.holds("SHARED", "another value");
});

Deno.test("with --quiet what was done is not printed, what was asked for is", async () => {
  await using sandbox = await sandboxWithProject();
  assert.equal(await sandbox.ok(["--quiet", "secrets", "set", "KEY", "--stdin"], { stdin: CANARY }), "");
  const list = await sandbox.run(["secrets", "list", "-q"]);
  assert.deepEqual([list.stdout, list.stderr], ["KEY  v1  synced\n", ""]);
});
