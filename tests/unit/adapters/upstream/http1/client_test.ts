/** Exchanges over real connections with a server that says exactly what the test says. */
import assert from "node:assert/strict";
import { PinnedUpstream } from "../../../../../src/adapters/upstream/pinned.ts";
import type { Bytes } from "../../../../../src/kernel/bytes.ts";
import { AppError, isAppError } from "../../../../../src/kernel/error.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../../../../src/ports/upstream.ts";
import { type ScriptedUpstream, startScripted, type Visit } from "../../../../support/scripted_upstream.ts";

const TIMEOUTS = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 };
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const encoder = new TextEncoder();

/** A client and a server; `send` asks it for `/`. */
class World implements AsyncDisposable {
  readonly adapter = new PinnedUpstream({ userAgent: "test" });
  readonly upstream: ScriptedUpstream;

  constructor(script: (visit: Visit) => Promise<void>) {
    this.upstream = startScripted(script);
  }

  send(more: Partial<UpstreamRequest> = {}, signal?: AbortSignal): Promise<UpstreamResponse> {
    const request = { method: "GET", headers: [], addresses: ["127.0.0.1"], timeouts: TIMEOUTS, ...more };
    return this.adapter.send({ url: new URL(this.upstream.origin), ...request }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.adapter.close();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Answers every request of a connection in the same way. */
function always(...answer: readonly string[]): (visit: Visit) => Promise<void> {
  return async (visit) => {
    while (await visit.head() !== undefined) await visit.say(...answer);
  };
}

async function textOf(response: UpstreamResponse): Promise<string> {
  return await new Response(response.body).text();
}

function streamOf(response: UpstreamResponse): ReadableStreamDefaultReader<Bytes> {
  assert.ok(response.body instanceof ReadableStream);
  return response.body.getReader();
}

async function failsWith(call: Promise<unknown>, code: AppError["code"], reason = /./): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

Deno.test("an answer that came whole is bytes, one without a body is null, and both leave the connection for the next", async () => {
  const answers = [
    OK,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\no\r\r\n1\r\nk\r\n0\r\nX-Trailer: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + OK,
  ];
  await using world = new World(async (visit) => {
    for (const answer of answers) await visit.head().then(() => visit.say(answer));
    await visit.head();
    await visit.say("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    await visit.rest();
  });
  const bodies: unknown[] = [];
  for (let i = 0; i < answers.length; i++) {
    const { body } = await world.send();
    bodies.push(body instanceof Uint8Array ? new TextDecoder().decode(body) : body);
  }
  assert.deepEqual(bodies, ["ok", "o\rk", "", null, null, "ok"]);
  const head = await world.send({ method: "HEAD" });
  assert.equal(head.body, null);
  assert.deepEqual(head.headers, [["Content-Length", "5000"]]);
  assert.equal(world.upstream.visits, 1);
});

Deno.test("a body that is still coming is given piece by piece, and the connection serves again after its end", async () => {
  const more = Promise.withResolvers<void>();
  await using world = new World(async (visit) => {
    for (let head = await visit.head(); head !== undefined; head = await visit.head()) {
      await visit.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
      await more.promise;
      await visit.say("3\r\ntwo\r\n");
      await visit.say("0\r\n\r\n");
    }
  });
  const reader = streamOf(await world.send());
  assert.equal(new TextDecoder().decode((await reader.read()).value), "one");
  more.resolve();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    rest += new TextDecoder().decode(read.value);
  }
  assert.equal(rest, "two");
  assert.equal(await textOf(await world.send()), "onetwo");
  assert.equal(world.upstream.visits, 1);
});

Deno.test("an answer without framing ends with its connection, an older one and one that says so leave none", async () => {
  const answers = [
    "HTTP/1.1 200 OK\r\n\r\nto the end",
    "HTTP/1.0 200 OK\r\nContent-Length: 10\r\nConnection: keep-alive\r\n\r\nto the end",
    "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nto the end",
  ];
  await using world = new World(async (visit) => {
    await visit.head();
    await visit.say(answers[visit.number]!);
    if (visit.number > 0) assert.equal(await visit.rest(), "");
  });
  for (const _ of answers) assert.equal(await textOf(await world.send()), "to the end");
  assert.equal(world.upstream.visits, answers.length);
});

Deno.test("P35 a byte more than an answer's framing says, with it or later, is never taken for the next answer", async () => {
  const planted = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nplanted";
  for (const delayed of [false, true]) {
    const read = Promise.withResolvers<void>(), sent = Promise.withResolvers<void>();
    await using world = new World(async (visit) => {
      if (visit.number > 0) return await always(OK)(visit);
      await visit.head();
      await visit.say(delayed ? OK : OK + planted);
      await read.promise;
      if (delayed) await visit.say(planted);
      sent.resolve();
      await visit.rest();
    });
    assert.equal(await textOf(await world.send()), "ok");
    read.resolve();
    await sent.promise;
    // What was planted later has to have arrived: a round trip over another connection lets it.
    const other = startScripted(always(OK));
    await textOf(await world.send({ url: new URL(other.origin) }));
    await other[Symbol.asyncDispose]();
    assert.equal(await textOf(await world.send()), "ok");
    assert.equal(world.upstream.visits, 2, delayed ? "planted later" : "planted with the answer");
  }
});

Deno.test("a connection is used again only for an address that the newest check gave", async () => {
  await using world = new World(always(OK));
  await textOf(await world.send());
  await failsWith(world.send({ addresses: ["127.0.0.2"] }), "upstream_unreachable", /refused/);
  await textOf(await world.send());
  assert.equal(world.upstream.visits, 2);
});

Deno.test("what may be done twice is sent again when the kept connection was closed under it, anything else is not", async () => {
  const cases: readonly (readonly [Partial<UpstreamRequest>, boolean])[] = [
    [{ method: "GET" }, true],
    [{ method: "DELETE" }, true],
    [{ method: "PUT", body: encoder.encode("x") }, true],
    [{ method: "POST", body: encoder.encode("x"), headers: [["Idempotency-Key", "1"]] }, true],
    [{ method: "POST", body: encoder.encode("x") }, false],
    [{ method: "PATCH", body: encoder.encode("x") }, false],
    [{ method: "PUT", body: ReadableStream.from([encoder.encode("x")]) }, false],
  ];
  for (const [request, isRepeated] of cases) {
    const heads: string[] = [];
    await using world = new World(async (visit) => {
      heads.push((await visit.head())!);
      await visit.say(OK);
      // The second request is read, so it may have been worked on, and then there is no answer.
      if (visit.number === 0) heads.push((await visit.head())!);
      else await visit.rest();
    });
    await textOf(await world.send());
    const what = `${request.method} ${JSON.stringify(request.headers)}`;
    if (isRepeated) assert.equal(await textOf(await world.send(request)), "ok", what);
    else await failsWith(world.send(request), "upstream_unreachable", /closed|reset/);
    assert.equal(heads.length, isRepeated ? 3 : 2, what);
  }
});

Deno.test("nothing is sent again once a byte of the answer came, nor over a connection that is new", async () => {
  for (const beginning of ["HTTP/1.1 200", "HTTP/1.1 100 Continue\r\n\r\n"]) {
    await using world = new World(async (visit) => {
      await visit.head();
      await visit.say(OK);
      await visit.head();
      await visit.say(beginning);
    });
    await textOf(await world.send());
    await failsWith(world.send(), "upstream_unreachable", /ended early/);
    assert.equal(world.upstream.visits, 1, beginning);
  }
  await using world = new World(async (visit) => void await visit.head());
  await failsWith(world.send(), "upstream_unreachable", /closed before the answer/);
  assert.equal(world.upstream.visits, 1);
});

Deno.test("a connection that the upstream closed while it rested is not used", async () => {
  const closed = Promise.withResolvers<void>();
  await using world = new World(async (visit) => {
    await visit.head();
    await visit.say(OK);
    if (visit.number > 0) await visit.rest();
    else queueMicrotask(closed.resolve);
  });
  await textOf(await world.send());
  await closed.promise;
  // The end is on its way: what could not be repeated meets it once at most.
  const answer = await world.send({ method: "POST" }).catch((error) => {
    assert.ok(isAppError(error, "upstream_unreachable"));
    return world.send({ method: "POST" });
  });
  assert.equal(await textOf(answer), "ok");
});

Deno.test("a connection rests no longer than the upstream said, and not at all when that is nothing", async () => {
  await using world = new World(always("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok"));
  await textOf(await world.send());
  await textOf(await world.send());
  assert.equal(world.upstream.visits, 2);
});

Deno.test("bodies go up whole, streamed in chunks, or streamed with the length that was said", async () => {
  const bodies: string[] = [];
  await using world = new World(async (visit) => {
    for (let head = await visit.head(); head !== undefined; head = await visit.head()) {
      const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
      if (length === undefined) assert.match(head, /\r\ntransfer-encoding: chunked/);
      let body = await visit.bytes(Number(length ?? 5));
      while (length === undefined && !body.endsWith("0\r\n\r\n")) body += await visit.bytes(1);
      bodies.push(body);
      await visit.say(OK);
    }
  });
  const large = "0123456789".repeat(10_000);
  const stream = (): ReadableStream<Bytes> =>
    ReadableStream.from([encoder.encode("ab"), new Uint8Array(), encoder.encode("c")]);
  for (const body of [encoder.encode("whole"), encoder.encode(large), stream()]) {
    await textOf(await world.send({ method: "POST", body }));
  }
  await textOf(await world.send({ method: "POST", body: stream(), bodyLength: 3 }));
  assert.deepEqual(bodies, ["whole", large, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc"]);
  assert.equal(world.upstream.visits, 1);
});

Deno.test("P11 a streamed body that is longer or shorter than it was said to be ends the call and the connection", async () => {
  const seen = [0, 1, 2].map(() => Promise.withResolvers<string>());
  await using world = new World(async (visit) => {
    await visit.head();
    seen[visit.number]!.resolve(await visit.rest());
  });
  const smuggled = "abcGET /smuggled HTTP/1.1\r\n\r\n";
  for (const [text, bodyLength] of [[smuggled, 3], ["ab", 3]] as const) {
    const body = ReadableStream.from([encoder.encode(text)]);
    await failsWith(world.send({ method: "POST", body, bodyLength }), "bad_request", /length/);
  }
  const broken = new ReadableStream<Bytes>({ pull: (controller) => controller.error(new Error("gone")) });
  await failsWith(world.send({ method: "POST", body: broken }), "bad_request", /ended early/);
  assert.deepEqual(await Promise.all(seen.map(({ promise }) => promise)), ["", "ab", ""]);
});

Deno.test("an answer that comes before the upload's end is given at once; what is refused is not sent to the end", async () => {
  for (const [answer, goesOn] of [[OK, true], [OK.replace("200 OK", "413 Too Large"), false]] as const) {
    const rest = Promise.withResolvers<string>();
    await using world = new World(async (visit) => {
      await visit.head();
      await visit.bytes(6);
      await visit.say(answer);
      rest.resolve(goesOn ? await visit.bytes(11) : await visit.rest());
      if (goesOn) await always(OK)(visit);
    });
    let controller!: ReadableStreamDefaultController<Bytes>;
    const left = Promise.withResolvers<void>();
    const body = new ReadableStream<Bytes>({ start: (c) => void (controller = c), cancel: () => left.resolve() });
    controller.enqueue(encoder.encode("a"));
    const timeouts = { ...TIMEOUTS, idleMs: 10 * 60_000 };
    assert.equal(await textOf(await world.send({ method: "POST", body, timeouts })), "ok");
    if (goesOn) {
      controller.enqueue(encoder.encode("b"));
      controller.close();
      assert.equal(await rest.promise, "1\r\nb\r\n0\r\n\r\n");
    } else {
      await left.promise;
      assert.equal(await rest.promise, "");
    }
  }
});

Deno.test("an answer is given although the upstream stopped taking the upload", async () => {
  await using world = new World(async (visit) => {
    await visit.head();
    await visit.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
    await visit.rest();
  });
  const endless = new ReadableStream<Bytes>({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)) });
  const response = await world.send({ method: "POST", body: endless });
  assert.equal(response.status, 403);
  assert.equal(await textOf(response), "no");
});

Deno.test("a caller's stream is read only as fast as the upstream takes it", async () => {
  const go = Promise.withResolvers<void>();
  await using world = new World(async (visit) => {
    await visit.head();
    await go.promise;
    await visit.say(OK);
  });
  let pulled = 0;
  const body = new ReadableStream<Bytes>({
    pull(controller): void {
      pulled += 64 * 1024;
      controller.enqueue(new Uint8Array(64 * 1024));
      // Far beyond what two sockets hold: nobody takes it all.
      if (pulled >= 256 * 1024 * 1024) controller.close();
    },
  });
  const call = world.send({ method: "POST", body });
  for (let before = -1; before !== pulled;) {
    before = pulled;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(pulled < 64 * 1024 * 1024, `${pulled} bytes were read`);
  go.resolve();
  assert.equal(await textOf(await call), "ok");
});

Deno.test("an abort ends the exchange in every phase, with the signal's own reason", async () => {
  await using world = new World(async (visit) => {
    const head = await visit.head();
    if (head?.startsWith("POST")) await visit.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await visit.rest();
  });
  const cancelled = new AppError("cancelled");
  await failsWith(world.send({}, AbortSignal.abort(cancelled)), "cancelled");
  const waiting = new AbortController();
  const call = world.send({}, waiting.signal);
  setTimeout(() => waiting.abort(cancelled), 20);
  await failsWith(call, "cancelled");
  const reading = new AbortController();
  const reader = streamOf(await world.send({ method: "POST" }, reading.signal));
  await reader.read();
  const next = reader.read();
  reading.abort(cancelled);
  await failsWith(next, "cancelled");
  const silent = new AbortController();
  const unread = streamOf(await world.send({ method: "POST" }, silent.signal));
  silent.abort(cancelled);
  await failsWith(unread.read().then(() => unread.read()), "cancelled");
});

Deno.test("every wait has its limit: the head, an upload that stands still, the body while somebody reads", async () => {
  const again = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await using world = new World(async (visit) => {
    const head = await visit.head();
    if (head?.startsWith("PUT")) {
      await visit.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none");
      for (const { promise } of again) await promise.then(() => visit.say("two"));
    }
    if (head?.startsWith("DELETE")) await visit.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none");
    await visit.rest();
  });
  await failsWith(
    world.send({ timeouts: { ...TIMEOUTS, firstByteMs: 40 } }),
    "upstream_timeout",
    /first byte within 40 ms/,
  );
  const still = new ReadableStream<Bytes>();
  const call = world.send({ method: "POST", body: still, timeouts: { ...TIMEOUTS, firstByteMs: 40 } });
  await failsWith(call, "upstream_timeout", /first byte within 40 ms/);
  const silent = await world.send({ method: "DELETE", timeouts: { ...TIMEOUTS, idleMs: 40 } });
  await failsWith(textOf(silent), "upstream_timeout", /further byte within 40 ms/);
  const idleMs = 2000;
  const reader = streamOf(await world.send({ method: "PUT", timeouts: { ...TIMEOUTS, idleMs } }));
  assert.equal((await reader.read()).value?.length, 3);
  for (const { resolve } of again) {
    const next = reader.read();
    resolve();
    assert.equal((await next).value?.length, 3);
    // Nobody waits, so nothing is late.
    if (resolve === again[0]!.resolve) await new Promise((resolve) => setTimeout(resolve, idleMs + 100));
  }
  assert.equal((await reader.read()).done, true);
});

Deno.test("an upload that moves may take longer than the limit for the head", async () => {
  await using world = new World(async (visit) => {
    await visit.head();
    for (let next = await visit.bytes(1); next !== "" && next !== "0";) next = await visit.bytes(1);
    await visit.say(OK);
  });
  const firstByteMs = 2000, began = performance.now();
  const body = new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      // Far below the limit, also on a busy machine, and all together beyond it.
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (performance.now() - began > firstByteMs + 200) controller.close();
      else controller.enqueue(encoder.encode("x"));
    },
  });
  const response = await world.send({ method: "POST", body, timeouts: { ...TIMEOUTS, firstByteMs } });
  assert.equal(await textOf(response), "ok");
});

Deno.test("P38 a body of tiny chunks is read in turns: whatever else is ready runs between them", async () => {
  const chunks = 60_000;
  await using world = new World(always(
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "1\r\na\r\n".repeat(chunks),
    "0\r\n\r\n",
  ));
  const response = await world.send();
  let turns = 0, over = false;
  const turn = (): void => {
    turns++;
    if (!over) setTimeout(turn, 0);
  };
  turn();
  assert.equal((await textOf(response)).length, chunks);
  over = true;
  assert.ok(turns >= 100, `${turns} turns`);
});
