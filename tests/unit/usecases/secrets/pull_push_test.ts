import assert from "node:assert/strict";
import { isAppError } from "../../../../src/kernel/error.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { deleteSecrets } from "../../../../src/usecases/secrets/delete.ts";
import { diffSecrets } from "../../../../src/usecases/secrets/diff.ts";
import { listSecrets } from "../../../../src/usecases/secrets/list.ts";
import { pullSecrets, type PullSecretsResult } from "../../../../src/usecases/secrets/pull.ts";
import { pushSecrets, type PushSecretsResult } from "../../../../src/usecases/secrets/push.ts";
import { setSecrets } from "../../../../src/usecases/secrets/set.ts";
import { readConfig } from "../../../../src/vault/config.ts";

import { SecretsMachine, unreachable } from "../../../support/secrets_machine.ts";

const pull = (m: SecretsMachine, force = false): Promise<PullSecretsResult> =>
  pullSecrets(m.ports, { folder: m.folder, force });
const push = (m: SecretsMachine, force = false): Promise<PushSecretsResult> =>
  pushSecrets(m.ports, { folder: m.folder, force });
const changes = (list: readonly { readonly name: string; readonly change: string }[]): string[] =>
  list.map(({ name, change }) => `${name} ${change}`).sort();

async function differences(m: SecretsMachine): Promise<string[]> {
  return (await diffSecrets(m.ports, { folder: m.folder })).differences.map(({ name, status, newer, deleted, file }) =>
    [name, status, newer, deleted, file?.slice(m.folder.length + 1)].filter((part) => part !== undefined).join(" ")
  );
}

/** Makes changes while the server cannot be reached. */
async function offline(m: SecretsMachine, work: () => Promise<unknown>): Promise<void> {
  using _off = m.evil.answer({ path: /./ }, unreachable);
  await work();
}

Deno.test("pull takes what is new, changed and deleted on the server, and notes when", async () => {
  await using mine = await SecretsMachine.start();
  await mine.set({ KEPT: "kept-value", CHANGED: "first-value", GONE: "gone-value" });
  await using other = await mine.twin();
  assert.deepEqual(changes((await pull(other)).pulled), ["CHANGED created", "GONE created", "KEPT created"]);
  await mine.set({ CHANGED: "second-value", NEW: "fresh-value" });
  await deleteSecrets(mine.ports, { folder: mine.folder, names: ["GONE"] });
  assert.deepEqual(await differences(other), [
    "NEW remote_only remote",
    "CHANGED out_of_sync remote",
    "GONE out_of_sync remote there",
  ]);
  const result = await pull(other);
  assert.deepEqual(changes(result.pulled), ["CHANGED updated", "GONE deleted", "NEW created"]);
  assert.equal(result.unchanged, 1);
  assert.deepEqual(await other.values(), await mine.values());
  const { environmentId } = await other.scope();
  const config = await readConfig(other.ports.files, other.ports.places);
  assert.equal(config?.last.pull[environmentId], other.server.clock.now());
  assert.equal(await other.read(".env.example"), "CHANGED=\nKEPT=\nNEW=\n");
});

Deno.test("pull keeps what was changed here and shows what was changed on both sides; force takes the server's", async () => {
  await using mine = await SecretsMachine.start();
  await mine.set({ MINE: "first-value", BOTH: "first-value", DELETED: "first-value" });
  await using other = await mine.twin();
  await pull(other);
  await offline(other, () => other.set({ MINE: "mine-value", BOTH: "mine-value", ONLY: "only-value" }));
  await offline(other, () => deleteSecrets(other.ports, { folder: other.folder, names: ["DELETED"] }));
  await mine.set({ BOTH: "theirs-value", DELETED: "theirs-value" });
  const result = await pull(other);
  assert.deepEqual([result.pulled, result.kept], [[], ["MINE", "ONLY"]]);
  assert.deepEqual(result.conflicts, [
    { name: "BOTH", here: "modified", there: "modified", baseVersion: 1, remoteVersion: 2 },
    { name: "DELETED", here: "deleted", there: "modified", baseVersion: 1, remoteVersion: 2 },
  ]);
  assert.deepEqual(await other.values(), { BOTH: "mine-value", MINE: "mine-value", ONLY: "only-value" });
  assert.deepEqual(await differences(other), [
    "ONLY local_only local",
    "BOTH out_of_sync both",
    "DELETED out_of_sync both here",
    "MINE out_of_sync local",
  ]);
  const forced = await pull(other, true);
  assert.deepEqual(changes(forced.pulled), ["BOTH updated", "DELETED created", "MINE updated"]);
  assert.deepEqual(forced.kept, ["ONLY"]);
  assert.deepEqual(await other.values(), {
    BOTH: "theirs-value",
    DELETED: "theirs-value",
    MINE: "first-value",
    ONLY: "only-value",
  });
});

