import assert from "node:assert/strict";
import { utf8 } from "../../../../src/kernel/bytes.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import type { EnvironmentId, ProjectId, WorkspaceId } from "../../../../src/kernel/names.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { copySecrets } from "../../../../src/usecases/secrets/copy.ts";
import { deleteSecrets } from "../../../../src/usecases/secrets/delete.ts";
import { getSecret, type GetSecretInput, type GetSecretResult } from "../../../../src/usecases/secrets/get.ts";
import { secretHistory } from "../../../../src/usecases/secrets/history.ts";
import { importSecrets } from "../../../../src/usecases/secrets/import.ts";
import { rememberPlace } from "../../../../src/usecases/secrets/known_places.ts";
import { listSecrets } from "../../../../src/usecases/secrets/list.ts";
import { pullSecrets } from "../../../../src/usecases/secrets/pull.ts";
import { rollbackSecret } from "../../../../src/usecases/secrets/rollback.ts";
import { setSecrets } from "../../../../src/usecases/secrets/set.ts";

import { PASSWORD, SecretsMachine, unreachable } from "../../../support/secrets_machine.ts";

Deno.test("list names what this machine has, sorted, without asking the server twice", async () => {
  await using machine = await SecretsMachine.start();
  const { folder } = machine;
  assert.deepEqual((await listSecrets(machine.ports, { folder })).secrets, []);
  await machine.set({ B: "value-of-b", A: "value-of-a" });
  using _off = machine.evil.answer({ path: /./ }, unreachable);
  const { place, secrets } = await listSecrets(machine.ports, {
    folder: `${folder}/deep/down`.replace("/deep/down", ""),
  });
  assert.deepEqual([place.workspace, place.project, place.environment], ["Personal", "shop", "development"]);
  assert.deepEqual(secrets, [
    { name: "A", state: "synced", version: 1, binding: {} },
    { name: "B", state: "synced", version: 1, binding: {} },
  ]);
  await assert.rejects(listSecrets(machine.ports, { folder, environment: "nowhere" }), { code: "server_unreachable" });
});

Deno.test("list outside a project, of an unknown project or environment, is refused with what is missing", async () => {
  await using machine = await SecretsMachine.start();
  const { ports, base, folder } = machine;
  await assert.rejects(listSecrets(ports, { folder: base }), { code: "no_project" });
  await assert.rejects(listSecrets(ports, { folder, project: "nope" }), { code: "project_not_found" });
  await assert.rejects(listSecrets(ports, { folder, environment: "nope" }), { code: "environment_not_found" });
  assert.equal((await listSecrets(ports, { folder: base, project: "shop" })).place.project, "shop");
});

const person: GetSecretInput["terminal"] = { isTerminal: () => true, canAsk: true };

function get(machine: SecretsMachine, password: string, terminal = person): Promise<GetSecretResult> {
  const askPassword = async (): Promise<Secret> => Secret.fromText(password);
  return getSecret(machine.ports, { folder: machine.folder, name: "KEY", terminal, askPassword });
}

Deno.test("get gives a value to a person who proves the password, to nobody else", async () => {
  await using machine = await SecretsMachine.start();
  await assert.rejects(get(machine, PASSWORD), { code: "secret_not_found" });
  await machine.set({ KEY: "sk_live_51H" });
  const noPerson: GetSecretInput["terminal"][] = [
    { isTerminal: () => false, canAsk: true },
    { isTerminal: (stream) => stream === "stdin", canAsk: true },
    { isTerminal: (stream) => stream === "stdout", canAsk: true },
    { isTerminal: () => true, canAsk: false },
  ];
  for (const terminal of noPerson) {
    await assert.rejects(get(machine, PASSWORD, terminal), (error) => {
      return isAppError(error, "person_required") && error.exit === 9;
    });
  }
  await assert.rejects(get(machine, "wrong password"), { code: "login_refused" });
  using value = (await get(machine, PASSWORD)).value;
  assert.ok(value.equals(Secret.fromText("sk_live_51H")));
});

Deno.test("history tells versions, times and authors; rollback brings an old value back as a new version", async () => {
  await using machine = await SecretsMachine.start();
  const { folder, ports, server: { clock } } = machine;
  const history = async (): Promise<unknown[]> =>
    (await secretHistory(ports, { folder, name: "KEY" })).versions.map(({ version, change, author, current, here }) =>
      [version, change, author.you, current, here].join(" ")
    );
  await assert.rejects(history(), { code: "secret_not_found" });
  await setSecrets(ports, {
    folder,
    entries: [{ name: "KEY", value: Secret.fromText("first-value") }],
    binding: { methods: ["GET"] },
  });
  const first = clock.now();
  await clock.advance(60_000);
  await machine.set({ KEY: "second-value" });
  await setSecrets(ports, {
    folder,
    entries: [{ name: "KEY", value: Secret.fromText("third-value") }],
    binding: { methods: ["POST"] },
  });
  assert.deepEqual(await history(), ["3 set true true true", "2 set true false false", "1 set true false false"]);
  assert.equal((await secretHistory(ports, { folder, name: "KEY" })).versions[2]!.atMs, first);
  const result = await rollbackSecret(ports, { folder, name: "KEY", to: 1 });
  assert.deepEqual([result.restored, result.secrets], [1, [{ name: "KEY", change: "updated", version: 4 }]]);
  assert.deepEqual(await machine.values(), { KEY: "first-value" });
  assert.deepEqual((await listSecrets(ports, { folder })).secrets[0]?.binding, { methods: ["GET"] });
  for (const to of [0, 5, 1.5]) {
    await assert.rejects(rollbackSecret(ports, { folder, name: "KEY", to }), { code: "version_not_found" });
  }
  await deleteSecrets(ports, { folder, names: ["KEY"] });
  await assert.rejects(rollbackSecret(ports, { folder, name: "KEY", to: 5 }), { code: "version_not_found" });
  assert.deepEqual((await rollbackSecret(ports, { folder, name: "KEY", to: 2 })).secrets, [
    { name: "KEY", change: "created", version: 6 },
  ]);
  assert.deepEqual(await machine.values(), { KEY: "second-value" });
});

