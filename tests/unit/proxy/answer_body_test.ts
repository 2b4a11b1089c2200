/** How a body that is still coming ends. */
import assert from "node:assert/strict";
import { type BodyEnd, redactAnswer, RedactedBody } from "../../../src/proxy/answer.ts";
import { Wariness } from "../../../src/proxy/redact/even_stream.ts";
import { createRedactor } from "../../../src/proxy/redact/redactor.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Reads from a body that says one thing and then nothing, and leaves while the next read waits. */
async function leave(
  how: (reader: ReadableStreamDefaultReader<Bytes>, signal: AbortController) => unknown,
): Promise<BodyEnd[]> {
  const source = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(Uint8Array.of(65)),
    // Letting go of a connection takes a turn.
    cancel: () => new Promise((resolve) => setTimeout(resolve, 0)),
  });
  using redactor = createRedactor([]);
  const { body } = await redactAnswer(
    { status: 200, statusText: "OK", headers: [], body: source },
    redactor,
    new Wariness(),
    "d",
  );
  assert.ok(body instanceof RedactedBody);
  const ends: BodyEnd[] = [], signal = new AbortController();
  const reader = body.open((end) => Promise.resolve(void ends.push(end)), signal.signal).getReader();
  await reader.read();
  const waiting = reader.read().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 0)); // now it waits for the source
  await how(reader, signal);
  await waiting;
  return ends;
}

Deno.test("a body that its reader leaves while it waits for more is on record as cancelled, not as complete", async () => {
  assert.deepEqual(await leave((reader) => reader.cancel()), [{ how: "cancelled" }]);
  assert.deepEqual(await leave((_, signal) => signal.abort()), [{ how: "cancelled" }]);
});
