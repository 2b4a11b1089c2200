import assert from "node:assert/strict";
import { Pending } from "../../../src/mcp/pending.ts";

const call = (id: number, method = "tools/call") => ({ jsonrpc: "2.0", id, method }) as const;
const answer = (id: number) => ({ jsonrpc: "2.0", id, result: {} }) as const;

/** Whether it is settled now. */
async function settled(pending: Pending): Promise<boolean> {
  const waiting = Symbol();
  return await Promise.race([pending.settled(), Promise.resolve(waiting)]) !== waiting;
}

Deno.test("nothing is pending before a request, and after the last answer", async () => {
  const pending = new Pending();
  assert.equal(await settled(pending), true);
  pending.received(call(1));
  pending.received(call(2));
  pending.sent(answer(1));
  assert.equal(await settled(pending), false);
  const later = pending.settled();
  pending.sent({ jsonrpc: "2.0", id: 2, error: { code: -32603, message: "" } });
  await later;
  assert.equal(await settled(pending), true);
});

Deno.test("a request that was cancelled gets no answer and is not waited for", async () => {
  const pending = new Pending();
  pending.received(call(1));
  pending.received({ jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } });
  assert.equal(await settled(pending), true);
});

Deno.test("our own requests and notices are no answers", async () => {
  const pending = new Pending();
  pending.received(call(1));
  pending.sent(call(1, "roots/list"));
  pending.sent({ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: 1, progress: 1 } });
  pending.received(answer(1));
  assert.equal(await settled(pending), false);
});

Deno.test("a subscription stands until the connection ends, and holds up no end", async () => {
  const pending = new Pending();
  pending.received(call(1, "subscriptions/listen"));
  assert.equal(await settled(pending), true);
});
