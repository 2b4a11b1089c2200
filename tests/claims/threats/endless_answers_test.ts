/** Upstreams that never stop, never begin or never finish a part (proxy.md, "never-ending response"). */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { KEY } from "../../support/listener.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { latin1, rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { RunningProxy } from "../../support/running_proxy.ts";

const MIB = 1024 * 1024;
const GROWTH = 64 * MIB;
const BLOCK = latin1(new Uint8Array(64 * 1024).fill(0x2e));

/** Starts of answers whose rest never ends, and what they go on with. */
const ENDLESS: Readonly<Record<string, readonly [begin: string, piece: string]>> = {
  "without a length": ["HTTP/1.1 200 OK\r\n\r\n", BLOCK],
  "in chunks": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", `10000\r\n${BLOCK}\r\n`],
  "with an immense length": ["HTTP/1.1 200 OK\r\ncontent-length: 999999999999999\r\n\r\n", BLOCK],
  "as events": ["HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n", `data: ${BLOCK.slice(0, 5000)}\n\n`],
};

/** Parts of an answer that have a bound of their own, none of which is ever finished. */
const UNFINISHED: Readonly<Record<string, readonly [begin: string, piece: string]>> = {
  "a status line": ["HTTP/1.1 200 ", BLOCK],
  "a header": ["HTTP/1.1 200 OK\r\nx-a: ", BLOCK],
  "headers": ["HTTP/1.1 200 OK\r\n", "x-a: 1\r\n".repeat(4096)],
};
const UNFINISHED_LATER: Readonly<Record<string, readonly [begin: string, piece: string]>> = {
  "a chunk's extension": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;x=", BLOCK],
  "trailers": ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", "x-a: 1\r\n".repeat(4096)],
};

/** An upstream whose `/endless` sends until nobody takes it any more, and counts what was taken. */
class Pump {
  sent = 0;
  begin = "";
  piece = "";
  /** Resolves when the proxy has let go of the last exchange. */
  ended = Promise.withResolvers<void>();

  async answer(write: (text: string) => Promise<void>): Promise<void> {
    this.sent = 0;
    this.ended = Promise.withResolvers();
    try {
      await write(this.begin);
      for (;; this.sent += this.piece.length) await write(this.piece);
    } finally {
      this.ended.resolve();
    }
  }

  /** Waits until the upstream can send no more, as nobody reads. */
  async stalls(): Promise<void> {
    for (let before = -1, same = 0; same < 20; before = this.sent) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      same = before === this.sent ? same + 1 : 0;
    }
  }
}

Deno.test({
  name: "P33 P36 an answer without an end waits for its reader, ends with it, is on record, and costs no memory",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pump = new Pump();
    await using upstream = new RawUpstream(async (exchange) => {
      if (exchange.path === "/endless") await pump.answer((text) => exchange.write(text));
      else await exchange.write(rawAnswer([], "served"));
    });
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      const { port } = proxy;
      const request = (path: string): string =>
        proxyHead(port, [`x-as-target-url: ${upstream.origin}${path}`, "x-as-inject-bearer: KEY", "connection: close"]);
      const served = async (): Promise<void> => {
        assert.match(await exchange(port, request("/x")), /^HTTP\/1\.1 200 /);
      };
      for (let i = 0; i < 20; i++) await served();
      let before = 0;
      let records = (await proxy.records()).length;
      for (const [what, [begin, piece]] of Object.entries(ENDLESS)) {
        Object.assign(pump, { begin, piece });
        using client = await RawClient.open(port);
        await client.write(request("/endless"));
        for (let taken = 0; taken < 32 * MIB;) taken += (await client.read())!.length;
        await pump.stalls();
        const most = pump.sent;
        await served();
        // Sockets' buffers of two connections are all that stands between what was sent and what was read: Linux lets each grow to
        // 36 MiB, and they have grown by about half of one.
        assert.ok(most < (32 + 2 * 36) * MIB, `${what}: ${most / MIB} MiB were taken for a reader of 32`);
        client.close();
        await pump.ended.promise;
        const [record] = (await proxy.recordsOnce(records += 2)).filter(({ target_url }) =>
          target_url.endsWith("/endless")
        ).slice(-1);
        assert.deepEqual([record!.status, record!.error, record!.status_code], ["OK", "cancelled", 200], what);
        if (before === 0) before = await proxy.peak(); // the first one warms up
      }
      const grown = await proxy.peak() - before;
      assert.ok(grown < GROWTH, `grew by ${grown / MIB} MiB`);
    });
  },
});

Deno.test({
  name: "P36 a part of an answer that has a bound and no end breaks the call off, whoever waits for it",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pump = new Pump();
    await using upstream = new RawUpstream((exchange) => pump.answer((text) => exchange.write(text)));
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      const { port } = proxy;
      const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: KEY", "connection: close"];
      for (const [what, [begin, piece]] of Object.entries({ ...UNFINISHED, ...UNFINISHED_LATER })) {
        Object.assign(pump, { begin, piece });
        const answer = await exchange(port, proxyHead(port, headers));
        await pump.ended.promise;
        assert.ok(pump.sent < 16 * MIB, `${what}: ${pump.sent / MIB} MiB`);
        if (what in UNFINISHED) assert.match(answer, /^HTTP\/1\.1 502 [^]*"error":"upstream_unreachable"/, what);
        else assert.equal(answer.endsWith("0\r\n\r\n"), false, what);
      }
      const records = await proxy.records();
      assert.ok(records.every(({ status, error }) => status === "ERROR" && error === "upstream_unreachable"));
      assert.equal(records.length, Object.keys({ ...UNFINISHED, ...UNFINISHED_LATER }).length);
    });
  },
});

Deno.test("P2 P33 a value said over and over without an end is replaced over and over, and bombs of it stay small", async () => {
  const pump = new Pump();
  Object.assign(pump, { begin: "HTTP/1.1 200 OK\r\n\r\n", piece: `${KEY} `.repeat(1000) });
  await using upstream = new RawUpstream((exchange) => pump.answer((text) => exchange.write(text)));
  await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async ({ port }) => {
    using client = await RawClient.open(port);
    const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: KEY"];
    await client.write(proxyHead(port, headers));
    let markers = 0, rest = "";
    while (markers < 50_000) {
      const text = rest + (await client.read())!;
      assert.equal(text.includes(KEY), false);
      markers += text.split(REDACTION_MARKER).length - 1;
      rest = text.slice(-KEY.length);
    }
  });
});
