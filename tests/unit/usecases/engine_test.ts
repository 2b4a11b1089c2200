/** call, env, exec and the proxy as use-cases: the real account, workspace log, allowlist, engine, audit log and upstream. */
import assert from "node:assert/strict";
import { FileAuditSink } from "../../../src/adapters/audit_sink/file.ts";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { HttpLocalProxy } from "../../../src/adapters/local_proxy/http.ts";
import { SystemPeers } from "../../../src/adapters/peer/system.ts";
import { PinnedUpstream } from "../../../src/adapters/upstream/pinned.ts";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { startBroker } from "../../../src/listener/broker.ts";
import { startListener } from "../../../src/listener/listener.ts";
import type { ChildCommand } from "../../../src/ports/process.ts";
import type { Terminal } from "../../../src/ports/terminal.ts";
import { type CallDoor, type CallRequest, createCallDoor } from "../../../src/usecases/call.ts";
import { openCallDoor } from "../../../src/usecases/call_door.ts";
import { addAllowlistEntries, removeAllowlistEntries } from "../../../src/usecases/change_allowlist.ts";
import { createProject } from "../../../src/usecases/create_project.ts";
import type { EnginePorts, WorldWithEngine } from "../../../src/usecases/engine_ports.ts";
import { provideSecretRefs } from "../../../src/usecases/exec_provider.ts";
import { forgetInProxy, proxyStatus, stopProxy } from "../../../src/usecases/proxy_control.ts";
import { type ListenerOptions, type ProxyState, runProxy } from "../../../src/usecases/proxy_server.ts";
import { KeychainCheckpoints } from "../../../src/usecases/audit_log.ts";
import { readAuditLog, verifyAuditLog } from "../../../src/usecases/read_audit_log.ts";
import { runWithEnv } from "../../../src/usecases/run_with_env.ts";
import { deleteSecrets } from "../../../src/usecases/secrets/delete.ts";
import { setSecrets } from "../../../src/usecases/secrets/set.ts";
import { updateConfig } from "../../../src/vault/config.ts";
import { lockPath } from "../../../src/vault/places.ts";
import { TableDns } from "../../support/engine.ts";
import { RawUpstream } from "../../support/raw_upstream.ts";
import { startUpstream, type TestUpstream } from "../../support/upstream.ts";
import { initWorld, textOf, typing, World } from "../../support/world.ts";

const KEY = "sk_live_51Habcdefghijklmnop";

/** Runs nothing; remembers what the child would have got. */
class RecordingProcesses {
  readonly pid = 4711;
  readonly commands: {
    readonly program: string;
    readonly env: Record<string, string>;
    readonly withhold: readonly string[];
  }[] = [];
  readonly terminated: number[] = [];
  onTerminate = (): void => {};

  run({ program, secrets, withhold }: ChildCommand): Promise<number> {
    const env = Object.fromEntries([...secrets].map(([name, value]) => [name, textOf(value)]));
    this.commands.push({ program, env, withhold });
    return Promise.resolve(37);
  }

  terminate(pid: number): boolean {
    this.terminated.push(pid);
    this.onTerminate();
    return true;
  }
}

interface Stage {
  readonly world: World & WorldWithEngine;
  readonly upstream: TestUpstream;
  readonly processes: RecordingProcesses;
  allow(...entries: string[]): Promise<void>;
  set(name: string, value: string): Promise<void>;
}

/** An account with a project; opened for each test anew, as it holds files. */
async function withStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const upstream = await startUpstream();
  const bare = await World.make();
  const adapter = new PinnedUpstream({ caCerts: [upstream.caPem] });
  const processes = new RecordingProcesses();
  const sink = new FileAuditSink({ path: bare.places.proxyLog, lockPath: lockPath(bare.places, "audit") });
  const world = Object.assign(bare, {
    dns: new TableDns({ localhost: ["127.0.0.1"] }),
    processes,
    upstream: () => Promise.resolve(adapter),
    auditSink: () => Promise.resolve(sink),
    listen: startListener,
    peers: new SystemPeers(),
    localProxy: new HttpLocalProxy(),
    background: { start: () => Promise.reject(new AppError("child_not_started", { program: "x", reason: "a test" })) },
    listenBroker: startBroker,
  });
  try {
    await initWorld(world);
    await createProject(world, { name: "shop" });
    await work({
      world,
      upstream,
      processes,
      allow: async (...entries) => void await addAllowlistEntries(world, { entries, password: typing() }),
      set: async (name, value) => {
        using secret = Secret.fromText(value);
        await setSecrets(world, { folder: world.workingFolder, entries: [{ name, value: secret }] });
      },
    });
  } finally {
    await adapter.close();
    await upstream.close();
    await world[Symbol.asyncDispose]();
  }
}

function request(target: string, more: Partial<CallRequest> = {}): CallRequest {
  const caller = { level: "user", agentId: "", tokenId: "", sessionId: "" } as const;
  return { target, method: "GET", headers: [], injections: [["bearer", "STRIPE_KEY"]], caller, path: "call", ...more };
}

