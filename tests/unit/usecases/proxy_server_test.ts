/** The proxy as a use-case: one a home, its state, its end. */
import assert from "node:assert/strict";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import type { EnginePorts, WorldWithEngine } from "../../../src/usecases/engine_ports.ts";
import { forgetInProxy, proxyStatus, stopProxy } from "../../../src/usecases/proxy_control.ts";
import { type ListenerOptions, type ProxyState, runProxy } from "../../../src/usecases/proxy_server.ts";
import { KEY, withStage } from "../../support/engine_stage.ts";

Deno.test("one proxy runs per home; its state is told and its end awaited; what a killed one left does not count", async () => {
  await withStage(async ({ world, upstream, processes, allow, set }) => {
    await allow(upstream.origin);
    await set("STRIPE_KEY", KEY);
    assert.deepEqual(await proxyStatus(world), { running: false });
    await assert.rejects(stopProxy(world), (e) => isAppError(e, "proxy_not_running"));
    const stop = new AbortController();
    const ready = Promise.withResolvers<ProxyState>();
    const running = runProxy(world, { port: 0 }, ready.resolve, stop.signal);
    running.catch(ready.reject);
    const state = await ready.promise;
    assert.deepEqual([state.pid, state.project, state.environment], [4711, "shop", "development"]);
    const health = await fetch(`http://localhost:${state.port}/health`);
    assert.deepEqual(await health.json(), { status: "ok", project: "shop", environment: "development" });
    const headers = { "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Bearer": "STRIPE_KEY" };
    assert.equal(
      (await (await fetch(`http://localhost:${state.port}/proxy`, { headers })).text()).includes(KEY),
      false,
    );

    // Another process of this home has locks of its own.
    const other = world.again();
    assert.deepEqual(await proxyStatus(other), { running: true, ...state });
    const second = runProxy(Object.assign(other, enginePorts(world)), { port: 0 }, () => {}, stop.signal);
    await assert.rejects(second, (e) => isAppError(e, "proxy_running"));
    processes.onTerminate = (): void => stop.abort();
    assert.deepEqual(await stopProxy(Object.assign(other, enginePorts(world))), state);
    assert.deepEqual(processes.terminated, [4711]);
    await running;
    assert.deepEqual(await proxyStatus(other), { running: false });
    await Deno.writeTextFile(
      world.places.proxyState,
      JSON.stringify({ version: 1, pid: 1, port: 1, addresses: [], started_at: 1, project: "", environment: "" }),
    );
    assert.deepEqual(await proxyStatus(other), { running: false });
    await Deno.writeTextFile(world.places.proxyState, "{");
    assert.deepEqual(await proxyStatus(other), { running: false });
    const again = new AbortController();
    await runProxy(world, { port: 0 }, () => again.abort(), again.signal);
    await other.closeServer();
  });
});

Deno.test("P36 a proxy whose address is another program's ends, says so and leaves no state behind", async () => {
  await withStage(async ({ world }) => {
    const { listen } = world, taken = Promise.withResolvers<AppError>();
    const lost = { listen: async (options: ListenerOptions) => ({ ...await listen(options), lost: taken.promise }) };
    const running = runProxy(Object.assign(world, lost), { port: 0 }, () => {
      taken.resolve(new AppError("port_in_use", { address: "127.0.0.1:8765" }));
    }, new AbortController().signal);
    await assert.rejects(running, (e) => isAppError(e, "port_in_use") && e.fields["address"] === "127.0.0.1:8765");
    assert.deepEqual(await proxyStatus(world), { running: false });
  });
});

Deno.test("sync asks the running proxy, and says when there is none", async () => {
  await withStage(async ({ world }) => {
    assert.equal(await forgetInProxy(world), "not_running");
    const stop = new AbortController();
    const ready = Promise.withResolvers<ProxyState>();
    const running = runProxy(world, { port: 0, requireToken: true }, ready.resolve, stop.signal);
    running.catch(ready.reject);
    const state = await ready.promise;
    const other = Object.assign(world.again(), enginePorts(world));
    assert.equal(await forgetInProxy(other), "forgotten");
    assert.equal((await Deno.stat(world.places.proxyState)).mode! & 0o777, 0o600);
    assert.equal((await fetch(`http://localhost:${state.port}/proxy`)).status, 401);
    const withToken = await fetch(`http://localhost:${state.port}/proxy`, {
      headers: { "x-as-session": state.session },
    });
    assert.equal(withToken.status, 400);
    stop.abort();
    await running;
    await other.closeServer();
  });
});

function enginePorts(world: WorldWithEngine): EnginePorts {
  const { dns, processes, upstream, auditSink, listen, listenBroker, peers, localProxy, background } = world;
  return { dns, processes, upstream, auditSink, listen, listenBroker, peers, localProxy, background };
}
