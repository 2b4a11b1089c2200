/** An upstream that answers what no server should: every call ends with a code, on record, and nobody gets another's answer. */
import assert from "node:assert/strict";
import { AppError, isAppError } from "../../src/kernel/error.ts";
import { makeAuthority, type ServerIdentity } from "../support/authority.ts";
import { TestEngine, textOf } from "../support/engine.ts";
import { type ScriptedUpstream, startScripted, type Visit } from "../support/scripted_upstream.ts";

const VALUE = "sk_live_0123456789abcdef";
const inject = [["bearer", "KEY"]] as const;
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class World implements AsyncDisposable {
  readonly upstream: ScriptedUpstream;
  readonly engine: TestEngine;

  private constructor(upstream: ScriptedUpstream, engine: TestEngine) {
    this.upstream = upstream;
    this.engine = engine;
  }

  static async start(
    script: (visit: Visit) => Promise<void>,
    tls: Partial<ServerIdentity> & { readonly alpnProtocols?: string[] } = {},
  ): Promise<World> {
    const authority = await makeAuthority();
    const upstream = startScripted(script, { ...await authority.issue(["localhost"]), ...tls });
    const allow = [upstream.origin];
    return new World(
      upstream,
      await TestEngine.start({ caPem: authority.caPem, allow, secrets: { KEY: VALUE } }),
    );
  }

  async call(timeouts = {}): Promise<string> {
    return await textOf(await this.engine.call({ target: `${this.upstream.origin}/`, inject, timeouts }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    await this.upstream[Symbol.asyncDispose]();
  }
}

/** Says one thing to each request, after reading it. */
function answering(...texts: readonly string[]): (visit: Visit) => Promise<void> {
  return async (visit) => {
    while (await visit.head() !== undefined) await visit.say(...texts);
  };
}

async function endless(visit: Visit, beginning: string, more: string): Promise<void> {
  await visit.head();
  await visit.say(beginning);
  for (;;) await visit.say(more);
}

Deno.test("P35 answers that could be read in two ways, or never begin to be one, end the call and are on record", async () => {
  const scripts: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
    "length and chunks": answering(
      `HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${OK}`,
    ),
    "two lengths": answering(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 99\r\n\r\nok`),
    "a folded header": answering(`HTTP/1.1 200 OK\r\nX: ${VALUE}\r\n ${VALUE}\r\n\r\n`),
    "a header that hides a line": answering(`HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n`),
    "lines without CR": answering("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"),
    "an unknown coding": answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "chunks with signs": answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nok\r\n0\r\n\r\n"),
    "a chunk longer than its size": answering(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n",
    ),
    "another protocol": answering("SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "a switch of protocols": answering("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    "a head without an end": (visit) => endless(visit, "HTTP/1.1 200 OK\r\n", `X: ${"a".repeat(1000)}\r\n`),
    "a line without an end": (visit) => endless(visit, "HTTP/1.1 200 OK\r\nX: ", "a".repeat(1000)),
    "interim answers without an end": (visit) => endless(visit, "", "HTTP/1.1 103 Early Hints\r\n\r\n"),
    "an extension without an end": (visit) =>
      endless(visit, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=", "a".repeat(1000)),
    "trailers without an end": (visit) =>
      endless(visit, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X: a\r\n"),
    "nothing at all": async (visit) => void await visit.head(),
  };
  for (const [name, script] of Object.entries(scripts)) {
    await using world = await World.start(script);
    const failed = await world.call().then(() => undefined, (error) => error);
    assert.ok(isAppError(failed, "upstream_unreachable"), `${name}: ${failed}`);
    assert.equal(JSON.stringify([failed.message, failed.fields, failed.stack]).includes(VALUE), false, name);
    const records = await world.engine.records();
    assert.deepEqual(records.map(({ status, reason }) => [status, reason]), [["ERROR", "upstream_unreachable"]], name);
    assert.equal(JSON.stringify(records).includes(VALUE), false, name);
  }
});

Deno.test("P35 what an upstream says unasked goes to nobody: before the request, beside an answer, after it", async () => {
  const theirs = `HTTP/1.1 200 OK\r\nContent-Length: ${VALUE.length}\r\n\r\n${VALUE}`;
  const scripts: Readonly<Record<string, (visit: Visit) => Promise<void>>> = {
    "two answers to one request": answering(OK + theirs),
    "an answer to HEAD with a body": answering(`HTTP/1.1 204 No Content\r\n\r\n${theirs}`),
    "a body that is longer than it says": answering(`${OK}${theirs}`),
    "an empty line after each answer": answering(`${OK}\r\n`),
  };
  for (const [name, script] of Object.entries(scripts)) {
    await using world = await World.start(script);
    for (let i = 0; i < 3; i++) assert.match(await world.call(), /^(ok)?$/, name);
    // None of the connections served twice.
    assert.equal(world.upstream.visits, 3, name);
  }
});

Deno.test("P35 a drip of bytes does not keep a call for ever: the limits are on the head and on silence", async () => {
  await using head = await World.start(async (visit) => {
    await visit.head();
    for (const character of "HTTP/1.1 200 OK\r\nX: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") {
      await visit.say(character);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await visit.rest();
  });
  await assert.rejects(head.call({ firstByteMs: 200 }), (e) => isAppError(e, "upstream_timeout"));
  await using body = await World.start(async (visit) => {
    await visit.head();
    await visit.say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    await visit.rest();
  });
  await assert.rejects(body.call({ idleMs: 100 }), (e) => isAppError(e, "upstream_timeout"));
});

Deno.test("P35 an answer that breaks off is never taken for a whole one, whatever says where it ends", async () => {
  const beginnings = [
    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n0\r\n",
  ];
  for (const beginning of beginnings) {
    await using world = await World.start(async (visit) => {
      await visit.head();
      await visit.say(beginning);
    });
    await assert.rejects(world.call(), (e) => isAppError(e, "upstream_unreachable"), beginning);
  }
});

Deno.test("P35 a body that ends with its connection is whole only when TLS says so: whoever cuts the line forges no end", async () => {
  for (const how of ["goodbye", "cut"]) {
    const relay = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const origin = `https://localhost:${relay.addr.port}`;
    let down!: Promise<void>;
    {
      await using world = await World.start(async (visit) => {
        await visit.head();
        await visit.say("HTTP/1.1 200 OK\r\n\r\nhalf");
        if (how === "cut") await visit.rest();
      });
      const accepted = relay.accept().then(async (near) => {
        const far = await Deno.connect({ hostname: "127.0.0.1", port: world.upstream.port });
        down = far.readable.pipeTo(near.writable).catch(() => {});
        near.readable.pipeTo(far.writable).catch(() => {});
        return near;
      });
      world.engine.allow = [origin];
      const response = await world.engine.call({ target: `${origin}/`, inject });
      assert.ok(response.body instanceof ReadableStream);
      const reader = response.body.getReader();
      assert.equal((await reader.read()).value!.length, 4);
      const near = await accepted;
      if (how === "cut") {
        near.close();
        await assert.rejects(reader.read(), (e) => isAppError(e, "upstream_unreachable"));
      } else assert.equal((await reader.read()).done, true);
      relay.close();
    }
    await down;
  }
});

Deno.test("P2 a header whose name is a credential is dropped whatever its case, and other names come in lower case", async () => {
  const value = "Sk-Live_Q7rTz9Wlm3xKp0VbN8";
  const authority = await makeAuthority();
  const answer =
    `HTTP/1.1 200 OK\r\n${value}: 1\r\nX-${value}: 1\r\n${btoa(value).replaceAll("=", "")}: 1\r\nX-Other: 1\r\n` +
    "Content-Length: 2\r\n\r\nok";
  await using upstream = startScripted(answering(answer), await authority.issue(["localhost"]));
  const engine = await TestEngine.start({ caPem: authority.caPem, allow: [upstream.origin], secrets: { KEY: value } });
  try {
    const response = await engine.call({ target: `${upstream.origin}/`, inject });
    assert.deepEqual(response.headers.map(([name]) => name), ["x-other"]);
    assert.equal((await response.outcome).redacted, true);
  } finally {
    await engine.close();
  }
});

Deno.test("an upstream that promises HTTP/2 and speaks HTTP/1.1, or the other way round, gets no second try", async () => {
  await using promised = await World.start(answering(OK), { alpnProtocols: ["h2"] });
  await assert.rejects(promised.call(), (e) => e instanceof AppError && e.code.startsWith("upstream_"));
  await using silent = await World.start(answering("\0\0\x12\x04\0\0\0\0\0"), { alpnProtocols: ["http/1.1"] });
  await assert.rejects(silent.call(), (e) => isAppError(e, "upstream_timeout", "upstream_unreachable"));
});
