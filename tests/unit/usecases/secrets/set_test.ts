import assert from "node:assert/strict";
import { utf8 } from "../../../../src/kernel/bytes.ts";
import { AppError, isAppError } from "../../../../src/kernel/error.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { deleteSecrets } from "../../../../src/usecases/secrets/delete.ts";
import { diffSecrets } from "../../../../src/usecases/secrets/diff.ts";
import { listSecrets } from "../../../../src/usecases/secrets/list.ts";
import { pullSecrets } from "../../../../src/usecases/secrets/pull.ts";
import { pushSecrets } from "../../../../src/usecases/secrets/push.ts";
import { setSecrets } from "../../../../src/usecases/secrets/set.ts";
import { SecretsMachine, unreachable } from "../../../support/secrets_machine.ts";

const COMMITS = { method: "POST", path: /\/commits$/ } as const;

Deno.test("set stores many secrets in one commit, here and on the server", async () => {
  await using machine = await SecretsMachine.start();
  const result = await machine.set({ STRIPE_KEY: "sk_live_51H", OPENAI_KEY: "sk-proj-123" });
  assert.deepEqual(result.secrets, [
    { name: "STRIPE_KEY", change: "created", version: 1 },
    { name: "OPENAI_KEY", change: "created", version: 1 },
  ]);
  assert.equal(result.stored, "server");
  assert.deepEqual(result.warnings, []);
  assert.deepEqual(await machine.values(), { OPENAI_KEY: "sk-proj-123", STRIPE_KEY: "sk_live_51H" });
  assert.equal(machine.evil.sent(COMMITS).length, 1);
  const again = await machine.set({ STRIPE_KEY: "sk_live_52H" });
  assert.deepEqual(again.secrets, [{ name: "STRIPE_KEY", change: "updated", version: 2 }]);
});

Deno.test("set writes the names, never a value, into .env.example", async () => {
  await using machine = await SecretsMachine.start();
  await machine.write(".env.example", "# copy me\nPORT=3000\n");
  const { files } = await machine.set({ STRIPE_KEY: "sk_live_51H", PORT: "8080-canary" });
  assert.deepEqual(files, [`${machine.folder}/.env.example`]);
  assert.equal(await machine.read(".env.example"), "# copy me\nPORT=3000\nSTRIPE_KEY=\n");
  assert.equal(await machine.read(".env"), undefined);
});

Deno.test("set keeps .env up to date in storage mode 2: 0600, comments and order kept", async () => {
  await using machine = await SecretsMachine.start({ storageMode: 2 });
  await machine.write(".env", "# mine\nOTHER=kept # why\n");
  await machine.set({ STRIPE_KEY: "sk live", PEM: "a\nb" });
  assert.equal(await machine.read(".env"), "# mine\nOTHER=kept # why\nSTRIPE_KEY='sk live'\nPEM='a\nb'\n");
  assert.equal((await Deno.stat(`${machine.folder}/.env`)).mode! & 0o777, 0o600);
  await machine.set({ STRIPE_KEY: "sk_new_1" });
  assert.equal(await machine.read(".env"), "# mine\nOTHER=kept # why\nSTRIPE_KEY=sk_new_1\nPEM='a\nb'\n");
  await machine.set({ ONLY_STAGING: "value-1" }, { environment: "staging" });
  assert.equal(await machine.read(".env.staging"), "ONLY_STAGING=value-1\n");
});

Deno.test("set warns of values that redaction cannot find and of NUL bytes, and of a .env that git would take", async () => {
  await using machine = await SecretsMachine.start({ storageMode: 2 });
  await Deno.mkdir(`${machine.folder}/.git`);
  const { warnings } = await machine.set({ SHORT: "1234567", LONG: "12345678", NUL: "long enough\0", EMPTY: "" });
  const file = `${machine.folder}/.env`;
  assert.deepEqual(warnings, [
    { kind: "not_redactable", name: "SHORT", minBytes: 8 },
    { kind: "not_for_environment", name: "NUL" },
    { kind: "not_for_dotenv", name: "NUL", file },
    { kind: "file_not_ignored", file },
  ]);
  assert.equal((await machine.values()).NUL, "long enough\0");
  await machine.write(".gitignore", "node_modules\n.env*\n");
  assert.deepEqual((await machine.set({ LONG: "123456789" })).warnings, []);
});

