/** An upstream that hides what it says back in content codings: whatever it names, claims or leaves out (proxy.md, "compression and split"). */
import assert from "node:assert/strict";
import zlib from "node:zlib";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { hasZstd } from "../../../src/proxy/decode/transforms.ts";
import { KEY, withDoor } from "../../support/listener.ts";
import { bytesOf, latin1, RawUpstream } from "../../support/raw_upstream.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";

type Encode = (bytes: Uint8Array) => Uint8Array;
const ENCODERS: Readonly<Record<string, readonly [header: string, encode: Encode]>> = {
  gzip: ["gzip", (bytes) => zlib.gzipSync(bytes)],
  "gzip by its old name": ["X-GZip", (bytes) => zlib.gzipSync(bytes)],
  deflate: ["deflate", (bytes) => zlib.deflateSync(bytes)],
  "deflate without its header": ["deflate", (bytes) => zlib.deflateRawSync(bytes)],
  br: ["br", (bytes) => zlib.brotliCompressSync(bytes)],
  ...(hasZstd() ? { zstd: ["zstd", (bytes: Uint8Array) => zlib.zstdCompressSync(bytes)] as const } : {}),
  "two on top of each other": ["gzip, br", (bytes) => zlib.brotliCompressSync(zlib.gzipSync(bytes))],
  "three on top of each other": [
    "deflate, gzip ,BR",
    (bytes) => zlib.brotliCompressSync(zlib.gzipSync(zlib.deflateSync(bytes))),
  ],
};
const ECHO = bytesOf(`you sent ${KEY}, or ${btoa(KEY)}.`);
const REDACTED = `you sent ${REDACTION_MARKER}, or ${REDACTION_MARKER}.`;

/** What a caller gets of one answer. */
type Ask = (answer: { readonly headers: readonly string[]; readonly pieces: readonly Uint8Array[] }) => Promise<string>;

/** An upstream that sends each piece as a chunk of its own. */
async function withCodedUpstream(work: (ask: Ask) => Promise<void>): Promise<void> {
  await using upstream = new RawUpstream(() => Promise.resolve());
  await withDoor(async ({ listener }) => {
    const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: STRIPE_KEY", "connection: close"];
    await work(async (answer) => {
      upstream.script = async (exchange) => {
        const head = ["HTTP/1.1 200 OK", ...answer.headers, "transfer-encoding: chunked", "connection: close"];
        await exchange.write(`${head.join("\r\n")}\r\n\r\n`);
        for (const piece of answer.pieces) {
          if (piece.length > 0) await exchange.write(`${piece.length.toString(16)}\r\n${latin1(piece)}\r\n`);
        }
        await exchange.write("0\r\n\r\n");
      };
      return await exchange(listener.port, proxyHead(listener.port, headers));
    });
  }, { allow: [upstream.origin] });
}

for (const [what, [header, encode]] of Object.entries(ENCODERS)) {
  Deno.test(`P2 an echo under ${what} is replaced, wherever the coded stream is cut in two`, async () => {
    const coded = encode(ECHO);
    await withCodedUpstream(async (ask) => {
      for (let at = 0; at <= coded.length; at++) {
        const pieces = [coded.subarray(0, at), coded.subarray(at)];
        const answer = await ask({ headers: [`content-encoding: ${header}`], pieces });
        assert.match(answer, /^HTTP\/1\.1 200 /);
        assert.doesNotMatch(answer, /^content-encoding:/im);
        assert.equal(bodyOf(answer), REDACTED, `cut at ${at}`);
      }
      const bytewise = Array.from(coded, (_, i) => coded.subarray(i, i + 1));
      assert.equal(bodyOf(await ask({ headers: [`content-encoding: ${header}`], pieces: bytewise })), REDACTED);
    });
  });
}

const gzip = (bytes: Uint8Array): Uint8Array => zlib.gzipSync(bytes);

/** Each with bytes that hold the credential, so that a pass would be a leak. */
const REFUSED: readonly (readonly [what: string, headers: readonly string[], body: Uint8Array])[] = [
  ["a coding that is not known", ["content-encoding: rot13"], ECHO],
  ["one that nobody decodes any more", ["content-encoding: compress"], ECHO],
  ["a parameter", ["content-encoding: gzip;q=1"], gzip(ECHO)],
  ["two words", ["content-encoding: gzip br"], gzip(ECHO)],
  ["a quoted name", ['content-encoding: "gzip"'], gzip(ECHO)],
  ["four on top of each other", ["content-encoding: gzip,gzip,gzip,gzip"], gzip(gzip(gzip(gzip(ECHO))))],
  ["a known one on an unknown one", ["content-encoding: rot13, gzip"], gzip(ECHO)],
  ["the credential as a coding's name", [`content-encoding: ${KEY}`], ECHO],
];

