/** Calls as a use-case: the real account, workspace log, allowlist, engine, audit log and upstream. */
import assert from "node:assert/strict";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { createCallDoor } from "../../../src/usecases/call.ts";
import { openCallDoor } from "../../../src/usecases/call_door.ts";
import { removeAllowlistEntries } from "../../../src/usecases/change_allowlist.ts";
import { readAuditLog, verifyAuditLog } from "../../../src/usecases/read_audit_log.ts";
import { deleteSecrets } from "../../../src/usecases/secrets/delete.ts";
import { updateConfig } from "../../../src/vault/config.ts";
import { bodyOf, KEY, request, withStage } from "../../support/engine_stage.ts";
import { RawUpstream } from "../../support/raw_upstream.ts";
import { typing } from "../../support/world.ts";

Deno.test("P34 a door takes allowlist and secrets as they were less than a second ago: changes by others hold", async () => {
  await withStage(async (stage) => {
    const { world, upstream } = stage;
    const door = createCallDoor(world);
    /** The hands of the clock stand still in between: nothing is fresh any more after a second. */
    const later = <T extends unknown[]>(change: (...args: T) => Promise<void>) => async (...args: T): Promise<void> => {
      await change(...args);
      await world.clock.advance(1_000);
    };
    const allow = later(stage.allow), set = later(stage.set);
    const call = request(upstream.origin);
    await assert.rejects(door.call(call), (e) => isAppError(e, "empty_allowlist"));
    await allow("api.example.com");
    await assert.rejects(door.call(call), (e) => isAppError(e, "domain_not_in_allowlist"));
    await allow(upstream.origin);
    await assert.rejects(door.call(call), (e) => isAppError(e, "secret_not_found"));
    await set("STRIPE_KEY", KEY);
    assert.equal((await bodyOf(door, call)).includes(KEY), false);
    await set("STRIPE_KEY", `${KEY}-rotated`);
    await bodyOf(door, call);
    assert.deepEqual(upstream.requests.map(({ headers }) => headers.authorization), [
      `Bearer ${KEY}`,
      `Bearer ${KEY}-rotated`,
    ]);
    await later(async () => void await deleteSecrets(world, { folder: world.workingFolder, names: ["STRIPE_KEY"] }))();
    await assert.rejects(door.call(call), (e) => isAppError(e, "secret_not_found"));
    await later(async () => {
      await removeAllowlistEntries(world, { entries: [upstream.origin], password: typing() });
    })();
    await assert.rejects(door.call(call), (e) => isAppError(e, "domain_not_in_allowlist"));
    const elsewhere = request(upstream.origin, { environment: "nowhere" });
    await assert.rejects(door.call(elsewhere), (e) => isAppError(e, "environment_not_found"));
    const log = await readAuditLog(world, {});
    assert.deepEqual(log.map(({ status }) => status), ["BLOCKED", "BLOCKED", "ERROR", "OK", "OK", "ERROR", "BLOCKED"]);
    assert.deepEqual((await readAuditLog(world, { last: 2 })).map(({ seq }) => seq), [6, 7]);
    assert.deepEqual(await readAuditLog(world, { secret: "OTHER" }), []);
    assert.deepEqual((await verifyAuditLog(world)).lastSeq, 7);
  });
});

Deno.test("a door whose keychain was locked at the first call works when it is open: a failed start does not stick", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    let locked = true;
    const open = world.secretReader.bind(world);
    const refuse = (): Promise<never> => Promise.reject(new AppError("keychain_locked", { backend: "keyring" }));
    const door = createCallDoor(Object.assign(world, { secretReader: () => locked ? refuse() : open() }));
    await assert.rejects(door.call(request(upstream.origin)), (e) => isAppError(e, "keychain_locked"));
    locked = false;
    assert.equal((await bodyOf(door, request(upstream.origin))).includes(KEY), false);
  });
});

Deno.test("P2 P64 a call under way while the storage moves is redacted to its end; the next has nothing of the former vault", async () => {
  await withStage(async ({ world, allow, set }) => {
    const middle = Promise.withResolvers<void>();
    await using slow = new RawUpstream(async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nbegun;");
      if (exchange.path === "/slow") await middle.promise;
      await exchange.write(` ${KEY} `);
    });
    await allow(slow.origin);
    await set("STRIPE_KEY", KEY);
    using door = openCallDoor(world);
    const before = await door.call(request(`${slow.origin}/slow`));
    const folder = "vault-abcdefghijklmnop";
    await updateConfig(
      world.files,
      world.places,
      (config) => ({ ...config, vault: { kind: "file", unlock: "key-file", folder } }),
    );
    // As the move leaves it: the former vault holds nothing any more.
    world.keychain = () => Promise.resolve(new MemoryKeychain());
    await assert.rejects(door.call(request(slow.origin)), (e) => isAppError(e, "not_logged_in"));
    middle.resolve();
    assert.equal(await new Response(before.body).text(), `begun; ${REDACTION_MARKER} `);
    assert.equal((await before.outcome).redacted, true);
  });
});

Deno.test("P31 a proxy holds values for a minute after the last call, and none after sync, logout or its end", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    const door = createCallDoor(world);
    const call = (): Promise<string> => bodyOf(door, request(upstream.origin));
    await call();
    assert.equal(door.held, 1);
    await world.clock.advance(40_000);
    await call();
    await world.clock.advance(59_000);
    assert.equal(door.held, 1);
    await world.clock.advance(6_000);
    assert.equal(door.held, 0);
    await call();
    door.forget();
    assert.equal(door.held, 0);
    await call();
    const device = await world.keychain();
    const key = { collection: "device", name: "device-key" } as const;
    await device.apply([{ op: "remove", key }]);
    await world.clock.advance(1_000);
    await assert.rejects(call(), (e) => isAppError(e, "not_logged_in"));
    assert.equal(door.held, 0);
    door[Symbol.dispose]();
    assert.equal(world.clock.sleeping, 0);
  });
});

Deno.test("P31 a door holds nothing any more once the storage was moved away", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    using door = createCallDoor(world);
    await bodyOf(door, request(upstream.origin));
    assert.equal(door.held, 1);
    const keychain = await world.keychain();
    keychain.getMany = () => Promise.reject(new AppError("vault_moved"));
    await world.clock.advance(1_000);
    await assert.rejects(bodyOf(door, request(upstream.origin)), (e) => isAppError(e, "vault_moved"));
    assert.equal(door.held, 0);
  });
});

Deno.test("P3 a value that was replaced a moment ago is still redacted, although the call reads the new one", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    using door = createCallDoor(world);
    await bodyOf(door, request(upstream.origin));
    await set("STRIPE_KEY", "another value, quite unlike");
    const body = await bodyOf(door, request(`${upstream.origin}/x?echo=${KEY}`));
    assert.equal(body.includes(KEY), false);
  });
});
