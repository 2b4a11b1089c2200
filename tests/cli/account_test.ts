/** init, login, logout, status and the account commands, as scripts run them. */
import assert from "node:assert/strict";
import { findNode, isGroup } from "../../src/cli/registry.ts";
import { initArgs, PASSWORD, Sandbox, sandboxWithProject, shapeOf } from "../support/cli.ts";

const stdin = `${PASSWORD}\n`;

Deno.test("init makes an account from flags and stdin alone; the kit goes to a 0600 file, the password nowhere", async () => {
  await using sandbox = await Sandbox.make();
  const document = await sandbox.json(initArgs(), { stdin });
  assert.deepEqual(shapeOf(document), {
    outcome: "string",
    email: "string",
    user_id: "string",
    server: "string",
    storage_mode: "number",
    vault: "string",
    workspace: { id: "string", name: "string" },
    kit: "string",
    files: ["string"],
    set_aside: "null",
  });
  assert.deepEqual(document["files"], [".agent/workflows/agentsecrets.md", ".env.example"]);
  const kit = `${sandbox.base}/kit.txt`;
  assert.equal((await Deno.stat(kit)).mode! & 0o777, 0o600);
  assert.match(await Deno.readTextFile(kit), /AS1-[\s\S]*ASR1-/);
  for await (const [path, bytes] of sandbox.files()) {
    assert.equal(new TextDecoder("latin1").decode(bytes).includes(PASSWORD), false, `the password is in ${path}`);
  }
});

Deno.test("the kit is in no output when it goes to a file", async () => {
  await using sandbox = await Sandbox.make();
  const { stdout, stderr } = await sandbox.run(initArgs(), { stdin });
  assert.equal(/AS1-|ASR1-/.test(stdout + stderr), false);
  assert.match(stdout, /The Emergency Kit is in .*kit\.txt/);
});

Deno.test("a missing answer names its flag and leaves nothing behind", async () => {
  await using sandbox = await Sandbox.make();
  const cases: readonly (readonly [args: readonly string[], hint: string])[] = [
    [["init", "--password-stdin", "--vault", "file", "--vault-key-file", "--kit", "k"], "--email"],
    [["init", "--email", "a@b.co", "--password-stdin", "--kit", "k"], "--vault file"],
    [["init", "--email", "a@b.co", "--vault", "file", "--vault-key-file", "--kit", "k"], "--password-stdin"],
    [["init", "--email", "a@b.co", "--password-stdin", "--vault", "file", "--vault-key-file"], "--kit FILE"],
    [["init", "--email", "a@b.co", "--password-stdin", "--vault", "file", "--kit", "k"], "--vault-passphrase-stdin"],
  ];
  for (const [args, hint] of cases) {
    const { stdout } = await sandbox.fails("missing_answer", 2, args, { stdin });
    assert.ok(JSON.parse(stdout).error.hint.includes(hint), stdout);
    await assert.rejects(Deno.stat(`${sandbox.home}/config.json`), Deno.errors.NotFound);
  }
});

Deno.test("init refuses what it cannot use, before anything is made", async () => {
  await using sandbox = await Sandbox.make();
  const with_ = (...extra: readonly string[]): readonly string[] => [...initArgs(), ...extra];
  await sandbox.fails("weak_password", 2, initArgs(), { stdin: "short\n" });
  await sandbox.fails("invalid_input", 2, initArgs(), { stdin: "" });
  await sandbox.fails("invalid_name", 2, with_("--email", "no-address"), { stdin });
  await sandbox.fails("invalid_name", 2, with_("--workspace", " "), { stdin });
  await sandbox.fails("usage", 2, with_("--storage-mode", "4"), { stdin });
  await sandbox.fails("usage", 2, with_("--storage-mode", "3"), { stdin }); // --vault is for the other modes
  await sandbox.fails("usage", 2, with_("--vault", "cloud"), { stdin });
  await sandbox.fails("body_too_large", 2, initArgs(), { stdin: "x".repeat(100_000) });
  await Deno.writeTextFile(`${sandbox.base}/kit.txt`, "taken");
  await sandbox.fails("file_exists", 1, initArgs(), { stdin });
  await assert.rejects(Deno.stat(`${sandbox.home}/config.json`), Deno.errors.NotFound);
});

