/** Heads of requests: exactly one framing, ours, and nothing in them that could leave its line. */
import assert from "node:assert/strict";
import { requestHead } from "../../../../../src/adapters/upstream/http1/request_head.ts";
import type { HeaderLine } from "../../../../../src/ports/upstream.ts";

const text = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");

function head(
  url: string,
  method: string,
  headers: readonly HeaderLine[],
  framing: number | "chunked" | "none",
): string {
  return text(requestHead(new URL(url), method, headers, framing, [["user-agent", "us"], ["accept", "*/*"]]));
}

Deno.test("a head says where to, what the caller said in its order, our defaults, and the framing, in bytes", () => {
  const headers: HeaderLine[] = [["X-B", "1"], ["X-A", "caf\xe9"], ["X-B", "2"], ["Accept", "text/plain"]];
  assert.equal(
    head("https://api.example.test:8443/a%20b?c=d#e", "POST", headers, 12),
    "POST /a%20b?c=d HTTP/1.1\r\nhost: api.example.test:8443\r\nX-B: 1\r\nX-A: caf\xe9\r\nX-B: 2\r\nAccept: text/plain\r\n" +
      "user-agent: us\r\ncontent-length: 12\r\n\r\n",
  );
});

Deno.test("the framing is a length, chunks, nothing, or a length of zero where a body would be usual", () => {
  const framing = (method: string, how: number | "chunked" | "none"): string[] =>
    head("http://[::1]/", method, [], how).split("\r\n").filter((line) =>
      /^(content-length|transfer-encoding)/.test(line)
    );
  assert.deepEqual(framing("POST", "chunked"), ["transfer-encoding: chunked"]);
  assert.deepEqual(framing("PUT", 0), ["content-length: 0"]);
  assert.deepEqual(framing("PATCH", "none"), ["content-length: 0"]);
  assert.deepEqual(framing("GET", "none"), []);
  assert.deepEqual(framing("DELETE", "none"), []);
  assert.match(head("http://[::1]/", "GET", [], "none"), /^GET \/ HTTP\/1\.1\r\nhost: \[::1\]\r\n/);
});

Deno.test("P11 a header that would frame, end a line or reach another hop throws before a byte is made", () => {
  const refused: HeaderLine[] = [
    ["Content-Length", "5"],
    ["transfer-encoding", "chunked"],
    ["Connection", "close"],
    ["Host", "elsewhere.example"],
    ["Expect", "100-continue"],
    ["Upgrade", "h2c"],
    ["TE", "trailers"],
    ["Trailer", "x"],
    ["a", "b\r\nc: d"],
    ["a", "b\nc: d"],
    ["a", "b\0"],
    ["a", "\u2028"],
    ["a\r\nb", "c"],
    ["a b", "c"],
    ["a:b", "c"],
    ["", "c"],
  ];
  for (const header of refused) {
    assert.throws(() => head("https://a.example/", "GET", [header], "none"), TypeError, JSON.stringify(header));
  }
  for (const method of ["", "GE T", "GET\r\n", "CONNECT", "G\xcbT"]) {
    assert.throws(() => head("https://a.example/", method, [], "none"), TypeError, method);
  }
});