Deno.test("set refuses bad input before anything is sent or stored", async () => {
  await using machine = await SecretsMachine.start();
  const before = await machine.state();
  const { folder } = machine;
  const cases: [string, { name: string; value: Uint8Array }[]][] = [
    ["usage", []],
    ["usage", [{ name: "A", value: utf8("12345678") }, { name: "A", value: utf8("12345678") }]],
    ["invalid_name", [{ name: "A", value: utf8("12345678") }, { name: "A-B", value: utf8("12345678") }]],
    ["invalid_value", [{ name: "A", value: new Uint8Array([0xff, 0xfe]) }]],
    ["value_too_large", [{ name: "A", value: new Uint8Array(64 * 1024 + 1).fill(65) }]],
  ];
  for (const [code, list] of cases) {
    const entries = list.map(({ name, value }) => ({ name, value: Secret.copyOf(value) }));
    await assert.rejects(setSecrets(machine.ports, { folder, entries }), { code });
  }
  const entries = [{ name: "A", value: Secret.fromText("12345678") }];
  await assert.rejects(
    setSecrets(machine.ports, { folder, entries, binding: { domains: ["http://"] } }),
    { code: "invalid_allowlist_entry" },
  );
  await assert.rejects(
    setSecrets(machine.ports, { folder, entries, binding: { methods: ["G T"] } }),
    { code: "invalid_input" },
  );
  assert.equal(await machine.state(), before);
  assert.equal(machine.evil.sent(COMMITS).length, 0);
});

Deno.test("set takes 64 KiB of any characters", async () => {
  await using machine = await SecretsMachine.start();
  const values = { PLAIN: "x".repeat(65536), CONTROL: "\u0001".repeat(65536), WIDE: "é".repeat(32768) };
  await machine.set(values);
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  assert.deepEqual(await other.values(), { CONTROL: values.CONTROL, PLAIN: values.PLAIN, WIDE: values.WIDE });
});

Deno.test("set keeps a secret's binding unless another is given, across machines", async () => {
  await using machine = await SecretsMachine.start();
  const { folder } = machine;
  const set = (text: string, binding?: { domains?: string[]; methods?: string[] }): Promise<unknown> =>
    setSecrets(machine.ports, {
      folder,
      entries: [{ name: "KEY", value: Secret.fromText(text) }],
      ...(binding && { binding }),
    });
  await set("first-value", { domains: ["API.Stripe.com", "api.stripe.com"], methods: ["get", "POST"] });
  const bound = { domains: ["api.stripe.com"], methods: ["GET", "POST"] };
  assert.deepEqual((await listSecrets(machine.ports, { folder })).secrets[0]?.binding, bound);
  await set("second-value");
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  assert.deepEqual((await listSecrets(other.ports, { folder: other.folder })).secrets, [
    { name: "KEY", state: "synced", version: 2, binding: bound },
  ]);
  await set("third-value", { domains: [] });
  // Overwriting by force what was bound elsewhere keeps the binding: it must not be loosened by accident.
  await other.set({ KEY: "forced-value" }, { force: true });
  assert.deepEqual((await listSecrets(other.ports, { folder: other.folder })).secrets[0]?.binding, { domains: [] });
});

Deno.test("set of what somebody else changed since is a conflict, and nothing is stored", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value", FREE: "first-free" });
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  await other.set({ KEY: "theirs-value" });
  const before = await machine.state();
  await assert.rejects(machine.set({ FREE: "mine-free", KEY: "mine-value" }), (error) => {
    return isAppError(error, "conflict") && error.exit === 5 && error.fields.names === "KEY";
  });
  assert.equal(await machine.state(), before);
  assert.equal((await machine.set({ FREE: "mine-free" })).secrets[0]?.version, 2);
  assert.deepEqual((await machine.set({ KEY: "theirs-value" })).secrets, [
    { name: "KEY", change: "unchanged", version: 2 },
  ]);
  const forced = await other.set({ FREE: "theirs-free" }, { force: true });
  assert.deepEqual(forced.secrets, [{ name: "FREE", change: "updated", version: 3 }]);
});