Deno.test("rollback over a change that this machine has not seen or not pushed is a conflict", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  await machine.set({ KEY: "second-value" });
  await assert.rejects(rollbackSecret(other.ports, { folder: other.folder, name: "KEY", to: 1 }), { code: "conflict" });
  {
    using _off = machine.evil.answer({ path: /./ }, unreachable);
    await machine.set({ KEY: "unsent-value" });
  }
  const input = { folder: machine.folder, name: "KEY", to: 1 };
  await assert.rejects(rollbackSecret(machine.ports, input), { code: "conflict" });
  assert.deepEqual(await machine.values(), { KEY: "unsent-value" });
  await rollbackSecret(machine.ports, { ...input, force: true });
  assert.deepEqual(await machine.values(), { KEY: "first-value" });
});

Deno.test("copy takes values and bindings into another environment and leaves what differs there alone", async () => {
  await using machine = await SecretsMachine.start();
  const { folder, ports } = machine;
  await setSecrets(ports, {
    folder,
    entries: [{ name: "A", value: Secret.fromText("value-of-a") }],
    binding: { domains: ["api.example.com"] },
  });
  await machine.set({ B: "value-of-b", C: "value-of-c" });
  await machine.set({ B: "staging-b", C: "value-of-c" }, { environment: "staging" });
  const result = await copySecrets(ports, { folder, from: "development", to: "staging" });
  assert.deepEqual(result.secrets, [
    { name: "A", change: "created", version: 1 },
    { name: "C", change: "unchanged", version: 1 },
  ]);
  assert.deepEqual([result.skipped, result.from.environment, result.place.environment], [
    ["B"],
    "development",
    "staging",
  ]);
  assert.deepEqual(await machine.values("staging"), { A: "value-of-a", B: "staging-b", C: "value-of-c" });
  const { secrets } = await listSecrets(ports, { folder, environment: "staging" });
  assert.deepEqual(secrets[0]?.binding, { domains: ["api.example.com"] });
  const forced = await copySecrets(ports, { folder, from: "development", to: "staging", names: ["B"], force: true });
  assert.deepEqual(forced.secrets, [{ name: "B", change: "updated", version: 2 }]);
  await assert.rejects(copySecrets(ports, { folder, from: "staging", to: "staging" }), { code: "usage" });
  await assert.rejects(copySecrets(ports, { folder, from: "staging", to: "production", names: ["A", "X"] }), {
    code: "secret_not_found",
  });
  assert.deepEqual(await machine.values("production"), {});
});

Deno.test("import stores what a .env text holds and needs no new version for what is there", async () => {
  await using machine = await SecretsMachine.start();
  const { folder, ports } = machine;
  await machine.set({ SAME: "same-value", OLD: "old-value" });
  await machine.write("legacy.env", "SAME=same-value\nOLD='new value'\nexport NEW=\"a\\nb\"\n??\n");
  const result = await importSecrets(ports, { folder, source: { path: "legacy.env" } });
  assert.deepEqual(result.secrets, [
    { name: "OLD", change: "updated", version: 2 },
    { name: "NEW", change: "created", version: 1 },
    { name: "SAME", change: "unchanged", version: 1 },
  ]);
  assert.deepEqual(result.warnings, [
    { kind: "lines_ignored", file: "legacy.env", lines: [4] },
    { kind: "not_redactable", name: "NEW", minBytes: 8 },
  ]);
  assert.deepEqual(await machine.values(), { NEW: "a\nb", OLD: "new value", SAME: "same-value" });
  const again = await importSecrets(ports, { folder, source: { text: Secret.fromText("OLD='new value'") } });
  assert.deepEqual(again.secrets, [{ name: "OLD", change: "unchanged", version: 2 }]);
});

Deno.test("import refuses what is no .env text, with line numbers and never with content", async () => {
  await using machine = await SecretsMachine.start();
  const { folder, ports } = machine;
  const refused = async (text: Uint8Array): Promise<string> => {
    const error = await importSecrets(ports, { folder, source: { text: Secret.copyOf(text) } }).catch((e) => e);
    assert.ok(isAppError(error, "invalid_input"), String(error));
    return error.message;
  };
  assert.match(await refused(new Uint8Array([0x41, 0x3d, 0xc3])), /standard input: it is not valid UTF-8/);
  assert.doesNotMatch(await refused(utf8("canary canary\n")), /canary/);
  await assert.rejects(importSecrets(ports, { folder, source: { path: "missing.env" } }), { code: "file_unreadable" });
});

Deno.test("a project's name means the one of the active workspace, also without the server", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "value-of-key" });
  const place = (await listSecrets(machine.ports, { folder: machine.folder })).place;
  // Earlier in every order than the real one.
  const elsewhere = {
    ...place,
    workspaceId: `w_${"2".repeat(32)}` as WorkspaceId,
    projectId: `p_${"2".repeat(16)}` as ProjectId,
    environmentId: `e_${"2".repeat(16)}` as EnvironmentId,
  };
  await rememberPlace(machine.keychain, elsewhere);
  using _off = machine.evil.answer({ path: /./ }, unreachable);
  const listed = await listSecrets(machine.ports, { folder: machine.base, project: "shop" });
  assert.deepEqual(listed.place, place);
  assert.equal(listed.secrets.length, 1);
});