Deno.test("push sends what was changed here, leaves conflicts on both sides, and force overwrites", async () => {
  await using mine = await SecretsMachine.start();
  await mine.set({ BOTH: "first-value", MINE: "first-value", GONE: "first-value" });
  await using other = await mine.twin();
  await pull(other);
  await offline(other, () => other.set({ BOTH: "mine-value", MINE: "mine-value", GONE: "mine-value" }));
  await mine.set({ BOTH: "theirs-value" });
  await deleteSecrets(mine.ports, { folder: mine.folder, names: ["GONE"] });
  const result = await push(other);
  assert.deepEqual(changes(result.pushed), ["MINE updated"]);
  assert.deepEqual(result.conflicts.map(({ name, here, there }) => [name, here, there]), [
    ["BOTH", "modified", "modified"],
    ["GONE", "modified", "deleted"],
  ]);
  assert.deepEqual(changes((await push(other, true)).pushed), ["BOTH updated", "GONE created"]);
  await pull(mine);
  assert.deepEqual(await mine.values(), { BOTH: "mine-value", GONE: "mine-value", MINE: "mine-value" });
  assert.deepEqual(await differences(other), []);
});

Deno.test("push uploads a .env file: new names, then edits, never what is already there", async () => {
  await using machine = await SecretsMachine.start();
  await machine.write(".env", "# mine\nA=value-of-a\nexport B='value of b' # x\nnot a line\na.b=1\n");
  assert.deepEqual(await differences(machine), ["A local_only local .env", "B local_only local .env"]);
  const first = await push(machine);
  assert.deepEqual(changes(first.pushed), ["A created", "B created"]);
  assert.equal(first.source, `${machine.folder}/.env`);
  assert.deepEqual(first.warnings, [
    { kind: "lines_ignored", file: `${machine.folder}/.env`, lines: [4] },
    { kind: "names_ignored", file: `${machine.folder}/.env`, lines: [5] },
  ]);
  assert.deepEqual(await machine.values(), { A: "value-of-a", B: "value of b" });
  assert.deepEqual((await push(machine)).pushed, []);
  await machine.write(".env", "A=edited-value\nB='value of b'\n");
  assert.deepEqual(await differences(machine), ["A out_of_sync local .env"]);
  const edited = await push(machine);
  assert.deepEqual([changes(edited.pushed), edited.unchanged, edited.conflicts], [["A updated"], 1, []]);
  assert.equal((await machine.values()).A, "edited-value");
  assert.equal(await machine.read(".env"), "A=edited-value\nB='value of b'\n");
});

Deno.test("push does not take a .env file that may be older than the keychain; force takes it", async () => {
  await using machine = await SecretsMachine.start();
  await machine.write(".env", "A=file-value\n");
  await push(machine);
  await machine.set({ A: "keychain-value" });
  assert.deepEqual(await differences(machine), ["A out_of_sync both .env"]);
  const result = await push(machine);
  assert.deepEqual(result.pushed, []);
  assert.deepEqual(result.conflicts, [
    { name: "A", here: "file", there: "unchanged", baseVersion: 2, remoteVersion: 2 },
  ]);
  assert.equal((await machine.values()).A, "keychain-value");
  await machine.write(".env", "A=keychain-value\n");
  assert.deepEqual((await push(machine)).conflicts, []);
  await machine.write(".env", "A=edited-again\n");
  assert.deepEqual(changes((await push(machine)).pushed), ["A updated"]);
  await machine.set({ A: "keychain-again" });
  assert.deepEqual(changes((await push(machine, true)).pushed), ["A updated"]);
  assert.equal((await machine.values()).A, "edited-again");
});

Deno.test("push of a .env file on a machine that never pulled: the same value settles, another is a conflict", async () => {
  await using mine = await SecretsMachine.start();
  await mine.set({ SAME: "same-value", OTHER: "theirs-value" });
  await using other = await mine.twin();
  await other.write(".env", "SAME=same-value\nOTHER=mine-value\nNEW=fresh-value\n");
  const result = await push(other);
  assert.deepEqual(changes(result.pushed), ["NEW created"]);
  assert.deepEqual(result.conflicts.map(({ name, here, there }) => [name, here, there]), [
    ["OTHER", "modified", "modified"],
  ]);
  assert.deepEqual(await other.values(), { NEW: "fresh-value", SAME: "same-value" });
  assert.equal((await other.meta("SAME"))?.version, "1");
});

Deno.test("push refuses a .env value that cannot be stored, and a file that is no text", async () => {
  await using machine = await SecretsMachine.start();
  await machine.write(".env", `A=fine-value\nB=${"x".repeat(65537)}\n`);
  await assert.rejects(push(machine), (error) => isAppError(error, "value_too_large") && error.fields.name === "B");
  await machine.write(".env", new Uint8Array([0x41, 0x3d, 0xff]));
  await assert.rejects(push(machine), { code: "invalid_input" });
  assert.deepEqual(await machine.values(), {});
});

