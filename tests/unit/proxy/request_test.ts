import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import type { CallRequest } from "../../../src/proxy/door.ts";
import { forwardedHeaders, returnedHeaders } from "../../../src/proxy/headers.ts";
import { parseCallRequest } from "../../../src/proxy/request.ts";

const CALL: CallRequest = {
  target: "https://api.example.com/",
  method: "GET",
  headers: [],
  injections: [],
  caller: { level: "anonymous", agentId: "", tokenId: "", sessionId: "" },
  path: "proxy",
};

Deno.test("methods that echo a request or open a tunnel are refused, and what is no method is too", () => {
  for (const method of ["TRACE", "trace", "TRACK", "CONNECT"]) {
    assert.throws(() => parseCallRequest({ ...CALL, method }), (e) => isAppError(e, "method_refused"), method);
  }
  for (const method of ["", "GE T", "GET\r\nX: 1", "GET /", "é", "A".repeat(40)]) {
    assert.throws(() => parseCallRequest({ ...CALL, method }), (e) => isAppError(e, "bad_request"), method);
  }
  assert.equal(parseCallRequest({ ...CALL, method: "patch" }).method, "PATCH");
});

Deno.test("P11 headers that could end their line, smuggle a message or exhaust us are refused", () => {
  const refused: readonly (readonly [string, string])[][] = [
    [["X-A", "a\r\nX-B: 1"]],
    [["X-A", "a\nb"]],
    [["X-A", "a\0b"]],
    [["X-A", "a\u007fb"]],
    [["X-A", "\u2028"]],
    [["X A", "1"]],
    [["X-A:", "1"]],
    [["", "1"]],
    [["X-A\r\nX-B", "1"]],
    Array.from({ length: 300 }, (_, i) => [`x-${i}`, "1"] as const),
    [["X-A", "a".repeat(70_000)]],
  ];
  for (const headers of refused) {
    assert.throws(() => forwardedHeaders(headers), (e) => isAppError(e, "bad_request"), JSON.stringify(headers[0]));
  }
});

Deno.test("P11 what belongs to one connection or to our doors does not cross, in either direction", () => {
  const dropped = [
    ["Connection", "X-Named, close"],
    ["X-Named", "1"],
    ["Keep-Alive", "1"],
    ["Proxy-Authorization", "1"],
    ["Proxy-Connection", "1"],
    ["TE", "trailers"],
    ["Trailer", "X"],
    ["Transfer-Encoding", "chunked"],
    ["Upgrade", "h2c"],
    ["X-AS-Inject-Bearer", "KEY"],
    ["x-as-anything", "1"],
  ] as const;
  const ours = [["Host", "evil.example"], ["Content-Length", "5"], ["Expect", "100-continue"], [
    "Accept-Encoding",
    "br",
  ]] as const;
  const kept = [["X-Own", "1"], ["Cookie", "a=1"], ["Cookie", "b=2"], ["Accept", "*/*"]] as const;
  assert.deepEqual(forwardedHeaders([...dropped, ...ours, ...kept]), kept);
  assert.deepEqual(returnedHeaders([...dropped, ...kept], true), kept);
});

Deno.test("what an answer says of its exact bytes is dropped or weakened when the bytes may change", () => {
  const headers = [["etag", '"a"'], ["content-length", "5"], ["digest", "x"], ["repr-digest", "x"]] as const;
  assert.deepEqual(returnedHeaders(headers, true), [["etag", 'W/"a"']]);
  assert.deepEqual(returnedHeaders(headers, false), headers);
  assert.deepEqual(returnedHeaders([["etag", 'W/"a"']], true), [["etag", 'W/"a"']]);
});

Deno.test("what a caller says of itself is short and printable, because it is logged", () => {
  for (const agentId of ["a\nb", "a b", "a".repeat(200), "é", "\u001b[31m"]) {
    const caller = { ...CALL.caller, agentId };
    assert.throws(() => parseCallRequest({ ...CALL, caller }), (e) => isAppError(e, "bad_request"), agentId);
  }
});

Deno.test("a body where the method has none, and a time-out that is none, are refused", () => {
  const body = new Uint8Array([1]);
  assert.throws(() => parseCallRequest({ ...CALL, body }), (e) => isAppError(e, "bad_request"));
  const injections = [["body:a", "KEY"]] as const;
  assert.throws(() => parseCallRequest({ ...CALL, injections }), (e) => isAppError(e, "bad_request"));
  assert.equal(parseCallRequest({ ...CALL, body: new Uint8Array() }).body, undefined);
  for (const connectMs of [0, -1, NaN, Infinity, 1e12]) {
    assert.throws(() => parseCallRequest({ ...CALL, timeouts: { connectMs } }), (e) => isAppError(e, "bad_request"));
  }
});
