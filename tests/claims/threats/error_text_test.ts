/** Failures that have a credential or a token near at hand, and must not quote it (proxy.md, "token in error text"). */
import assert from "node:assert/strict";
import { CanarySearch } from "../../support/canary.ts";
import { KEY, withDoor } from "../../support/listener.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";
import { RawUpstream } from "../../support/raw_upstream.ts";
import { startUpstream } from "../../support/upstream.ts";

/** Answers that are none, each with what the upstream was told in the place that is wrong. */
const BROKEN: Readonly<Record<string, (told: string) => string>> = {
  "no HTTP at all": (told) => `${told}\r\n\r\n`,
  "a version that is none": (told) => `HTTP/${told} 200 OK\r\n\r\n`,
  "a status that is none": (told) => `HTTP/1.1 ${told} OK\r\n\r\n`,
  "a reason with a control character": (told) => `HTTP/1.1 200 ${told}\x01\r\n\r\n`,
  "a header without a colon": (told) => `HTTP/1.1 200 OK\r\n${told}\r\n\r\n`,
  "a header's name that is none": (told) => `HTTP/1.1 200 OK\r\n${told} x: 1\r\n\r\n`,
  "a length that is none": (told) => `HTTP/1.1 200 OK\r\ncontent-length: ${told}\r\n\r\n`,
  "a transfer coding": (told) => `HTTP/1.1 200 OK\r\ntransfer-encoding: ${told}\r\n\r\n`,
  "a content coding": (told) => `HTTP/1.1 200 OK\r\ncontent-encoding: ${told}\r\ncontent-length: 1\r\n\r\nx`,
  "a switch of protocols": (told) => `HTTP/1.1 101 Switching\r\nupgrade: ${told}\r\n\r\n`,
  "an end too early": (told) => `HTTP/1.1 200 OK\r\nx-told: ${told}`,
  "nothing": () => "",
};
/** Answers that break off after their head: there is no error text, and there must be no end. */
const BROKEN_LATER: Readonly<Record<string, (told: string) => string>> = {
  "a chunk's size": (told) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${told}\r\n`,
  "a trailer": (told) => `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n${told}\x01\r\n\r\n`,
  "a coded body": (told) =>
    `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${told.length}\r\n\r\n${told}`,
  "a body that is too short": (told) => `HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${told}`,
};

Deno.test("P1 P37 an answer that is wrong in the place where it holds the credential is an error that quotes nothing of it", async () => {
  await using upstream = new RawUpstream(() => Promise.resolve());
  await withDoor(async ({ listener: { port }, engine }) => {
    // Some words of an answer are read in lower case.
    const search = new CanarySearch({ KEY, "KEY in lower case": KEY.toLowerCase() });
    const styles = ["bearer", "header-x-key", "query-k"];
    for (const [what, answer] of Object.entries({ ...BROKEN, ...BROKEN_LATER })) {
      for (const style of styles) {
        // Deno's own texts of failures hold the whole URL: an injected query is the nearest that a credential comes to one.
        upstream.script = async (exchange) => {
          assert.ok(exchange.head.includes(KEY));
          await exchange.write(answer(exchange.header("authorization") ?? KEY));
        };
        const headers = [
          `x-as-target-url: ${upstream.origin}/x`,
          `x-as-inject-${style}: STRIPE_KEY`,
          "connection: close",
        ];
        const got = await exchange(port, proxyHead(port, headers));
        search.text(`${what}, ${style}`, got);
        if (what in BROKEN) {
          assert.match(got, /^HTTP\/1\.1 502 /, `${what}: ${got}`);
          const { error, message, hint = "" } = JSON.parse(bodyOf(got));
          assert.match(error, /^upstream_(unreachable|undecodable)$/, what);
          assert.equal(/Bearer|x-told|HTTP\/1\.1 |\?k=/.test(`${message}${hint}`), false, `${what}: ${message}`);
        } else assert.equal(got.endsWith("\r\n0\r\n\r\n"), false, what);
      }
    }
    search.text("the log", await Deno.readTextFile(engine.sink.path));
    assert.deepEqual(search.found, []);
  }, { allow: [upstream.origin] });
});

Deno.test("P1 P37 no connection, no TLS, no name and no time quote no credential either", async () => {
  const stranger = await startUpstream(); // of an authority that nobody trusts here
  const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const unused = `http://localhost:${closed.addr.port}`;
  closed.close();
  const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const talking = talkPlainly(plain);
  const origins = [
    stranger.origin,
    unused,
    `https://localhost:${plain.addr.port}`,
    "https://no-such-name.example",
  ];
  try {
    await withDoor(async ({ listener: { port }, engine, upstream }) => {
      const search = new CanarySearch({ KEY });
      for (const origin of [...origins, upstream.origin.replace("localhost", "127.0.0.1")]) {
        for (const style of ["bearer", "query-k"]) {
          const headers = [`x-as-target-url: ${origin}/${KEY}?a=${KEY}`, `x-as-inject-${style}: STRIPE_KEY`];
          const got = await exchange(port, proxyHead(port, [...headers, "connection: close"]));
          assert.match(got, /^HTTP\/1\.1 (502|403) [^]*"error":"/, `${origin}: ${got}`);
          search.text(`${origin}, ${style}`, got);
        }
      }
      // An allowed target is on record with its path redacted; of a refused one no value was read that could be looked for.
      const lines = (await engine.records()).filter(({ status }) => status !== "BLOCKED");
      assert.equal(lines.length, 8);
      search.text("the log", JSON.stringify(lines));
      assert.deepEqual(search.found, []);
    }, { allow: origins });
  } finally {
    plain.close();
    await talking;
    await stranger.close();
  }
});

