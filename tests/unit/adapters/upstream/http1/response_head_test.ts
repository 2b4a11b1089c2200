/** Heads of answers: what RFC 9112 allows is read, and what two programs could read differently is refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BadAnswer } from "../../../../../src/adapters/upstream/http1/bad_answer.ts";
import {
  MAX_HEADER_LINES,
  parseResponseHead,
  type ResponseHead,
} from "../../../../../src/adapters/upstream/http1/response_head.ts";
import "../../../../support/runs.ts";

const parse = (text: string, method = "GET"): ResponseHead => parseResponseHead(text.replaceAll("\n", "\r\n"), method);

Deno.test("status, reason and headers come as they were said: order, repetition, case and bytes kept", () => {
  const head = parse(
    "HTTP/1.1 207 Not quite OK\nSet-Cookie: a=1\nX-Empty:\nSET-COOKIE:\t b=\xe9 \t\nContent-Length: 3",
  );
  assert.equal(head.status, 207);
  assert.equal(head.statusText, "Not quite OK");
  assert.deepEqual(head.headers, [
    ["Set-Cookie", "a=1"],
    ["X-Empty", ""],
    ["SET-COOKIE", "b=\xe9"],
    ["Content-Length", "3"],
  ]);
  assert.equal(parse("HTTP/1.1 200").statusText, "");
  assert.equal(parse("HTTP/1.1 200 ").statusText, "");
});

Deno.test("the body's framing is RFC 9112 §6.3", () => {
  const cases: readonly (readonly [string, string, ResponseHead["framing"]])[] = [
    ["GET", "HTTP/1.1 200 OK\nContent-Length: 0", 0],
    ["GET", "HTTP/1.1 200 OK\ncontent-length: 007", 7],
    ["GET", "HTTP/1.1 200 OK\ncontent-length: 999999999999999", 999_999_999_999_999],
    ["GET", "HTTP/1.1 200 OK\nTransfer-Encoding: Chunked", "chunked"],
    ["GET", "HTTP/1.1 200 OK", "until-close"],
    ["GET", "HTTP/1.0 200 OK", "until-close"],
    ["GET", "HTTP/1.0 200 OK\nContent-Length: 5", 5],
    ["HEAD", "HTTP/1.1 200 OK\nContent-Length: 5", "none"],
    ["HEAD", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked", "none"],
    ["GET", "HTTP/1.1 204 No Content", "none"],
    ["POST", "HTTP/1.1 205 Reset Content\nContent-Length: 0", "none"],
    ["GET", "HTTP/1.1 304 Not Modified\nContent-Length: 5", "none"],
    ["GET", "HTTP/1.1 103 Early Hints\nLink: </a>", "none"],
  ];
  for (const [method, text, framing] of cases) assert.equal(parse(text, method).framing, framing, `${method} ${text}`);
});

Deno.test("a connection stays unless either side says otherwise, and as long as the upstream says", () => {
  assert.equal(parse("HTTP/1.1 200 OK").keep, true);
  assert.equal(parse("HTTP/1.1 200 OK\nConnection: x, Close").keep, false);
  assert.equal(parse("HTTP/1.1 200 OK\nConnection: x\nConnection: close").keep, false);
  assert.equal(parse("HTTP/1.0 200 OK\nConnection: keep-alive").keep, false);
  assert.equal(parse("HTTP/1.1 200 OK\nKeep-Alive: timeout=5, max=100").keepMs, 5000);
  assert.equal(parse("HTTP/1.1 200 OK\nKeep-Alive: soon").keepMs, undefined);
});

Deno.test("P35 an answer that could be read in two ways, or is none, is refused", () => {
  const refused = [
    "",
    "HTTP/1.1",
    "HTTP/1.1 ",
    "HTTP/1.1 20",
    "HTTP/1.1 2000",
    "HTTP/1.1 099 Too low",
    "HTTP/1.1 600 Too high",
    "HTTP/1.1  200 OK",
    "HTTP/1.1\t200 OK",
    " HTTP/1.1 200 OK",
    "http/1.1 200 OK",
    "HTTP/1.2 200 OK",
    "HTTP/2 200",
    "HTTP/1.1 200OK",
    "HTTP/1.1 200 O\x00K",
    "HTTP/1.1 200 O\rK",
    "ICY 200 OK",
    "HTTP/1.1 200 OK\nno colon",
    "HTTP/1.1 200 OK\n: no name",
    "HTTP/1.1 200 OK\nName : space before the colon",
    "HTTP/1.1 200 OK\nNa me: space in the name",
    "HTTP/1.1 200 OK\nN\xe4me: not a token",
    "HTTP/1.1 200 OK\nA: 1\n folded",
    "HTTP/1.1 200 OK\nA: 1\n\tfolded",
    "HTTP/1.1 200 OK\n first: folded",
    "HTTP/1.1 200 OK\nA: 1\rB: 2",
    "HTTP/1.1 200 OK\nA: \x00",
    "HTTP/1.1 200 OK\nA: \x7f",
    "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 6",
    "HTTP/1.1 200 OK\nContent-Length: 5\ncontent-length: 5",
    "HTTP/1.1 200 OK\nContent-Length: 5, 5",
    "HTTP/1.1 200 OK\nContent-Length: +5",
    "HTTP/1.1 200 OK\nContent-Length: -5",
    "HTTP/1.1 200 OK\nContent-Length: 0x5",
    "HTTP/1.1 200 OK\nContent-Length: 5 5",
    "HTTP/1.1 200 OK\nContent-Length: 5.0",
    "HTTP/1.1 200 OK\nContent-Length:",
    "HTTP/1.1 200 OK\nContent-Length: \xb2",
    "HTTP/1.1 200 OK\nContent-Length: 9999999999999999",
    "HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nContent-Length: 5",
    "HTTP/1.0 200 OK\nTransfer-Encoding: chunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked, gzip",
    "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding: identity",
    "HTTP/1.1 200 OK\nTransfer-Encoding: xchunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding: \x0bchunked",
    "HTTP/1.1 200 OK\nTransfer-Encoding:",
    `HTTP/1.1 200 OK${"\nA: 1".repeat(MAX_HEADER_LINES + 1)}`,
  ];
  for (const text of refused) {
    for (const method of ["GET", "HEAD"]) assert.throws(() => parse(text, method), BadAnswer, JSON.stringify(text));
  }
  assert.equal(parse(`HTTP/1.1 200 OK${"\nA: 1".repeat(MAX_HEADER_LINES)}`).headers.length, MAX_HEADER_LINES);
});

Deno.test("whatever stands in a head, it is read or refused, and what is read stays within its lines", () => {
  const line = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((n) => String.fromCharCode(n)) }),
    fc.constantFrom("Content-Length: 5", "Transfer-Encoding: chunked", "Connection: close", "A: b", " folded"),
  );
  fc.assert(fc.property(fc.array(line, { maxLength: 6 }), fc.integer({ min: 0, max: 999 }), (lines, status) => {
    let head: ResponseHead;
    try {
      head = parseResponseHead([`HTTP/1.1 ${status} x`, ...lines].join("\r\n"), "GET");
    } catch (error) {
      assert.ok(error instanceof BadAnswer);
      return;
    }
    assert.equal(head.headers.length, lines.length);
    for (const [name, value] of head.headers) {
      assert.match(name, /^[!-9;-~]+$/);
      assert.doesNotMatch(value, /[\0\r\n]|^\s|\s$/);
    }
  }));
});