Deno.test("two commands at once that set different secrets lose nothing", async () => {
  await using machine = await SecretsMachine.start({ storageMode: 2 });
  await machine.set({ BASE: "base-value" });
  await Promise.all(Array.from({ length: 8 }, (_, i) => machine.set({ [`KEY_${i}`]: `value-of-${i}` })));
  const expected = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`KEY_${i}`, `value-of-${i}`]));
  assert.deepEqual(await machine.values(), { BASE: "base-value", ...expected });
  assert.deepEqual((await diffSecrets(machine.ports, { folder: machine.folder })).differences, []);
  for (const [name, value] of Object.entries(expected)) {
    assert.ok((await machine.read(".env"))!.includes(`${name}=${value}\n`));
    assert.ok((await machine.read(".env.example"))!.includes(`${name}=\n`));
  }
});

Deno.test("two commands at once that set the same secret: one wins, the others are conflicts, both sides agree", async () => {
  await using machine = await SecretsMachine.start();
  using _together = machine.evil.meet({ method: "POST", path: /\/commits$/ }, 4);
  const results = await Promise.allSettled(["a", "b", "c", "d"].map((who) => machine.set({ KEY: `value-of-${who}` })));
  const refused = results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
  assert.equal(refused.length, 3);
  assert.ok(refused.every((error) => isAppError(error, "conflict")), String(refused));
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  assert.deepEqual(await other.values(), await machine.values());
  assert.equal((await machine.meta("KEY"))?.version, "1");
});

Deno.test("set without a server keeps the change here and says so; push brings it there", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ OLD: "old-value", GONE: "gone-value" });
  const { folder, evil } = machine;
  {
    using _off = evil.answer({ path: /./ }, unreachable);
    const result = await machine.set({ OLD: "new-value", NEW: "fresh-value" });
    assert.equal(result.stored, "local");
    assert.deepEqual(result.secrets.map(({ change }) => change), ["updated", "created"]);
    assert.deepEqual(result.warnings.map(({ kind }) => kind), ["kept_local"]);
    await deleteSecrets(machine.ports, { folder, names: ["GONE"] });
    assert.deepEqual(await machine.values(), { NEW: "fresh-value", OLD: "new-value" });
    const diff = await diffSecrets(machine.ports, { folder });
    assert.equal(diff.complete, false);
    assert.deepEqual(diff.differences.map(({ name, status, newer, deleted }) => [name, status, newer, deleted]), [
      ["NEW", "local_only", "local", undefined],
      ["GONE", "out_of_sync", "local", "here"],
      ["OLD", "out_of_sync", "local", undefined],
    ]);
    await assert.rejects(pushSecrets(machine.ports, { folder }), { code: "server_unreachable" });
  }
  const online = await diffSecrets(machine.ports, { folder });
  assert.deepEqual(online.differences.map(({ name, status, newer }) => [name, status, newer]), [
    ["NEW", "local_only", "local"],
    ["GONE", "out_of_sync", "local"],
    ["OLD", "out_of_sync", "local"],
  ]);
  const { pushed } = await pushSecrets(machine.ports, { folder });
  assert.deepEqual(pushed.toSorted((a, b) => (a.name < b.name ? -1 : 1)), [
    { name: "GONE", change: "deleted" },
    { name: "NEW", change: "created", version: 1 },
    { name: "OLD", change: "updated", version: 2 },
  ]);
  assert.deepEqual((await diffSecrets(machine.ports, { folder })).differences, []);
});