/** Answers whoever connects without waiting for a word, and in no TLS. */
async function talkPlainly(listener: Deno.TcpListener): Promise<void> {
  for await (const connection of listener) {
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    connection.close();
  }
}

Deno.test("P30 a token of the door, right or wrong, is quoted in no answer, passed to nobody and logged nowhere", async () => {
  await using upstream = new RawUpstream((exchange) => exchange.write("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n"));
  const wrong = "ses_0123456789abcdef.wrong-canary-0123456789-0123456789-0123456",
    agent = "ast1.canary-agent-token-0123456789";
  await withDoor(async ({ listener: { port }, engine, session }) => {
    const search = new CanarySearch({ session, wrong, agent });
    const target = `x-as-target-url: ${upstream.origin}/x`;
    const requests: readonly (readonly [status: RegExp, headers: readonly string[], path?: string])[] = [
      [/500/, [target, `x-as-session: ${session}`]],
      [/401/, [target, `x-as-session: ${wrong}`]],
      [/401/, [target, `x-as-agent-token: ${agent}`]],
      [/401/, [target, `x-as-agent-token: ${agent}`, `x-as-session: ${session}`]],
      [/401/, [target, `x-as-session: ${session}`, `x-as-session: ${session}`]],
      [/400/, [target, `x-as-session: ${session}`, `x-as-inject-bearer: ${session}`]],
      [/400/, [target, `x-as-session: ${session}`, `x-as-token: ${session}`]],
      [/400/, [`x-as-target-url: https://${session}@localhost/`, `x-as-session: ${session}`]],
      [/400/, [target, `x-as-session: ${session}`], `/${session}`],
      [/401/, [`x-as-session: ${wrong}`], "/forget"],
      [/403/, [target, `x-as-session: ${session}`, `origin: ${session}`]],
      [/400/, ["host: evil.example", target, `x-as-session: ${session}`]],
    ];
    for (const [status, headers, path] of requests) {
      const method = path === "/forget" ? "POST" : "GET";
      const got = await exchange(port, proxyHead(port, [...headers, "connection: close"], method, path ?? "/proxy"));
      assert.match(got.slice(9, 12), status, `${headers.join(" | ")}: ${got}`);
      search.text(headers.join(" | ").slice(0, 60), got);
    }
    search.text("what the upstream saw", upstream.heads.join("\n"));
    search.text("the log", await Deno.readTextFile(engine.sink.path));
    assert.deepEqual(search.found, []);
  }, { allow: [upstream.origin] });
});