async function bodyOf(door: CallDoor, call: CallRequest): Promise<string> {
  const response = await door.call(call);
  return await new Response(response.body).text();
}

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

Deno.test("env hands out the named secrets, or all but those that steer which code runs, with names on record only", async () => {
  await withStage(async ({ world, processes, set }) => {
    const steering = ["LD_PRELOAD", "PATH", "NODE_OPTIONS", "BASH_ENV", "PYTHONPATH", "GIT_SSH_COMMAND"];
    for (
      const [name, value] of [["A_KEY", "value-of-a"], ["B_KEY", "value-of-b"], ["__proto__", "value-of-p"]] as const
    ) {
      await set(name, value);
    }
    for (const name of steering) await set(name, "/tmp/evil.so");
    const all = await runWithEnv(world, { program: "/usr/bin/printenv", args: ["--token=in-an-argument"] });
    assert.equal(all.exitCode, 37);
    assert.deepEqual([...all.leftOut].sort(), [...steering].sort());
    assert.deepEqual(Object.entries(processes.commands[0]!.env).sort(), [
      ["A_KEY", "value-of-a"],
      ["B_KEY", "value-of-b"],
      ["__proto__", "value-of-p"],
    ]);
    assert.deepEqual(processes.commands[0]!.withhold, ["AGENTSECRETS_*"]);
    const some = await runWithEnv(world, { program: "sh", args: [], only: ["B_KEY", "PATH"] });
    assert.deepEqual(some.names, ["B_KEY", "PATH"]);
    await assert.rejects(
      runWithEnv(world, { program: "sh", args: [], only: ["NOPE"] }),
      (e) => isAppError(e, "secret_not_found"),
    );
    const [first] = await readAuditLog(world, {});
    assert.deepEqual([first!.method, first!.targetUrl, first!.resolutionPath], ["ENV", "printenv", "env"]);
    const text = await Deno.readTextFile(world.places.proxyLog);
    for (const value of ["value-of", "in-an-argument"]) assert.equal(text.includes(value), false);
  });
});

Deno.test("P13 env and exec hand nothing out without a record", async () => {
  await withStage(async ({ world, processes, set }) => {
    await set("A_KEY", "value-of-a");
    await Deno.mkdir(world.places.proxyLog);
    await assert.rejects(runWithEnv(world, { program: "sh", args: [] }), (e) => isAppError(e, "audit_unwritable"));
    const written: string[] = [];
    const provided = provideSecretRefs(withTerminal(world, written), ask(["A_KEY"]));
    await assert.rejects(provided, (e) => isAppError(e, "audit_unwritable"));
    assert.deepEqual([processes.commands.length, written.length], [0, 0]);
  });
});

Deno.test("exec answers each id with its value or its error", async () => {
  await withStage(async ({ world, set }) => {
    await set("A_KEY", 'value with "quotes" and é');
    const written: string[] = [];
    const result = await provideSecretRefs(withTerminal(world, written), ask(["A_KEY", "NOPE", "no name", "A_KEY"]));
    const answer = JSON.parse(written.join(""));
    assert.equal(answer.protocolVersion, 1);
    assert.deepEqual(answer.values, { A_KEY: 'value with "quotes" and é' });
    assert.equal(answer.errors.NOPE.message, "Secret 'NOPE' not found in keychain");
    assert.deepEqual(Object.keys(answer.errors).sort(), ["NOPE", "no name"]);
    assert.deepEqual(result.provided, ["A_KEY"]);
    const [record] = await readAuditLog(world, {});
    assert.deepEqual([record!.method, record!.secretKeys, record!.targetUrl], ["EXEC", ["A_KEY"], "openclaw"]);
    const refused: readonly (readonly [string, string])[] = [
      ["", "invalid_input"],
      ["[]", "unsupported_format"],
      ["null", "invalid_input"],
      ['{"protocolVersion":2,"ids":[]}', "unsupported_format"],
      ['{"protocolVersion":1,"ids":"A_KEY"}', "invalid_input"],
      ['{"protocolVersion":1,"ids":[1]}', "invalid_input"],
      ['{"protocolVersion":1,"provider":1,"ids":[]}', "invalid_input"],
      [`{"protocolVersion":1,"ids":[${Array(1001).fill('"A"').join(",")}]}`, "invalid_input"],
    ];
    for (const [text, code] of refused) {
      const call = provideSecretRefs(withTerminal(world, []), new TextEncoder().encode(text));
      await assert.rejects(call, { code }, text.slice(0, 60));
    }
  });
});

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

function ask(ids: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ protocolVersion: 1, provider: "openclaw", ids }));
}

function withTerminal(world: WorldWithEngine, written: string[]): WorldWithEngine & { terminal: Terminal } {
  const terminal: Pick<Terminal, "write"> = {
    write: (stream: string, data: string | Uint8Array): Promise<void> => {
      assert.equal(stream, "stdout");
      written.push(typeof data === "string" ? data : new TextDecoder().decode(data));
      return Promise.resolve();
    },
  };
  return Object.assign(world, { terminal: terminal as Terminal });
}
