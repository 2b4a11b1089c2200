/** OpenAI's SDK with `baseURL` and default headers, under Deno and under Node, against the running proxy. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { REPORT } from "../../support/clients/chat_api.ts";
import { NODE } from "../../support/clients/found.ts";
import { ClientWorld } from "../../support/clients/world.ts";

const root = new URL("../../../", import.meta.url).pathname;
const SCRIPT = `${root}tests/support/clients/openai_client.mjs`;
const DENO = ["run", "--quiet", "--allow-all", "--frozen", "--config", `${root}deno.json`, SCRIPT];

const RUNTIMES = [
  { name: "Deno", path: Deno.execPath(), args: DENO, note: "" },
  { name: "Node", path: NODE.path, args: [SCRIPT], note: NODE.note },
];

Deno.test("P2 P11 OpenAI's SDK works with its base URL at the proxy and never holds the key", async (t) => {
  await ClientWorld.run(async (world) => {
    const { chat, key } = world;
    const env = { PROXY: world.proxy, CHAT: chat.origin };
    const said = `Bearer ${REDACTION_MARKER}`;
    let calls = 0;
    for (const { name, path, args, note } of RUNTIMES) {
      await t.step({
        name: `under ${name}: completions, lists, files, refusals and a live stream${note}`,
        ignore: path === undefined,
        fn: async () => {
          const client = world.spawn(path!, args, { env });
          const line = async (): Promise<unknown> => {
            const text = await client.line();
            return text === undefined ? await client.end() : JSON.parse(text);
          };
          assert.deepEqual(await line(), [`You asked 'hello' with ${said}`, said]);
          assert.deepEqual(await line(), [[said]]);
          assert.deepEqual(await line(), ["data.jsonl", 300_000]);
          assert.deepEqual(await line(), [REPORT.length]);
          assert.deepEqual(await line(), [["NotFoundError", 404, "not_found", "404 There is no /v1/responses/resp_1"]]);
          const [refusal] = await line() as [string[]];
          assert.deepEqual(refusal.slice(0, 3), ["PermissionDeniedError", 403, "domain_not_in_allowlist"]);
          assert.match(refusal[3]!, /evil\.example.*agentsecrets workspace allowlist add/);
          const wrong = "401 Incorrect API key provided: Bearer unused";
          assert.deepEqual(await line(), [["AuthenticationError", 401, "invalid_api_key", wrong]]);
          // The SDK resolves `..` itself, which leads out of /proxy.
          const [tricked] = await line() as [string[]];
          assert.deepEqual(tricked.slice(0, 2), ["BadRequestError", 400]);
          for (const words of ["Your", ` key is ${key}`, ", is it"]) {
            // The next words are only sent once the SDK has handed these on.
            chat.say(words);
            assert.deepEqual(await line(), [words.replace(key, REDACTION_MARKER)]);
          }
          chat.say(undefined);
          assert.deepEqual(await line(), ["left"]);
          assert.equal((await client.end()).code, 0);
          assert.deepEqual(chat.asked.slice(calls), [
            "POST /v1/chat/completions",
            "GET /v1/models?limit=2",
            "POST /v1/files",
            "GET /v1/files/report/content",
            "GET /v1/responses/resp_1",
            "GET /v1/models (wrong token)",
            "POST /v1/chat/completions",
          ]);
          calls = chat.asked.length;
        },
      });
    }
    const records = await world.stop();
    assert.equal(records.filter(({ status }) => status === "OK").length, calls);
    assert.equal(records.filter(({ status }) => status === "BLOCKED").length, records.length - calls);
    const places = new Set(records.map(({ target_url }) => target_url));
    assert.ok(places.has(`${chat.origin}/v1/chat/completions`) && places.has("https://evil.example/v1/models"));
  });
});
