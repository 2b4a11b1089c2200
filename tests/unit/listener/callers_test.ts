/** Who the local door answers: spoken to by curl, also as another user, over TCP and over the Unix socket. */
import assert from "node:assert/strict";
import { FileLocks } from "../../../src/adapters/files/lock.ts";
import type { Peers } from "../../../src/ports/peer.ts";
import type { AgentTokens } from "../../../src/usecases/identify_caller.ts";
import { withDoor } from "../../support/listener.ts";
import { nobodyListens } from "../../support/nobody_listens.ts";

const curlExists = (await new Deno.Command("sh", { args: ["-c", "command -v curl"], stdout: "null" }).output()).success;
const canBeStranger = Deno.build.os === "linux" && Deno.uid() === 0 && curlExists &&
  (await new Deno.Command("sh", { args: ["-c", "command -v setpriv"], stdout: "null" }).output()).success;
const STRANGER = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
const others: Peers = { userOf: () => Promise.resolve("other"), isOpen: () => undefined };

/** What curl got: status and body. Status 0 for no connection. */
async function curl(args: readonly string[], before: readonly string[] = []): Promise<[number, string]> {
  const [program, ...rest] = [...before, "curl", "-s", "--max-time", "60", "-w", "\n%{http_code}", ...args];
  const { stdout } = await new Deno.Command(program!, { args: rest, stderr: "null" }).output();
  const text = new TextDecoder().decode(stdout), cut = text.lastIndexOf("\n");
  return [Number(text.slice(cut + 1)), text.slice(0, cut)];
}

Deno.test({
  name: "P17 another user's process is refused with 401 at /proxy and /health, ours is answered",
  ignore: !canBeStranger,
  fn: async () => {
    await withDoor(async ({ listener, upstream, session }) => {
      for (const address of listener.addresses) {
        const target = ["-H", `x-as-target-url: ${upstream.origin}/x`];
        const [status, body] = await curl([`http://${address}/proxy`, ...target], STRANGER);
        assert.deepEqual([status, JSON.parse(body).error], [401, "caller_unknown"], address);
        assert.equal((await curl([`http://${address}/health`], STRANGER))[0], 401);
        assert.equal(upstream.requests.length, 0);
        assert.equal((await curl([`http://${address}/health`]))[0], 200);
        assert.equal((await curl([`http://${address}/proxy`, ...target]))[0], 200);
        // Whoever was given the token may call, whatever their user.
        const withToken = await curl(
          [`http://${address}/proxy`, ...target, "-H", `x-as-session: ${session}`],
          STRANGER,
        );
        assert.equal(withToken[0], 200);
        (upstream.requests as unknown[]).length = 0;
      }
    });
  },
});

Deno.test("P17 a caller whose user cannot be told is refused, and nothing is called", async () => {
  await withDoor(async ({ origin, upstream, engine }) => {
    const response = await fetch(`${origin}/proxy`, { headers: { "x-as-target-url": upstream.origin } });
    assert.deepEqual([response.status, (await response.json()).error], [401, "caller_unknown"]);
    assert.deepEqual([upstream.requests.length, (await engine.records()).length], [0, 0]);
  }, { peers: others });
});

