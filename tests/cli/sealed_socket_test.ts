/** A WebSocket through a sealed proxy: cut and on record when the vault locks. Real processes, real sockets at both ends. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../src/kernel/limits.ts";
import { CanarySearch } from "../support/canary.ts";
import type { Sandbox } from "../support/cli.ts";
import { person, SEALED_CANARY, sealedSandbox, startBroker } from "../support/sealed_sandbox.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

const ignore = Deno.build.os !== "linux";

/** A sealed home whose KEY may go to `upstream`, and what makes its proxy trust that. */
async function stage(): Promise<{ sandbox: Sandbox; upstream: TestUpstream; env: Record<string, string> }> {
  const sandbox = await sealedSandbox();
  const upstream = await startUpstream();
  await sandbox.allow(upstream.origin);
  return { sandbox, upstream, env: await sandbox.trust(upstream.caPem) };
}

/** An open WebSocket that has shown that it works. */
async function open(port: number, upstream: TestUpstream): Promise<{ readonly closed: Promise<CloseEvent> }> {
  const target = `${upstream.origin.replace("https", "wss")}/ws`;
  const headers = { "x-as-target-url": target, "x-as-inject-bearer": "KEY" };
  const socket = new WebSocket(`ws://localhost:${port}/proxy`, { headers });
  const closed = new Promise<CloseEvent>((resolve) => socket.onclose = resolve);
  const answer = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
  await new Promise((resolve, reject) => (socket.onopen = resolve, socket.onerror = reject));
  socket.send("headers");
  assert.match(await answer, new RegExp(`Bearer ${REDACTION_MARKER.replace(/[[\]]/g, "\\$&")}`));
  assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${SEALED_CANARY}`);
  return { closed };
}

/** The audit log's records, as they lie in the file. */
async function records(sandbox: Sandbox): Promise<readonly (readonly [string, string, number])[]> {
  const lines = (await Deno.readTextFile(`${sandbox.home}/proxy.log`)).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line)).map((record) => [record.status, record.reason, record.status_code]);
}

Deno.test(
  { name: "P44 P32 a WebSocket is cut, on both ends and on record, by lock and by logout", ignore },
  async () => {
    const { sandbox, upstream, env } = await stage();
    await using _ = sandbox;
    try {
      const port = await startBroker(sandbox, [], env);
      const locked = await open(port, upstream);
      assert.deepEqual(await records(sandbox), [["OK", "opened", 101]]);
      await sandbox.ok(["proxy", "lock"]);
      // On record by the time the lock says that it is done: after it nobody could sign.
      assert.deepEqual(await records(sandbox), [["OK", "opened", 101], ["OK", "cancelled", 101]]);
      assert.equal((await locked.closed).wasClean, true);
      await upstream.aborted.next();
      const refused = await fetch(`http://localhost:${port}/proxy`, {
        headers: { "x-as-target-url": `${upstream.origin}/echo`, "x-as-inject-bearer": "KEY" },
      });
      assert.deepEqual([refused.status, (await refused.json()).error], [423, "vault_sealed"]);

      const again = await startBroker(sandbox, [], env);
      const left = await open(again, upstream);
      await person(sandbox, ["logout"]);
      await left.closed;
      assert.deepEqual((await records(sandbox)).slice(2), [["OK", "opened", 101], ["OK", "cancelled", 101]]);
      while (upstream.aborted.count < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      const search = new CanarySearch({ value: SEALED_CANARY });
      await search.folder(sandbox.home);
      assert.deepEqual(search.found, []);
    } finally {
      await sandbox.run(["proxy", "stop"]);
      await upstream.close();
    }
  },
);
