import assert from "node:assert/strict";
import zlib from "node:zlib";
import { concat, utf8 } from "../../../../src/kernel/bytes.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { type Coding, decodeBody, parseContentCodings } from "../../../../src/proxy/decode/decode.ts";

const DOMAIN = "api.example";

/** What servers send under each coding; `deflate` comes in two kinds. */
const ENCODERS: readonly (readonly [what: string, coding: Coding, encode: (bytes: Uint8Array) => Uint8Array])[] = [
  ["gzip", "gzip", (bytes) => zlib.gzipSync(bytes)],
  ["deflate", "deflate", (bytes) => zlib.deflateSync(bytes)],
  ["deflate without its zlib header", "deflate", (bytes) => zlib.deflateRawSync(bytes)],
  ["br", "br", (bytes) => zlib.brotliCompressSync(bytes)],
  ["zstd", "zstd", (bytes) => zlib.zstdCompressSync(bytes)],
];

/** Larger than any buffer on the way. */
const BOMB_BYTES = 8 * 1024 * 1024;

/** Compressible text with incompressible bytes in it, over several pieces of the decoder. */
const BODY = concat(
  utf8("a line of text\n".repeat(9000)),
  Uint8Array.from({ length: 50000 }, (_, i) => Math.imul(i ^ 0x9e37, 0x85ebca6b) >>> 13 & 255),
);

/** A body in pieces, that counts how many were asked for. */
function source(
  bytes: Uint8Array,
  step = 65536,
): { body: ReadableStream<Uint8Array>; pulls: number; cancelled: unknown } {
  let at = 0;
  const state = {
    pulls: 0,
    cancelled: undefined as unknown,
    body: new ReadableStream<Uint8Array>({
      pull(controller): void {
        state.pulls++;
        if (at >= bytes.length) controller.close();
        else controller.enqueue(bytes.slice(at, at += step));
      },
      cancel(reason): void {
        state.cancelled = reason ?? "cancelled";
      },
    }, { highWaterMark: 0 }),
  };
  return state;
}

async function read(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return concat(...pieces);
}

const undecodable = (error: unknown): boolean => isAppError(error, "upstream_undecodable");

for (const [what, coding, encode] of ENCODERS) {
  const encoded = encode(BODY);

  Deno.test(`${what} is undone, in chunks of any size`, async () => {
    for (const step of [1009, 65536, encoded.length]) {
      assert.deepEqual(await read(decodeBody(source(encoded, step).body, [coding], DOMAIN)), BODY);
    }
    const short = encode(utf8("short"));
    assert.deepEqual(await read(decodeBody(source(short, 1).body, [coding], DOMAIN)), utf8("short"));
    assert.deepEqual(
      await read(decodeBody(source(encode(new Uint8Array(0))).body, [coding], DOMAIN)),
      new Uint8Array(0),
    );
  });

  Deno.test(`${what} cut off anywhere is an error`, async () => {
    const short = encode(utf8("a short body, a short body"));
    for (let length = 1; length < short.length; length++) {
      await assert.rejects(
        read(decodeBody(source(short.subarray(0, length)).body, [coding], DOMAIN)),
        undecodable,
        `${length}`,
      );
    }
    await assert.rejects(read(decodeBody(source(encoded.subarray(0, -1), 1000).body, [coding], DOMAIN)), undecodable);
  });

  Deno.test(`what is not ${what} is an error that names the domain and no content`, async () => {
    const body = source(utf8("\xffthis is no coded body: canary-value")).body;
    await assert.rejects(read(decodeBody(body, [coding], DOMAIN)), (error: unknown) => {
      assert.ok(isAppError(error, "upstream_undecodable"));
      assert.deepEqual(error.fields, { domain: DOMAIN, coding });
      return true;
    });
  });

  Deno.test(`an empty body under ${what} stays empty: answers to HEAD and 304 name codings too`, async () => {
    assert.equal((await read(decodeBody(source(new Uint8Array(0)).body, [coding], DOMAIN))).length, 0);
  });

  Deno.test(`a bomb in ${what} comes in small pieces and only as it is read`, async () => {
    const coded = encode(new Uint8Array(BOMB_BYTES));
    const bomb = source(coded, 512);
    const reader = decodeBody(bomb.body, [coding], DOMAIN).getReader();
    let sum = 0;
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      assert.ok(piece.value.length <= 64 * 1024, `${piece.value.length}`);
      sum += piece.value.length;
      // Nothing is decoded ahead of the reader: the input is asked for in step with the output.
      const share = sum / BOMB_BYTES * coded.length / 512;
      assert.ok(bomb.pulls <= 3 + share, `${bomb.pulls} pulls after ${sum} bytes`);
    }
    assert.equal(sum, BOMB_BYTES);
  });

  Deno.test(`cancelling ${what} cancels the body, and its failure passes as it is`, async () => {
    const cancelled = source(encoded, 1000);
    const reader = decodeBody(cancelled.body, [coding], DOMAIN).getReader();
    await reader.read();
    await reader.cancel("enough");
    assert.equal(cancelled.cancelled, "enough");

    const failure = new Error("time-out");
    let sent = false;
    const failing = new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (sent) controller.error(failure);
        else controller.enqueue(encoded.slice(0, 100));
        sent = true;
      },
    });
    await assert.rejects(read(decodeBody(failing, [coding], DOMAIN)), failure);
  });
}

