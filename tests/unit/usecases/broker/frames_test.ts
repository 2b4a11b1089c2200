/** Frames on the broker's socket: whatever the chunks, and whatever a hostile peer sends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../../src/kernel/error.ts";
import { type Frame, FrameReader, FrameWriter } from "../../../../src/usecases/broker/frames.ts";
import "../../../support/runs.ts";

type Bytes = Uint8Array<ArrayBuffer>;

function readerOf(chunks: readonly Bytes[]): FrameReader {
  return new FrameReader({ readable: ReadableStream.from(chunks) as ReadableStream<Bytes> });
}

async function written(write: (writer: FrameWriter) => Promise<void>): Promise<Bytes> {
  const pieces: Uint8Array[] = [];
  const writable = new WritableStream<Uint8Array>({ write: (piece) => void pieces.push(piece) });
  await write(new FrameWriter({ writable }));
  return new Uint8Array(await new Blob(pieces as Bytes[]).arrayBuffer());
}

function cut(bytes: Bytes, at: readonly number[]): Bytes[] {
  const places = [0, ...at.map((n) => n % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.slice(places[i], end));
}

Deno.test("what was written is read, whatever the chunks", async () => {
  const frames = fc.array(fc.oneof(
    fc.jsonValue().map((value) => ({ kind: "message", value: JSON.parse(JSON.stringify(value)) }) as Frame),
    fc.uint8Array({ minLength: 1, maxLength: 300 }).map((bytes) =>
      ({ kind: "data", bytes: new Uint8Array(bytes) }) as Frame
    ),
    fc.constant({ kind: "end" } as Frame),
  ));
  await fc.assert(fc.asyncProperty(frames, fc.array(fc.nat()), async (sent, at) => {
    const bytes = await written(async (writer) => {
      for (const frame of sent) {
        if (frame.kind === "message") await writer.message(frame.value);
        else if (frame.kind === "data") await writer.data(frame.bytes);
        else await writer.end();
      }
    });
    const reader = readerOf(cut(bytes, at));
    const got: Frame[] = [];
    for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) got.push(frame);
    assert.deepEqual(got, sent);
  }));
});

Deno.test("a body larger than a frame travels in several", async () => {
  const body = new Uint8Array(600_000).map((_, i) => i % 251);
  const reader = readerOf([await written((writer) => writer.data(body))]);
  const pieces: Bytes[] = [];
  for (let frame = await reader.next(); frame !== undefined; frame = await reader.next()) {
    assert.equal(frame.kind, "data");
    if (frame.kind === "data") pieces.push(frame.bytes);
  }
  assert.ok(pieces.length > 1);
  assert.deepEqual(new Uint8Array(await new Blob(pieces).arrayBuffer()), body);
});

Deno.test("arbitrary bytes are frames, an end or bad_request, never another failure", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), async (chunks) => {
    const reader = readerOf(chunks.map((chunk) => new Uint8Array(chunk)));
    try {
      while (await reader.next() !== undefined);
    } catch (error) {
      assert.ok(error instanceof AppError && error.code === "bad_request");
    }
  }));
});

Deno.test("a length beyond the limit is refused before anything of that length is gathered", async () => {
  for (const kind of [0x4d, 0x44, 0x45]) {
    const reader = readerOf([new Uint8Array([kind, 0xff, 0xff, 0xff, 0xff])]);
    await assert.rejects(() => reader.next(), { code: "bad_request" });
  }
});