Deno.test("pull writes .env in storage mode 2 and never over an edit", async () => {
  await using mine = await SecretsMachine.start({ storageMode: 2 });
  await mine.set({ A: "first-value", B: "first-value", C: "first-value" });
  await using other = await mine.twin();
  const first = await pull(other);
  assert.deepEqual(first.files, [`${other.folder}/.env`, `${other.folder}/.env.example`]);
  assert.equal(await other.read(".env"), "A=first-value\nB=first-value\nC=first-value\n");
  await mine.set({ A: "second-value", B: "second-value" });
  await other.write(".env", "# edited\nA=my-edit-here\nB=first-value\nC=my-other-edit\n");
  const result = await pull(other);
  assert.deepEqual(changes(result.pulled), ["B updated"]);
  assert.deepEqual(result.conflicts.map(({ name, here, there }) => [name, here, there]), [["A", "file", "modified"]]);
  assert.deepEqual(result.kept, ["C"]);
  assert.equal(await other.read(".env"), "# edited\nA=my-edit-here\nB=second-value\nC=my-other-edit\n");
  assert.deepEqual(await other.values(), { A: "first-value", B: "second-value", C: "first-value" });
  const pushed = await push(other);
  assert.deepEqual(changes(pushed.pushed), ["C updated"]);
  assert.deepEqual(pushed.conflicts.map(({ name }) => name), ["A"]);
  await pull(other, true);
  assert.equal(await other.read(".env"), "# edited\nA=second-value\nB=second-value\nC=my-other-edit\n");
  await Deno.remove(`${other.folder}/.env`);
  await pull(other);
  assert.equal(await other.read(".env"), "A=second-value\nB=second-value\nC=my-other-edit\n");
});

Deno.test("a .env that cannot be changed safely is left alone and said; the secrets themselves arrive", async () => {
  await using machine = await SecretsMachine.start({ storageMode: 2 });
  await machine.write(".env", "BROKEN='never closed");
  const { warnings } = await machine.set({ A: "\nstarts with a break" });
  assert.deepEqual(warnings.map(({ kind }) => kind), ["file_not_updated"]);
  assert.equal(await machine.read(".env"), "BROKEN='never closed");
  assert.deepEqual(await machine.values(), { A: "\nstarts with a break" });
});

Deno.test("delete removes here, on the server and from the files; a name on neither side is refused", async () => {
  await using mine = await SecretsMachine.start({ storageMode: 2 });
  const { folder } = mine;
  await mine.set({ A: "value-of-a", B: "value-of-b", SHARED: "value" });
  await mine.set({ SHARED: "other-value" }, { environment: "staging" });
  const result = await deleteSecrets(mine.ports, { folder, names: ["A", "SHARED", "A"] });
  assert.deepEqual(result.secrets, [{ name: "A", change: "deleted" }, { name: "SHARED", change: "deleted" }]);
  assert.equal(await mine.read(".env"), "B=value-of-b\n");
  // Another environment still has it.
  assert.equal(await mine.read(".env.example"), "B=\nSHARED=\n");
  assert.deepEqual(await mine.values(), { B: "value-of-b" });
  await assert.rejects(deleteSecrets(mine.ports, { folder, names: ["A"] }), { code: "secret_not_found" });
  await assert.rejects(deleteSecrets(mine.ports, { folder, names: ["B", "X", "Y"] }), { code: "secrets_not_found" });
  assert.deepEqual(await mine.values(), { B: "value-of-b" });
  await using other = await mine.twin();
  await assert.rejects(deleteSecrets(other.ports, { folder: other.folder, names: ["B"] }), { code: "conflict" });
  await deleteSecrets(other.ports, { folder: other.folder, names: ["B"], force: true });
  assert.deepEqual(changes((await pull(mine)).pulled), ["B deleted"]);
  assert.deepEqual((await mine.set({ A: "back-again" })).secrets, [{ name: "A", change: "created", version: 3 }]);
});

Deno.test("a .env file never loosens the binding of a secret, also when its value is forced over one not seen here", async () => {
  await using mine = await SecretsMachine.start();
  const binding = { domains: ["api.example.com"] };
  const entries = [{ name: "KEY", value: Secret.fromText("bound-value") }];
  await setSecrets(mine.ports, { folder: mine.folder, entries, binding });
  await using other = await mine.twin();
  await other.write(".env", "KEY=forced-value\n");
  await push(other, true);
  assert.deepEqual((await listSecrets(other.ports, { folder: other.folder })).secrets, [
    { name: "KEY", state: "synced", version: 2, binding },
  ]);
});