Deno.test("what a server flushed comes out before more arrives", async () => {
  const flushing = [
    ["gzip", zlib.createGzip(), zlib.constants.Z_SYNC_FLUSH],
    ["br", zlib.createBrotliCompress(), zlib.constants.BROTLI_OPERATION_FLUSH],
    ["zstd", zlib.createZstdCompress(), zlib.constants.ZSTD_e_flush],
  ] as const;
  for (const [coding, compressor, flush] of flushing) {
    const first = await new Promise<Uint8Array>((resolve) => {
      const pieces: Uint8Array[] = [];
      compressor.on("data", (piece: Uint8Array) => pieces.push(new Uint8Array(piece)));
      compressor.write("data: first event\n\n");
      compressor.flush(flush, () => resolve(concat(...pieces)));
    });
    // Never closed and never followed: only what was flushed can come out.
    const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(first) });
    const reader = decodeBody(body, [coding], DOMAIN).getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "data: first event\n\n", coding);
    await reader.cancel();
    compressor.destroy();
  }
});

Deno.test("several members and frames in a row are one body", async () => {
  const gzip = concat(zlib.gzipSync("one "), zlib.gzipSync("two"));
  assert.deepEqual(await read(decodeBody(source(gzip, 7).body, ["gzip"], DOMAIN)), utf8("one two"));
  const skippable = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);
  const zstd = concat(skippable, zlib.zstdCompressSync("one "), skippable, zlib.zstdCompressSync("two"), skippable);
  for (const step of [1, 5, 1000]) {
    assert.deepEqual(await read(decodeBody(source(zstd, step).body, ["zstd"], DOMAIN)), utf8("one two"));
  }
});

Deno.test("stacked codings are undone last first", async () => {
  const stacked = zlib.gzipSync(zlib.brotliCompressSync(BODY));
  const codings = parseContentCodings("br, GZIP", DOMAIN);
  assert.deepEqual(codings, ["br", "gzip"]);
  assert.deepEqual(await read(decodeBody(source(stacked).body, codings, DOMAIN)), BODY);
});

Deno.test("a zstd window above 8 MiB is refused", async () => {
  // A frame header with window descriptor 2²⁴, as `zstd --long=24` writes it.
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 1, 0, 0);
  await assert.rejects(read(decodeBody(source(frame).body, ["zstd"], DOMAIN)), undecodable);
  const allowed = frame.with(5, 13 << 3);
  assert.equal((await read(decodeBody(source(allowed).body, ["zstd"], DOMAIN))).length, 0);
});

Deno.test("without a coding the body is passed as it is", () => {
  const { body } = source(BODY);
  assert.equal(decodeBody(body, parseContentCodings(null, DOMAIN), DOMAIN), body);
  assert.equal(decodeBody(body, parseContentCodings(" identity ,, ", DOMAIN), DOMAIN), body);
});

Deno.test("codings are known by their names, in any case, and everything else is refused", () => {
  assert.deepEqual(parseContentCodings("x-gzip", DOMAIN), ["gzip"]);
  assert.deepEqual(parseContentCodings("Deflate , br", DOMAIN), ["deflate", "br"]);
  for (const header of ["compress", "aws-chunked", "gzip;q=1", "gzip br", "canary-value", "gzip,gzip,gzip,gzip"]) {
    assert.throws(() => parseContentCodings(header, DOMAIN), (error: unknown) => {
      assert.ok(undecodable(error), header);
      assert.ok(!String(error).includes("canary"), "an upstream cannot place text in the error");
      return true;
    });
  }
});
