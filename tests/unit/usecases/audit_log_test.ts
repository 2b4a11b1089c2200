/** What the keychain vouches for of a log, after real calls. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { createCallDoor } from "../../../src/usecases/call.ts";
import { type ProxyState, runProxy } from "../../../src/usecases/proxy_server.ts";
import { KeychainCheckpoints } from "../../../src/usecases/audit_log.ts";
import { verifyAuditLog } from "../../../src/usecases/read_audit_log.ts";
import { bodyOf, KEY, request, withStage } from "../../support/engine_stage.ts";

Deno.test("P14 verification moves the keychain's checkpoint, and a tail cut after it shows", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    const door = createCallDoor(world);
    for (let i = 0; i < 3; i++) await bodyOf(door, request(upstream.origin));
    assert.deepEqual(await verifyAuditLog(world), {
      path: world.places.proxyLog,
      records: 3,
      firstSeq: 1,
      lastSeq: 3,
      checkpointSeq: 3,
    });
    const lines = (await Deno.readTextFile(world.places.proxyLog)).split("\n");
    await Deno.writeTextFile(world.places.proxyLog, `${lines.slice(0, 2).join("\n")}\n`);
    await assert.rejects(verifyAuditLog(world), (e) => isAppError(e, "audit_invalid") && e.fields.line === 3);
    await Deno.writeTextFile(`${world.places.proxyLog}.head`, `${lines[1]}\n`);
    await assert.rejects(verifyAuditLog(world), (e) => isAppError(e, "audit_invalid") && /keychain/.test(e.message));
    await Deno.writeTextFile(world.places.proxyLog, lines.join("\n").replace('"status_code":200', '"status_code":500'));
    await assert.rejects(verifyAuditLog(world), (e) => isAppError(e, "audit_invalid") && e.fields.line === 1);
  });
});

Deno.test("P14 when a proxy ends in order, the keychain vouches for its last record: no cut of the log is hidden by an older head", async () => {
  await withStage(async ({ world, upstream, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    const headers = { "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Bearer": "STRIPE_KEY" };
    const path = world.places.proxyLog;
    const serve = async (calls: number): Promise<void> => {
      const stop = new AbortController(), ready = Promise.withResolvers<ProxyState>();
      const running = runProxy(world, { port: 0 }, ready.resolve, stop.signal);
      running.catch(ready.reject);
      const { port } = await ready.promise;
      for (let i = 0; i < calls; i++) {
        await (await fetch(`http://localhost:${port}/proxy`, { headers })).body?.cancel();
      }
      stop.abort();
      await running;
    };
    const checkpoint = async (): Promise<number | undefined> =>
      (await new KeychainCheckpoints(await world.keychain()).read())?.seq;
    await serve(2);
    assert.equal(await checkpoint(), 2);
    const older = [await Deno.readTextFile(path), await Deno.readTextFile(`${path}.head`)] as const;
    await serve(3);
    assert.equal(await checkpoint(), 5);
    await verifyAuditLog(world);
    await serve(0);
    assert.equal(await checkpoint(), 5);
    await Deno.writeTextFile(path, older[0]);
    await Deno.writeTextFile(`${path}.head`, older[1]);
    await assert.rejects(verifyAuditLog(world), (e) => isAppError(e, "audit_invalid") && /keychain/.test(e.message));
  });
});
