/** Answers as they go out: of bytes or of a stream, and of what is no answer at all. */
import assert from "node:assert/strict";
import { startListener } from "../../../src/listener/listener.ts";
import { upstreamAnswer } from "../../../src/listener/answers.ts";
import type { CallResponse, HeaderLine } from "../../../src/usecases/call.ts";
import type { CallerCheck } from "../../../src/usecases/identify_caller.ts";
import { health } from "../../support/listener.ts";

type Callers = Pick<CallerCheck, "identify" | "admit" | "manage" | "isThere">;
const OUTCOME = Promise.resolve({ auditId: "log_0", redacted: false, durationMs: 0 });
const EVERYONE: Callers = {
  identify: () => Promise.resolve({ level: "anonymous", agentId: "", tokenId: "", sessionId: "" }),
  admit: () => Promise.resolve(),
  manage: () => Promise.resolve(),
  isThere: () => undefined,
};
const TEXT = new TextEncoder().encode("an answer that would be shorter if it were compressed ".repeat(40));

function answerOf(status: number, headers: readonly HeaderLine[], body: CallResponse["body"]): CallResponse {
  return { status, statusText: "", headers, body, outcome: OUTCOME };
}

/** A stream of `bytes`, and whether it was let go. */
function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
): { stream: ReadableStream<Uint8Array<ArrayBuffer>>; dropped(): boolean } {
  let dropped = false;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller): void {
      controller.enqueue(bytes);
      controller.close();
    },
    cancel: () => void (dropped = true),
  }, { highWaterMark: 0 });
  return { stream, dropped: () => dropped };
}

/** What goes over the wire: lines of the head in lower case, and the rest. */
async function wire(answer: CallResponse, request: string): Promise<{ head: string[]; body: string }> {
  const door = { call: () => Promise.resolve(answer), forget(): void {} };
  const { port, shutdown } = await startListener({ port: 0, door, callers: EVERYONE, health });
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const common = `host: localhost:${port}\r\nx-as-target-url: https://a.example/\r\nconnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(`${request}\r\n${common}`));
    const [head, ...body] = (await new Response(connection.readable).text()).split("\r\n\r\n");
    return { head: head!.toLowerCase().split("\r\n"), body: body.join("\r\n\r\n") };
  } finally {
    await shutdown(1000);
  }
}

Deno.test("bytes go out with their own length, whatever the upstream's header said, and each header line on its own", async () => {
  const headers: HeaderLine[] = [["Content-Length", "3"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"], ["X-A", "1"]];
  const { head, body } = await wire(answerOf(201, headers, TEXT), "GET /proxy HTTP/1.1");
  assert.equal(head[0], "http/1.1 201 created");
  assert.deepEqual(head.filter((line) => /^(content-length|transfer-encoding)/.test(line)), [
    `content-length: ${TEXT.length}`,
  ]);
  assert.deepEqual(head.filter((line) => line.startsWith("set-cookie")), ["set-cookie: a=1", "set-cookie: b=2"]);
  assert.equal(body, new TextDecoder().decode(TEXT));
  // Deno 2.6 would send the wrong one, newer ones correct it.
  assert.equal(
    upstreamAnswer(answerOf(200, headers, TEXT), { takesCodings: false }).headers.get("content-length"),
    null,
  );
  const none = await wire(answerOf(200, [], new Uint8Array(0)), "GET /proxy HTTP/1.1");
  assert.deepEqual([none.head.includes("content-length: 0"), none.body], [true, ""]);
});

Deno.test("a HEAD's answer keeps the length of the body that it does not have", async () => {
  const { head, body } = await wire(answerOf(200, [["content-length", "123"]], null), "HEAD /proxy HTTP/1.1");
  assert.deepEqual([head.includes("content-length: 123"), body], [true, ""]);
});

Deno.test("nothing is compressed on the way out, also for a client that would take it", async () => {
  const request = "GET /proxy HTTP/1.1\r\naccept-encoding: gzip, br";
  const text = ["content-type", "text/plain"] as const;
  for (
    const [sent, expected] of [[undefined, "no-transform"], ["max-age=5", "max-age=5, no-transform"], [
      "",
      "no-transform",
    ]]
  ) {
    for (const body of [TEXT, streamOf(TEXT).stream]) {
      const lines: HeaderLine[] = sent === undefined
        ? [text]
        : [text, ["cache-control", sent], ["Cache-Control", "private"]];
      const { head, body: got } = await wire(answerOf(200, lines, body), request);
      assert.equal(head.some((line) => line.startsWith("content-encoding")), false);
      assert.equal(head.find((line) => line.startsWith("cache-control")), `cache-control: ${expected}`);
      assert.ok(got.includes(new TextDecoder().decode(TEXT)));
    }
  }
  const plain = await wire(answerOf(200, [text], TEXT), "GET /proxy HTTP/1.1");
  assert.equal(plain.head.some((line) => line.startsWith("cache-control")), false);
});

Deno.test("a body where there is none, and what is no answer of HTTP, is let go", () => {
  for (const status of [204, 205, 304]) {
    const { stream, dropped } = streamOf(TEXT);
    const response = upstreamAnswer(answerOf(status, [["x-a", "1"]], stream), { takesCodings: true });
    assert.deepEqual([response.status, response.body, response.headers.get("x-a"), dropped()], [
      status,
      null,
      "1",
      true,
    ]);
    assert.equal(upstreamAnswer(answerOf(status, [], TEXT), { takesCodings: false }).body, null);
  }
  const wrong: readonly (readonly [number, readonly HeaderLine[]])[] = [[101, []], [600, []], [200, [["a b", "1"]]], [
    200,
    [["a", "1\n2"]],
  ]];
  for (const [status, headers] of wrong) {
    const { stream, dropped } = streamOf(TEXT);
    const answer = answerOf(status, headers, stream);
    assert.throws(() => upstreamAnswer(answer, { takesCodings: false }), { code: "upstream_unreachable" });
    assert.equal(dropped(), true);
  }
});
