/** What is particular to the Secret Service: its states, its silence, and other programs that use it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { KeyringSession, missingForKeyring } from "../support/keyring.ts";
import { RemoteKeychain } from "./secret_service_remote.ts";

const missing = await missingForKeyring();

function test(name: string, fn: (session: KeyringSession) => Promise<void>): void {
  Deno.test({
    name: `Secret Service: ${name}${missing ? ` SKIPPED: ${missing}` : ""}`,
    ignore: missing !== undefined,
    fn: async () => {
      await using session = await KeyringSession.start();
      await fn(session);
    },
  });
}

const ITEM = ["application", "agentsecrets", "profile", "remote", "collection", "c"];

test("a locked keyring is told at once, for reading, listing and writing alike", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  assert.equal((await keychain.ask("put", { value: "v" })).code, undefined);
  await session.lock();
  assert.deepEqual((await keychain.ask("probe")).result, { state: "locked" });
  const unstored = { collection: "never-used" };
  for (const [op, request] of [["get", {}], ["list", {}], ["put", { value: "w" }], ["remove", {}]] as const) {
    assert.equal((await keychain.ask(op, request)).code, "keychain_locked", op);
    assert.equal((await keychain.ask(op, { ...request, ...unstored })).code, "keychain_locked", `${op} of none`);
  }
});

test("a keyring locked since the machine started is told apart from an empty one", async (session) => {
  await session.startKeyring({ unlocked: true });
  {
    await using keychain = new RemoteKeychain(session.env);
    await keychain.ask("put", { value: "v" });
  }
  await session.stopKeyring();
  await session.startKeyring({ unlocked: false });
  await using keychain = new RemoteKeychain(session.env);
  assert.deepEqual((await keychain.ask("probe")).result, { state: "locked" });
  assert.equal((await keychain.ask("get")).code, "keychain_locked");
  assert.equal((await keychain.ask("list", { collection: "other" })).code, "keychain_locked");
});

test("without a service on the bus it is absent, and none is started", async (session) => {
  await using keychain = new RemoteKeychain(session.env);
  const { result, ms } = await keychain.ask("probe");
  assert.deepEqual(result, { state: "absent", reason: "no Secret Service runs in this session" });
  assert.ok(ms < 10_000, `${ms} ms`);
  for (const op of ["get", "list", "put"] as const) assert.equal((await keychain.ask(op)).code, "keychain_absent", op);
});

test("a service without a default keyring is absent, and no prompt is shown to make one", async (session) => {
  await session.startKeyring({ unlocked: false });
  await using keychain = new RemoteKeychain(session.env);
  assert.deepEqual((await keychain.ask("probe")).result, {
    state: "absent",
    reason: "the Secret Service has no default keyring",
  });
  assert.equal((await keychain.ask("put", { value: "v" })).code, "keychain_absent");
  assert.equal((await keychain.ask("get")).result, undefined);
});

test("without a bus it is absent, even where one could be launched", async (session) => {
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = session.env;
  const addresses = [{}, { DBUS_SESSION_BUS_ADDRESS: "autolaunch:" }, {
    DBUS_SESSION_BUS_ADDRESS: `unixexec:path=/bin/touch,argv1=${join(session.env.HOME!, "launched")}`,
  }, { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(session.env.HOME!, "nothing-here")}` }];
  for (const address of addresses) {
    await using keychain = new RemoteKeychain({ ...env, DISPLAY: ":99", ...address });
    assert.equal(((await keychain.ask("probe")).result as { state: string }).state, "absent");
    for (const op of ["get", "list", "put"] as const) {
      assert.equal((await keychain.ask(op)).code, "keychain_absent", JSON.stringify(address));
    }
  }
  assert.equal(await Deno.stat(join(session.env.HOME!, "launched")).catch(() => undefined), undefined);
});

test("a socket that nobody listens on is absent", async (session) => {
  const path = join(session.env.HOME!, "dead");
  Deno.listen({ transport: "unix", path }).close();
  if (await Deno.stat(path).catch(() => undefined) === undefined) {
    // The runtime removed the socket with its listener: bind one that outlives its process.
    await session.run("python3", ["-c", `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(path)})`]);
  }
  await using keychain = new RemoteKeychain({ ...session.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` });
  const probe = await keychain.ask("probe");
  assert.deepEqual(probe.result, { state: "absent", reason: "the session's D-Bus does not answer" });
  assert.equal((await keychain.ask("get")).code, "keychain_absent");
});

test("a socket that never answers ends in a timeout", async (session) => {
  const path = join(session.env.HOME!, "mute");
  using _listener = Deno.listen({ transport: "unix", path });
  const env = { ...session.env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` };
  await using keychain = new RemoteKeychain(env, { timeoutMs: 400 });
  const probe = await keychain.ask("probe");
  assert.deepEqual(probe.result, { state: "absent", reason: "the session's D-Bus gives no answer" });
  assert.ok(probe.ms < 15_000, `${probe.ms} ms`);
  for (const op of ["get", "list", "put"] as const) {
    const { code, ms } = await keychain.ask(op);
    assert.equal(code, "keychain_timeout", op);
    assert.ok(ms < 15_000, `${ms} ms`);
  }
});

test("a service that stops answering ends in a timeout, and is used again when it goes on", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env, { timeoutMs: 3_000 });
  await keychain.ask("put", { value: "v" });
  session.signalKeyring("SIGSTOP");
  assert.equal((await keychain.ask("get")).code, "keychain_timeout");
  session.signalKeyring("SIGCONT");
  assert.deepEqual((await keychain.ask("get")).result, { text: "v", meta: {} });
});

test("where native calls are impossible it is absent", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env, { flags: ["--deny-ffi"] });
  const absent = { state: "absent", reason: "the library libsecret is not installed" };
  assert.deepEqual((await keychain.ask("probe")).result, absent);
  assert.equal((await keychain.ask("get")).code, "keychain_absent");
});

test("a service that was restarted is found again by a process that used the old one", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  await keychain.ask("put", { value: "v", meta: { version: "3" } });
  for (let i = 0; i < 3; i++) {
    await session.stopKeyring();
    await session.startKeyring({ unlocked: true });
    assert.deepEqual((await keychain.ask("get")).result, { text: "v", meta: { version: "3" } });
    assert.equal((await keychain.ask("put", { value: "v", meta: { version: "3" } })).code, undefined);
  }
});

test("a bus that ends does not take the process with it", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  await keychain.ask("put", { value: "v" });
  await session.stopBus();
  assert.match((await keychain.ask("get")).code ?? "", /^keychain_(absent|timeout|failed)$/);
  assert.equal((await keychain.ask("probe")).code, undefined);
});

test("secret-tool finds our items by what people know of them", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  await keychain.ask("put", { name: "STRIPE_KEY", value: "sk_test", meta: { version: "7" } });
  await keychain.ask("put", { name: "STRIPE_KEY", value: "sk_test2", meta: { version: "8" } });
  const looked = await session.run("secret-tool", ["lookup", "application", "agentsecrets", "name", "STRIPE_KEY"]);
  assert.equal(looked.stdout, "sk_test2");
  const found = await session.run("secret-tool", ["search", "--all", "application", "agentsecrets"]);
  assert.match(found.stdout, /label = AgentSecrets: STRIPE_KEY/);
  assert.equal(found.stdout.match(/^label/gm)?.length, 1);
  await session.run("secret-tool", ["clear", "application", "agentsecrets", "name", "STRIPE_KEY"]);
  assert.equal((await keychain.ask("get", { name: "STRIPE_KEY" })).result, undefined);
});

test("items that secret-tool wrote are read, listed, replaced and removed", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  await session.run("secret-tool", ["store", "--label", "By hand", ...ITEM, "name", "TYPED"], "by hand");
  assert.deepEqual((await keychain.ask("get", { name: "TYPED" })).result, { text: "by hand", meta: {} });
  assert.deepEqual((await keychain.ask("list")).result, [{ collection: "c", name: "TYPED", meta: {} }]);
  await keychain.ask("put", { name: "TYPED", value: "ours" });
  assert.equal((await session.run("secret-tool", ["lookup", ...ITEM, "name", "TYPED"])).stdout, "ours");
  await keychain.ask("remove", { name: "TYPED" });
  assert.equal((await session.run("secret-tool", ["lookup", ...ITEM, "name", "TYPED"])).stdout, "");
});

test("of two revisions left by a crash the newest is read, and the next write tidies up", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  await keychain.ask("put", { value: "old" });
  const newer = ["rev", "000000000002-ffffffffffffffff", "meta", '{"version":"9"}'];
  await session.run("secret-tool", ["store", "--label", "Newer", ...ITEM, "name", "N", ...newer], "new");
  const older = ["rev", "000000000001-0000000000000000", "meta", '{"version":"1"}'];
  await session.run("secret-tool", ["store", "--label", "Older", ...ITEM, "name", "N", ...older], "older");
  assert.deepEqual((await keychain.ask("get")).result, { text: "new", meta: { version: "9" } });
  assert.deepEqual((await keychain.ask("getMany")).result, [{ text: "new", meta: { version: "9" } }]);
  assert.deepEqual((await keychain.ask("list")).result, [{ collection: "c", name: "N", meta: { version: "9" } }]);
  await keychain.ask("put", { value: "newest" });
  const { stdout, stderr } = await session.run("secret-tool", ["search", "--all", ...ITEM]);
  assert.deepEqual(stdout.match(/^secret = .*/gm), ["secret = newest"]);
  assert.match(stdout + stderr, /rev = 000000000003-/);
});