Deno.test("P30 with required tokens, only the session's token or an agent's opens the door", async () => {
  const agents: AgentTokens = {
    verify: (token) => Promise.resolve(token === "ast1.good" ? { agentId: "builder", tokenId: "t1" } : undefined),
  };
  await withDoor(async ({ origin, upstream, engine, session }) => {
    const call = async (headers: Record<string, string>): Promise<number> => {
      const response = await fetch(`${origin}/proxy`, { headers: { "x-as-target-url": upstream.origin, ...headers } });
      await response.text();
      return response.status;
    };
    assert.equal(await call({}), 401);
    assert.equal(await call({ "x-as-agent-id": "builder" }), 401);
    for (const wrong of ["", "ses_0", session.slice(0, -1), `${session}x`, session.toUpperCase()]) {
      assert.equal(await call({ "x-as-session": wrong }), 401, wrong);
    }
    assert.equal(await call({ "x-as-agent-token": "ast1.bad" }), 401);
    assert.equal(await call({ "x-as-agent-token": "ast1.bad", "x-as-session": session }), 401);
    assert.equal(await call({ "x-as-agent-token": "ast1.good", "x-as-session": "wrong" }), 401);
    assert.equal(await call({ "x-as-agent-token": "ast1.good", "x-as-agent-id": "another" }), 400);
    assert.equal(upstream.requests.length, 0);
    assert.equal(await call({ "x-as-session": session, "x-as-agent-id": "runner" }), 200);
    assert.equal(await call({ "x-as-agent-token": "ast1.good" }), 200);
    const id = session.split(".")[0];
    assert.deepEqual(
      (await engine.records()).map((r) => [r.identityLevel, r.agentId, r.tokenId, r.sessionId]),
      [["declared", "runner", "", id], ["issued", "builder", "t1", ""]],
    );
    // The token itself is nowhere: not in the log, not at the upstream.
    assert.equal(JSON.stringify([await engine.records(), upstream.requests]).includes(session), false);
    assert.equal((await fetch(`${origin}/health`)).status, 200);
  }, { requireToken: true, agents });
});

Deno.test("a wrong token counts as wrong, also where none is needed", async () => {
  await withDoor(async ({ origin, upstream }) => {
    for (const name of ["x-as-session", "x-as-agent-token"]) {
      const headers = { "x-as-target-url": upstream.origin, [name]: "something" };
      const response = await fetch(`${origin}/proxy`, { headers });
      assert.deepEqual([response.status, (await response.json()).error], [401, "caller_unknown"], name);
    }
  });
});

Deno.test("P30 only the holder of the session token may have the proxy forget its values", async () => {
  await withDoor(async ({ origin, upstream, engine, session }) => {
    const headers = { "x-as-target-url": upstream.origin, "x-as-inject-bearer": "STRIPE_KEY" };
    await (await fetch(`${origin}/proxy`, { headers })).text();
    assert.ok(engine.engine.held > 0);
    const refused = await fetch(`${origin}/forget`, { method: "POST" });
    assert.deepEqual([refused.status, (await refused.json()).error], [401, "caller_unknown"]);
    assert.ok(engine.engine.held > 0);
    const done = await fetch(`${origin}/forget`, { method: "POST", headers: { "x-as-session": session } });
    assert.deepEqual([done.status, engine.engine.held], [204, 0]);
  });
});

