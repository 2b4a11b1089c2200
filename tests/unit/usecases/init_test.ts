import assert from "node:assert/strict";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import { parseEmail } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { init, type InitAnswers } from "../../../src/usecases/init.ts";
import { listWorkspaces } from "../../../src/usecases/list_workspaces.ts";
import type { NewVault } from "../../../src/usecases/ports.ts";
import { readStatus } from "../../../src/usecases/status.ts";
import { requireConfig } from "../../../src/vault/config.ts";
import { CanarySearch } from "../../support/canary.ts";
import { EMAIL, initWorld, PASSWORD, textOf, typing, World } from "../../support/world.ts";

const unasked: InitAnswers = {
  email: () => Promise.reject(new Error("nobody must be asked")),
  password: () => Promise.reject(new Error("nobody must be asked")),
  vault: () => Promise.reject(new Error("nobody must be asked")),
};
const email = parseEmail(EMAIL);
const codeOf = (code: string) => (error: unknown): boolean => isAppError(error) && error.code === code;

async function everything(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) { for (const [name, text] of await everything(path)) files.set(name, text); }
    else if (!/locks|-shm$|-wal$/.test(path)) files.set(path, (await Deno.readFile(path)).toHex());
  }
  return files;
}

Deno.test("init: once, again, and anew", async (t) => {
  await using world = await World.make();
  const made = await initWorld(world);

  await t.step("the first run makes account, workspace and configuration", async () => {
    assert.equal(made.workspace.name, "Personal");
    const config = await requireConfig(world.files, world.places);
    assert.deepEqual(config.account, { userId: made.userId, email, deviceId: config.account.deviceId! });
    assert.deepEqual([config.server, config.storageMode, config.vault], ["embedded:local", 1, { kind: "system" }]);
    assert.equal(config.active.workspaceId, made.workspace.id);
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(world.places.home)).mode! & 0o777, 0o700);
    const status = await readStatus(world);
    assert.deepEqual([status.loggedIn, status.workspace?.name, status.warnings], [true, "Personal", []]);
  });

  await t.step(
    "nothing that the server has, or that went to it, holds password, account key or recovery code",
    async () => {
      const account = textOf(made.kit.accountKey), recovery = textOf(made.kit.recoveryCode!);
      const canary = new CanarySearch({ password: PASSWORD, account, recovery });
      await world.closeServer();
      await canary.folder(world.base);
      for (const { request, response } of world.evil.exchanges) {
        canary.text(`${request.method} ${request.path}`, JSON.stringify(request) + JSON.stringify(response));
      }
      assert.deepEqual(canary.found, []);
    },
  );

  await t.step("a second run asks nothing and keeps everything", async () => {
    await world.closeServer();
    const before = await everything(world.places.home);
    const kept = await init(world, { answers: unasked });
    assert.deepEqual(kept, {
      outcome: "kept",
      userId: made.userId,
      email,
      server: "embedded:local",
      storageMode: 1,
      vault: "system",
    });
    assert.deepEqual(await everything(world.places.home), before);
  });

  await t.step("a second run may change the storage mode, and nothing else", async () => {
    const kept = await init(world, { answers: unasked, email, vault: { kind: "system" }, storageMode: 2 });
    assert.equal(kept.storageMode, 2);
    const other = parseEmail("other@example.com");
    const file: NewVault = { kind: "file", unlock: "key-file" };
    await assert.rejects(init(world, { answers: unasked, email: other }), codeOf("already_initialised"));
    await assert.rejects(init(world, { answers: unasked, vault: file }), codeOf("already_initialised"));
  });

  await t.step("a refused password leaves the forced run without effect", async () => {
    await world.closeServer();
    const before = await everything(world.base);
    const answers = { ...unasked, password: typing("seven77") };
    await assert.rejects(init(world, { answers, email, force: true }), codeOf("weak_password"));
    assert.deepEqual(await everything(world.base), before);
  });

  await t.step("force starts anew beside the old account, which goes on working where it now is", async () => {
    const anew = await init(world, { answers: { ...unasked, password: typing() }, email, force: true });
    assert.ok(anew.outcome === "created" && anew.setAside !== undefined);
    assert.notEqual(anew.userId, made.userId);
    assert.match(anew.setAside, /\/home\.before-\d{14}$/);
    assert.equal((await listWorkspaces(world))[0]?.id, anew.workspace.id);
    await world.closeServer();
    await Deno.rename(world.places.home, `${world.base}/new`);
    await Deno.rename(anew.setAside, world.places.home);
    assert.equal((await listWorkspaces(world.again()))[0]?.id, made.workspace.id);
    anew.kit[Symbol.dispose]();
  });
});

Deno.test("the vault is the system's when it answers, the person's choice when not, and a missing answer is an error", async () => {
  await using world = await World.make();
  world.systemKeychain = { state: "absent", reason: "no D-Bus session" };
  const missing = () => Promise.reject(new AppError("missing_answer", { what: "the vault", flag: "--vault" }));
  const noVault = init(world, { answers: { ...unasked, password: typing(), vault: missing }, email });
  await assert.rejects(noVault, codeOf("missing_answer"));
  assert.deepEqual([...Deno.readDirSync(world.base)].map(({ name }) => name), ["project"], "nothing was made");
  const chosen: NewVault = { kind: "file", unlock: "passphrase", passphrase: Secret.fromText("a passphrase") };
  await init(world, { answers: { ...unasked, password: typing(), vault: async () => chosen }, email, storageMode: 2 });
  const config = await requireConfig(world.files, world.places);
  assert.deepEqual([config.vault, config.storageMode], [{ kind: "file", unlock: "passphrase" }, 2]);
  assert.ok(!(await Deno.readTextFile(world.places.config)).includes("a passphrase"));
});

Deno.test("an init that was killed half-way leaves room for the next, and destroys nothing", async () => {
  await using world = await World.make();
  world.evil.answer({ path: /\/workspaces$/ }, () => {
    throw new AppError("cancelled");
  });
  const answers = { ...unasked, password: typing() };
  await assert.rejects(init(world, { answers, email }), codeOf("cancelled"));
  assert.deepEqual(await [...world.keychains.values()][0]!.collections(), [], "keys that open nothing are removed");
  await assert.rejects(requireConfig(world.files, world.places), codeOf("not_initialised"));
  await world.closeServer();
  const result = await init(world, { answers, email });
  assert.ok(result.outcome === "created" && result.setAside !== undefined);
  assert.ok((await Deno.stat(`${result.setAside}/server.db`)).isFile);
});

Deno.test("a damaged configuration stops init, and force sets it aside", async () => {
  await using world = await World.make();
  await Deno.mkdir(world.places.home);
  await Deno.writeTextFile(world.places.config, "{");
  await assert.rejects(init(world, { answers: unasked }), codeOf("config_damaged"));
  const result = await init(world, { answers: { ...unasked, password: typing() }, email, force: true });
  assert.ok(result.outcome === "created" && result.setAside !== undefined);
  assert.equal(await Deno.readTextFile(`${result.setAside}/config.json`), "{");
});