Deno.test("a second init keeps everything and asks nothing; --force sets the old home aside", async () => {
  await using sandbox = await Sandbox.make();
  const first = await sandbox.json(initArgs(), { stdin });
  const kept = await sandbox.json(["init"]);
  assert.deepEqual([kept["outcome"], kept["user_id"]], ["kept", first["user_id"]]);
  await sandbox.fails("already_initialised", 3, ["init", "--email", "other@example.com"]);
  const forced = await sandbox.json(
    [...initArgs().slice(0, -1), "../kit2.txt", "--force"],
    { stdin },
  );
  assert.equal(forced["outcome"], "created");
  assert.notEqual(forced["user_id"], first["user_id"]);
  const old = await sandbox.json(["status"], { env: { AGENTSECRETS_HOME: String(forced["set_aside"]) } });
  assert.equal((old["user"] as { id: string }).id, first["user_id"]);
});

Deno.test("init keeps a workflow file that a person has changed", async () => {
  await using sandbox = await Sandbox.make();
  await Deno.mkdir(`${sandbox.folder}/.agent/workflows`, { recursive: true });
  await Deno.writeTextFile(`${sandbox.folder}/.agent/workflows/agentsecrets.md`, "mine");
  const document = await sandbox.json(initArgs(), { stdin });
  assert.deepEqual(document["files"], [".env.example"]);
  assert.equal(await Deno.readTextFile(`${sandbox.folder}/.agent/workflows/agentsecrets.md`), "mine");
});