Deno.test({
  name: "P17 the Unix socket answers like the port, is 0600, and another user cannot open it",
  ignore: Deno.build.os === "windows" || !curlExists,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    await Deno.chmod(folder, 0o755);
    const socket = `${folder}/proxy.sock`;
    try {
      await withDoor(async ({ upstream }) => {
        assert.equal((await Deno.stat(socket)).mode! & 0o777, 0o600);
        const call = ["--unix-socket", socket, "http://localhost/proxy", "-H", `x-as-target-url: ${upstream.origin}/x`];
        assert.equal((await curl(call))[0], 200);
        if (canBeStranger) assert.equal((await curl(call, STRANGER))[0], 0);
        const [status, body] = await curl([...call, "-H", "origin: https://evil.example"]);
        assert.deepEqual([status, JSON.parse(body).error], [403, "browser_refused"]);
        assert.equal((await curl([...call, "-H", "host: evil.example"]))[0], 403);
        assert.equal((await curl([...call, "-X", "TRACE"]))[0], 405);
        assert.equal(upstream.requests.length, 1);
      }, { socket, peers: others }); // the socket needs no look-up: its mode is the check
      await assert.rejects(Deno.lstat(socket), Deno.errors.NotFound);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test({
  name: "a socket file left behind is replaced, a served one and any other file are not",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const socket = `${folder}/s`;
    const open = (): Promise<void> => withDoor(() => Promise.resolve(), { socket });
    try {
      const killed = Deno.listen({ transport: "unix", path: socket });
      await assert.rejects(open(), { code: "port_in_use" });
      await Deno.rename(socket, `${socket}.kept`); // closing would remove it
      killed.close();
      await nobodyListens({ transport: "unix", path: `${socket}.kept` });
      await Deno.rename(`${socket}.kept`, socket);
      await open();
      await Deno.writeTextFile(socket, "a file of the person's");
      await assert.rejects(open(), { code: "file_exists" });
      assert.equal(await Deno.readTextFile(socket), "a file of the person's");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("more calls at once than the limit get 503, and the next one is answered when one has ended", async () => {
  await withDoor(async ({ origin, upstream }) => {
    const headers = { "x-as-target-url": `${upstream.origin}/stream` };
    upstream.push("data: one\n\n");
    const live = (await fetch(`${origin}/proxy`, { headers })).body!.getReader();
    await live.read();
    const refused = await fetch(`${origin}/proxy`, { headers });
    assert.deepEqual([refused.status, (await refused.json()).error], [503, "too_many_calls"]);
    assert.equal((await fetch(`${origin}/health`)).status, 200);
    await live.cancel();
    const next = { "x-as-target-url": `${upstream.origin}/x` };
    for (;;) {
      const response = await fetch(`${origin}/proxy`, { headers: next });
      await response.text();
      if (response.status === 200) break; // the cancelled one ends when its record is durable
      assert.equal(response.status, 503);
    }
  }, { maxCalls: 1 });
});

Deno.test("the end waits for calls under way, takes no new ones, and cuts what never ends", async () => {
  await withDoor(async ({ origin, upstream, listener }) => {
    upstream.push("data: one\n\n");
    const headers = { "x-as-target-url": `${upstream.origin}/stream` };
    const live = (await fetch(`${origin}/proxy`, { headers })).body!.pipeThrough(new TextDecoderStream()).getReader();
    await live.read();
    const ending = listener.shutdown(60_000);
    await nobodyListens({ hostname: "127.0.0.1", port: listener.port });
    upstream.push("data: two\n\n");
    assert.equal((await live.read()).value, "data: two\n\n");
    upstream.push(undefined);
    assert.equal((await live.read()).done, true);
    await ending;
  });
  await withDoor(async ({ origin, upstream, listener }) => {
    upstream.push("data: one\n\n");
    const response = await fetch(`${origin}/proxy`, { headers: { "x-as-target-url": `${upstream.origin}/stream` } });
    const live = response.body!.getReader();
    await live.read();
    await listener.shutdown(1);
    const toTheEnd = async (): Promise<void> => {
      while (!(await live.read()).done);
    };
    await assert.rejects(toTheEnd, TypeError);
    await upstream.aborted.next();
  });
});

Deno.test("P13 the end waits until the calls that it cut are on record, although their connections are gone", async () => {
  await withDoor(async ({ origin, upstream, listener, engine }) => {
    upstream.push("data: one\n\n");
    const response = await fetch(`${origin}/proxy`, { headers: { "x-as-target-url": `${upstream.origin}/stream` } });
    await response.body!.getReader().read();
    const taken = Promise.withResolvers<void>(), release = Promise.withResolvers<void>();
    const holding = new FileLocks().hold(`${engine.folder}/locks/audit.lock`, () => {
      taken.resolve();
      return release.promise;
    }, 60_000);
    await taken.promise;
    let over = false;
    const ending = listener.shutdown(1).then(() => over = true);
    await upstream.aborted.next();
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(over, false);
    release.resolve();
    await holding;
    await ending;
    assert.deepEqual((await engine.records()).map(({ reason }) => reason), ["cancelled"]);
  });
});