Deno.test("a server that takes the commit and loses the answer costs nothing: the next push settles it", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  {
    using _lost = machine.evil.loseAnswer(COMMITS, () => {
      throw new AppError("server_unreachable", { origin: machine.evil.origin, reason: "the answer was lost" });
    });
    assert.equal((await machine.set({ KEY: "second-value" })).stored, "local");
  }
  const result = await pushSecrets(machine.ports, { folder: machine.folder });
  assert.deepEqual([result.pushed, result.conflicts], [[], []]);
  assert.deepEqual(await machine.meta("KEY"), { version: "2", state: "synced" });
});

Deno.test("a keychain that fails after the commit is said, and pull repairs it", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  const apply = machine.keychain.apply.bind(machine.keychain);
  machine.keychain.apply = (changes) =>
    changes.some((change) => change.key.name === "KEY")
      ? Promise.reject(new AppError("keychain_locked", { backend: "memory" }))
      : apply(changes);
  await assert.rejects(machine.set({ KEY: "second-value" }), (error) => {
    return isAppError(error, "committed_not_kept") && error.exit === 6 && error.message.includes("KEY") &&
      !error.message.includes("second");
  });
  machine.keychain.apply = apply;
  assert.deepEqual(await machine.values(), { KEY: "first-value" });
  await pullSecrets(machine.ports, { folder: machine.folder });
  assert.deepEqual(await machine.values(), { KEY: "second-value" });
});

Deno.test("set of more than a commit holds is several commits, and all of it arrives", async () => {
  await using machine = await SecretsMachine.start();
  const values = Object.fromEntries(Array.from({ length: 1050 }, (_, i) => [`KEY_${i}`, `value-of-${i}`]));
  await machine.set(values);
  assert.equal(machine.evil.sent(COMMITS).length, 2);
  await using other = await machine.twin();
  const { pulled } = await pullSecrets(other.ports, { folder: other.folder });
  assert.equal(pulled.length, 1050);
  assert.deepEqual(await other.values(), await machine.values());
});

/** Runs `work` after the server took the next commit and before its sender hears of it. */
function meanwhile(machine: SecretsMachine, work: () => Promise<unknown>): Disposable {
  let done = false;
  return machine.evil.answer(COMMITS, async (request) => {
    const response = await machine.server.transport.send(request);
    if (!done) {
      done = true;
      await work();
    }
    return response;
  });
}

Deno.test("a set that is overtaken between server and keychain does not put its older value over the newer one", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  using _meanwhile = meanwhile(machine, () => machine.set({ KEY: "third-value" }, { force: true }));
  await machine.set({ KEY: "second-value" });
  assert.deepEqual(await machine.values(), { KEY: "third-value" });
  assert.equal((await machine.meta("KEY"))?.version, "3");
  assert.deepEqual((await diffSecrets(machine.ports, { folder: machine.folder })).differences, []);
});

Deno.test("a change that is made here while a commit is under way stays, as a change", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  using _meanwhile = meanwhile(machine, async () => {
    using _off = machine.evil.answer({ path: /./ }, unreachable);
    await machine.set({ KEY: "unsent-value" });
  });
  await machine.set({ KEY: "second-value" });
  assert.deepEqual(await machine.values(), { KEY: "unsent-value" });
  assert.deepEqual(await machine.meta("KEY"), { version: "1", state: "modified" });
  const { conflicts } = await pullSecrets(machine.ports, { folder: machine.folder });
  assert.deepEqual(conflicts.map(({ name }) => name), ["KEY"]);
});

Deno.test("a change that cannot be sent is refused when the secret was changed here since the command began", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value", FREE: "first-free" });
  let done = false;
  using _late = machine.evil.answer({ method: "GET", path: /snapshot/ }, async (request) => {
    if (done) return await machine.server.transport.send(request);
    done = true;
    await machine.set({ KEY: "second-value" });
    return unreachable();
  });
  await assert.rejects(machine.set({ FREE: "unsent-free", KEY: "unsent-value" }), { code: "conflict" });
  assert.deepEqual(await machine.values(), { FREE: "first-free", KEY: "second-value" });
});