Deno.test("the workflow file's commands exist and its lines tell an agent no way around the person", async () => {
  await using sandbox = await Sandbox.make();
  await sandbox.ok(initArgs(), { stdin });
  const text = await Deno.readTextFile(`${sandbox.folder}/.agent/workflows/agentsecrets.md`);
  const lines = [...text.matchAll(/`agentsecrets ([^`]*)`/g)].map((match) => match[1]!.split(" "));
  assert.ok(lines.length >= 8);
  for (const words of lines) {
    const { nodes } = findNode(words);
    const last = nodes.at(-1);
    assert.ok(last !== undefined && !isGroup(last), words.join(" "));
  }
  assert.equal(/password-stdin|--force|--yes/.test(text), false);
});

Deno.test("a vault passphrase comes from its line or descriptor, in a fixed order with the password", async () => {
  await using sandbox = await Sandbox.make();
  const line = [
    "init",
    "--email",
    "a@b.co",
    "--password-stdin",
    "--vault",
    "file",
    "--vault-passphrase-stdin",
    "--kit",
    "../kit.txt",
  ];
  await sandbox.ok(line, { stdin: "the passphrase of the vault\n" + stdin });
  await sandbox.ok(["project", "create", "my-app", "--vault-passphrase-fd", "3"], {
    descriptors: ["the passphrase of the vault\n"],
  });
  await sandbox.ok(["secrets", "set", "KEY", "--stdin", "--vault-passphrase-stdin"], {
    stdin: "the passphrase of the vault\na value of two\nlines\n",
  });
  await sandbox.fails("vault_passphrase_needed", 6, ["secrets", "list"]);
  await sandbox.fails("vault_passphrase_wrong", 6, ["secrets", "list", "--vault-passphrase-stdin"], {
    stdin: "another\n",
  });
  await sandbox.fails("invalid_input", 2, ["secrets", "list", "--vault-passphrase-fd", "99"]);
  const leading = ["--vault-passphrase-stdin"];
  await sandbox.holds("KEY", "a value of two\nlines", { leading, stdin: "the passphrase of the vault\n" });
});

Deno.test("status before init is exit number 0 and says what to type", async () => {
  await using sandbox = await Sandbox.make();
  assert.match(await sandbox.ok(["status"]), /no account on this machine.*\n.*agentsecrets init/);
  assert.equal((await sandbox.json(["status"]))["initialised"], false);
});

Deno.test("status shows who, where and what differs", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "long enough value" });
  const text = await sandbox.ok(["status"]);
  for (
    const line of [
      /^Logged in as: +you@example\.com$/m,
      /^Server: +this machine$/m,
      /^Workspace: +Personal/m,
      /^Project: +my-app$/m,
      /^Environment: +development$/m,
      /^Keychain: +vault file \(ready\)$/m,
      /^Proxy: +not running$/m,
      /^Secrets: +1 synced$/m,
      /^Last pull: /m,
    ]
  ) assert.match(text, line);
  const document = await sandbox.json(["status"], { cwd: `${sandbox.folder}/.agent/workflows` });
  assert.deepEqual(shapeOf(document), {
    initialised: "boolean",
    logged_in: "boolean",
    home: "string",
    user: { id: "string", email: "string", device_id: "string" },
    server: { origin: "string", embedded: "boolean", reachable: "boolean" },
    storage_mode: "number",
    workspace: { id: "string", name: "string", role: "string", allowlist_entries: "number" },
    project: { id: "string", name: "string", folder: "string" },
    environment: "string",
    keychain: { backend: "string", state: "string", reason: "null" },
    proxy: { running: "boolean", address: "null" },
    drift: { synced: "number", local_only: "number", remote_only: "number", out_of_sync: "number" },
    last_pull: "null",
    last_push: (document["last_push"] === null) ? "null" : "string",
    warnings: [],
  });
});

Deno.test("logout ends what can be done, login begins it again", async () => {
  await using sandbox = await sandboxWithProject();
  assert.deepEqual(shapeOf(await sandbox.json(["logout"])), {
    email: "string",
    session_ended: "boolean",
    forgotten: "boolean",
    removed_values: "number",
  });
  await sandbox.fails("not_logged_in", 3, ["project", "list"]);
  await sandbox.fails("password_required", 9, ["login"]);
  await sandbox.fails("login_refused", 7, ["login", "--password-stdin"], { stdin: "wrong password\n" });
  const document = await sandbox.json(["login", "--password-stdin"], { stdin });
  assert.deepEqual(shapeOf(document), {
    email: "string",
    user_id: "string",
    device_id: "string",
    server: "string",
    new_device: "boolean",
    session_expires_at: "string",
  });
  await sandbox.ok(["project", "list"]);
});

Deno.test("logout --forget wants a yes, and login then wants the account key of the kit", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "long enough value" });
  await sandbox.fails("missing_answer", 2, ["logout", "--forget"]);
  const document = await sandbox.json(["logout", "--forget", "--yes"]);
  assert.deepEqual([document["forgotten"], document["removed_values"]], [true, 1]);
  await sandbox.fails("missing_answer", 2, ["login", "--password-stdin"], { stdin });
  const kit = await Deno.readTextFile(`${sandbox.base}/kit.txt`);
  const accountKey = /AS1-[0-9A-Z-]+/.exec(kit)![0];
  await sandbox.fails("account_key_invalid", 8, ["login", "--password-stdin", "--account-key-fd", "3"], {
    stdin,
    descriptors: [`${accountKey.slice(0, -1)}${accountKey.endsWith("0") ? "1" : "0"}\n`],
  });
  await sandbox.ok(["login", "--password-stdin", "--account-key-fd", "3"], { stdin, descriptors: [`${accountKey}\n`] });
  await sandbox.ok(["secrets", "pull"]);
  assert.match(await sandbox.ok(["secrets", "list"]), /^KEY /);
});

Deno.test("account kit, password, devices and recover work from flags, stdin and descriptors", async () => {
  await using sandbox = await sandboxWithProject();
  const kit = await sandbox.json(["account", "kit", "--password-stdin", "--kit", "again.txt"], { stdin });
  assert.deepEqual(shapeOf(kit), {
    email: "string",
    user_id: "string",
    fingerprint: "string",
    kit: "string",
    has_recovery_code: "boolean",
  });
  await sandbox.fails("login_refused", 7, ["account", "kit", "--password-stdin", "--kit", "x.txt"], {
    stdin: "wrong one!\n",
  });

  const devices = await sandbox.json(["account", "devices"]);
  assert.deepEqual(shapeOf(devices), {
    devices: [{
      id: "string",
      label: "string",
      current: "boolean",
      state: "string",
      added_at: "string",
      revoked_at: "null",
    }],
  });
  const [{ id }] = devices["devices"] as [{ id: string }];
  await sandbox.fails("last_device", 4, ["account", "devices", "--revoke", id, "--yes", "--password-stdin"], { stdin });
  await sandbox.fails("device_not_found", 3, ["account", "devices", "--revoke", "nope", "--yes", "--password-stdin"], {
    stdin,
  });
  await sandbox.fails("missing_answer", 2, ["account", "devices", "--revoke", id, "--password-stdin"], { stdin });

  const changed = await sandbox.json(["account", "password", "--password-stdin", "--new-password-stdin"], {
    stdin: `${PASSWORD}\na second password\n`,
  });
  assert.deepEqual(shapeOf(changed), { changed: "boolean", ended_sessions: "number", kit: "null" });
  await sandbox.fails("login_refused", 7, ["account", "kit", "--password-stdin", "--kit", "x.txt"], { stdin });

  const code = /ASR1-[0-9A-Z-]+/.exec(await Deno.readTextFile(`${sandbox.base}/kit.txt`))![0];
  const recovered = await sandbox.json(
    ["account", "recover", "--recovery-code-fd", "3", "--new-password-stdin", "--kit", "new-kit.txt"],
    { stdin: "a third password\n", descriptors: [`${code}\n`] },
  );
  assert.deepEqual(shapeOf(recovered), { email: "string", user_id: "string", device_id: "string", kit: "string" });
  await sandbox.ok(["account", "kit", "--password-stdin", "--kit", "last.txt"], { stdin: "a third password\n" });
});
