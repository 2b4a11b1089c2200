/** Python's requests, httpx and websockets against the running proxy. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { REPORT } from "../../support/clients/chat_api.ts";
import type { ClientProcess } from "../../support/clients/client_process.ts";
import { PYTHON } from "../../support/clients/found.ts";
import { ClientWorld } from "../../support/clients/world.ts";

const SCRIPT = new URL("../../support/clients/python_client.py", import.meta.url).pathname;

Deno.test({
  name:
    `P2 P32 Python's requests, httpx and websockets work through the proxy and never see the credential${PYTHON.note}`,
  ignore: PYTHON.path === undefined,
  fn: (t) =>
    ClientWorld.run(async (world) => {
      const { upstream, chat, key } = world;
      const env = { PROXY: world.proxy, TARGET: upstream.origin, CHAT: chat.origin };
      const start = (step: string): ClientProcess => world.spawn(PYTHON.path!, [SCRIPT, step], { env });
      const run = async (step: string): Promise<unknown[]> => {
        const said = await world.ok(PYTHON.path!, [SCRIPT, step], { env });
        return said.trimEnd().split("\n").map((line) => JSON.parse(line));
      };
      /** Sends an event only when the client has printed the one before. */
      const events = async (client: ClientProcess): Promise<void> => {
        for (const n of [1, 2, 3]) {
          upstream.push(`data: {"n":${n},"token":"${key}"}\n\n`);
          assert.deepEqual(JSON.parse(await client.line() ?? ""), [`data: {"n":${n},"token":"${REDACTION_MARKER}"}`]);
        }
        upstream.push(undefined);
        const { code, stderr } = await client.end();
        assert.equal(code, 0, stderr);
      };

      await t.step(
        "requests: a session, JSON and form injection, a redirect that is handed back, a refusal",
        async () => {
          assert.deepEqual(await run("with_requests"), [
            [200, `Bearer ${REDACTION_MARKER}`, "/echo?a=%41&b"],
            [200, { n: 1, text: "ü", auth: { key: REDACTION_MARKER } }],
            [200, `a=b+c&token=${REDACTION_MARKER}`],
            [302, "https://elsewhere.example/", 0],
            [404, "secret_not_found"],
          ]);
          const [bearer, body, form, redirected] = upstream.requests;
          assert.equal(bearer!.headers.authorization, `Bearer ${key}`);
          assert.deepEqual(JSON.parse(body!.body), { n: 1, text: "ü", auth: { key } });
          assert.equal(form!.body, `a=b+c&token=${key}`);
          assert.equal(redirected!.headers.authorization, `Bearer ${key}`);
        },
      );

      await t.step("requests: live events one by one", () => events(start("requests_events")));

      await t.step("httpx: a base URL and default headers as SDKs use them, streams and ranges", async () => {
        assert.deepEqual(await run("with_httpx"), [
          [`Bearer ${REDACTION_MARKER}`],
          [200, `You asked 'hello' with Bearer ${REDACTION_MARKER}`],
          [200, REPORT.length],
          ["0123"],
        ]);
        assert.deepEqual(chat.asked, [
          "GET /v1/models",
          "POST /v1/chat/completions",
          "GET /v1/files/report/content",
          "GET /v1/files/report/content",
        ]);
      });

      await t.step("httpx, asynchronous: calls at once, JSON injection, an upload in pieces, live events", async () => {
        const client = start("httpx_async");
        assert.deepEqual(JSON.parse(await client.line() ?? ""), [Array(8).fill(200), 8]);
        assert.deepEqual(JSON.parse(await client.line() ?? ""), [200, { n: 1, auth: { key: REDACTION_MARKER } }]);
        assert.deepEqual(JSON.parse(upstream.requests.at(-1)!.body), { n: 1, auth: { key } });
        assert.deepEqual(JSON.parse(await client.line() ?? ""), [204]);
        assert.equal(upstream.requests.at(-1)!.body.length, 64 * 65536);
        await events(client);
      });

      await t.step("websockets: text and binary frames both ways, redacted; none with an Origin", async () => {
        const client = start("web_socket");
        const line = async (): Promise<unknown> => JSON.parse(await client.line() ?? "");
        assert.deepEqual(await line(), [`Bearer ${REDACTION_MARKER}`]);
        assert.deepEqual(await line(), ["text with ü"]);
        assert.deepEqual(await line(), [true]);
        await client.say(new TextEncoder().encode(key).map((byte) => byte ^ 1).toHex());
        assert.deepEqual(await line(), [`\x00\xff${REDACTION_MARKER}\xff`]);
        assert.deepEqual(await line(), [3001, `reason Bearer ${REDACTION_MARKER}`]);
        assert.deepEqual(await line(), [403]);
        assert.equal((await client.end()).code, 0);
        const handshakes = upstream.requests.filter(({ path }) => path === "/ws");
        assert.deepEqual(handshakes.map(({ headers }) => headers.authorization), [`Bearer ${key}`]);
      });

      const records = await world.stop();
      const open = records.filter(({ reason }) => reason === "opened").length;
      const called = records.filter(({ status }) => status === "OK").length - open;
      assert.deepEqual([open, called], [1, upstream.requests.length + chat.asked.length]);
      assert.deepEqual(records.filter(({ status }) => status !== "OK").map(({ reason }) => reason), [
        "secret_not_found",
      ]);
    }),
});