/** What is known only when the body is read: the answer has begun, so it breaks off. */
const BROKEN: readonly (readonly [what: string, headers: readonly string[], body: Uint8Array])[] = [
  ["named and not done", ["content-encoding: gzip"], ECHO],
  ["named twice and done once", ["content-encoding: gzip, gzip"], gzip(ECHO)],
  ["another than named", ["content-encoding: br"], gzip(ECHO)],
  ["plain bytes after the end", ["content-encoding: gzip"], new Uint8Array([...gzip(bytesOf("first ")), ...ECHO])],
  ["cut off", ["content-encoding: gzip"], gzip(ECHO).slice(0, -9)],
];

Deno.test("P2 what is coded in a way that cannot be read is a 502 that quotes nothing, and its bytes stay away", async () => {
  await withCodedUpstream(async (ask) => {
    for (const [what, headers, body] of REFUSED) {
      const answer = await ask({ headers, pieces: [body] });
      assert.match(answer, /^HTTP\/1\.1 502 [^]*"error":"upstream_undecodable"/, what);
      assert.equal(answer.includes(latin1(body)) || answer.includes(KEY), false, what);
    }
    for (const [what, headers, body] of BROKEN) {
      const answer = await ask({ headers, pieces: [body] });
      assert.equal(answer.endsWith("0\r\n\r\n"), false, `${what}: it has no end`);
      assert.equal(answer.includes(latin1(body)) || answer.includes(KEY) || answer.includes(btoa(KEY)), false, what);
    }
  });
});

Deno.test("P2 codings named in several header lines are one list, in any order and case", async () => {
  const lists: readonly (readonly [headers: readonly string[], body: Uint8Array])[] = [
    [["content-encoding: identity", "content-encoding: gzip"], gzip(ECHO)],
    [["content-encoding:", "Content-Encoding: gzip"], gzip(ECHO)],
    [["content-encoding: gzip", "CONTENT-ENCODING: br"], zlib.brotliCompressSync(gzip(ECHO))],
    [["content-encoding: gzip", "content-encoding: gzip"], gzip(gzip(ECHO))],
  ];
  await withCodedUpstream(async (ask) => {
    for (const [headers, body] of lists) {
      const answer = await ask({ headers, pieces: [body] });
      assert.equal(bodyOf(answer), REDACTED, headers.join(" | "));
    }
    const hidden = await ask({ headers: ["content-encoding: gzip", "content-encoding: rot13"], pieces: [gzip(ECHO)] });
    assert.match(hidden, /^HTTP\/1\.1 502 /);
  });
});

Deno.test("P2 a transfer coding that nobody asked for is a 502, and a length beside chunks is too", async () => {
  await using upstream = new RawUpstream(() => Promise.resolve());
  await withDoor(async ({ listener }) => {
    const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: STRIPE_KEY", "connection: close"];
    const coded = latin1(gzip(ECHO));
    const answers = [
      `transfer-encoding: gzip\r\n\r\n${coded}`,
      `transfer-encoding: gzip, chunked\r\n\r\n${coded.length.toString(16)}\r\n${coded}\r\n0\r\n\r\n`,
      `transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n${coded}`,
      `transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n${KEY}`,
      `transfer-encoding: identity\r\n\r\n${latin1(ECHO)}`,
      `content-length: 5\r\ncontent-length: 50\r\n\r\n${latin1(ECHO)}`,
    ];
    for (const answer of answers) {
      upstream.script = (exchange) => exchange.write(`HTTP/1.1 200 OK\r\n${answer}`);
      const got = await exchange(listener.port, proxyHead(listener.port, headers));
      assert.match(got, /^HTTP\/1\.1 502 [^]*"error":"upstream_unreachable"/, answer.split("\r\n\r\n")[0]);
      assert.equal(got.includes(KEY) || got.includes(coded), false);
    }
  }, { allow: [upstream.origin] });
});