test("attributes that someone changed are refused, not guessed at", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  for (const [name, odd] of [["A", ["meta", "{"]], ["B", ["meta", '{"a":1}']], ["C", ["rev", "9"]]] as const) {
    await session.run("secret-tool", ["store", "--label", "Odd", ...ITEM, "name", name, ...odd], "v");
    assert.equal((await keychain.ask("get", { name })).code, "vault_damaged", name);
    assert.equal((await keychain.ask("list")).code, "vault_damaged", name);
    await session.run("secret-tool", ["clear", ...ITEM, "name", name]);
  }
});

test("eight processes that write and read at once lose nothing", async (session) => {
  await session.startKeyring({ unlocked: true });
  const keychains = Array.from({ length: 8 }, () => new RemoteKeychain(session.env));
  const work = keychains.map(async (keychain, who) => {
    for (let i = 0; i < 5; i++) {
      assert.equal((await keychain.ask("put", { name: `OWN_${who}_${i}`, value: `${who}` })).code, undefined);
      assert.equal((await keychain.ask("put", { name: "SHARED", value: `${who}` })).code, undefined);
      assert.match(((await keychain.ask("get", { name: "SHARED" })).result as { text: string }).text, /^[0-7]$/);
    }
  });
  await Promise.all(work);
  const entries = (await keychains[0]!.ask("list")).result as unknown[];
  assert.equal(entries.length, 41);
  await Promise.all(keychains.map((keychain) => keychain[Symbol.asyncDispose]()));
});

test("values and native objects that were used are gone from memory", async (session) => {
  await session.startKeyring({ unlocked: true });
  await using keychain = new RemoteKeychain(session.env);
  for (let i = 0; i < 20; i++) await keychain.ask("put", { name: `N${i}`, value: "x".repeat(30_000) });
  const round = async (): Promise<number> => {
    await keychain.ask("getMany", { times: 50 });
    await keychain.ask("probe", { times: 10 });
    return (await keychain.ask("rss")).result as number;
  };
  const sizes = [await round(), await round(), await round()];
  // A round moves 30 MB of values: one copy of them that stays would show (libsecret 0.20 keeps one in its own functions).
  assert.ok(sizes[2]! - sizes[1]! < 15_000_000, sizes.map((s) => Math.round(s / 1e6)).join(", "));
});
