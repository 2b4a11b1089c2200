import assert from "node:assert/strict";
import { EmbeddedTransport } from "../../../../src/adapters/sync_transport/embedded.ts";
import { AppError } from "../../../../src/kernel/error.ts";

function echo(seen: Request[]): (request: Request) => Promise<Response> {
  return async (request) => {
    seen.push(request);
    return new Response(await request.text(), { status: 201, headers: { "X-Answer": "yes" } });
  };
}

Deno.test("the server starts at the first request, once, and gets it as it was sent", async () => {
  const seen: Request[] = [];
  let starts = 0, closes = 0;
  const transport = new EmbeddedTransport(async () => {
    starts++;
    return { handle: echo(seen), close: async () => void closes++ };
  });
  assert.equal(transport.origin, "embedded:local");
  assert.equal(starts, 0);
  const request = { method: "POST", path: "/v1/x?y=1", headers: { "if-match": '"1"' }, body: '{"a":"ä"}' } as const;
  const [answer] = await Promise.all([transport.send(request), transport.send({ ...request, method: "PUT" })]);
  assert.deepEqual([starts, answer.status, answer.body, answer.headers["x-answer"]], [1, 201, '{"a":"ä"}', "yes"]);
  assert.equal(new URL(seen[0]!.url).pathname + new URL(seen[0]!.url).search, "/v1/x?y=1");
  assert.equal(seen[0]!.headers.get("if-match"), '"1"');
  await transport.close();
  await transport.close();
  assert.equal(closes, 1);
  await assert.rejects(transport.send(request), { code: "server_unreachable" });
});

Deno.test("closing a transport that was never used starts nothing", async () => {
  const transport = new EmbeddedTransport(() => Promise.reject(new Error("started")));
  await transport.close();
});

Deno.test("a server that cannot start says why, each time", async () => {
  const failure = new AppError("database_damaged", { path: "server.db", reason: "it is empty" });
  const transport = new EmbeddedTransport(() => Promise.reject(failure));
  const request = { method: "GET", path: "/v1/account", headers: {} } as const;
  await assert.rejects(transport.send(request), failure);
  await assert.rejects(transport.send(request), failure);
  await transport.close();
});
