/** The base URL of an SDK: `/proxy/…` with X-AS-Target-Origin, as text and over real sockets. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { readHead } from "../../../src/listener/head.ts";
import { targetOf } from "../../../src/listener/target_of.ts";
import { parseTarget } from "../../../src/proxy/target.ts";
import { KEY, withDoor } from "../../support/listener.ts";

const OPENAI = "https://api.openai.com";

function target(path: string, headers: Record<string, string>): string {
  return targetOf(readHead({ method: "GET", url: `http://localhost:8765${path}`, headers: new Headers(headers) }));
}

/** What the engine would call for a path behind `/proxy` of {@linkcode OPENAI}. */
function called(path: string): string {
  return parseTarget(target(`/proxy${path}`, { "x-as-target-origin": OPENAI })).href;
}

Deno.test("an SDK's paths and queries reach the origin of the header byte for byte", () => {
  for (
    const path of [
      "/",
      "/v1/chat/completions",
      "/v1/files?limit=2&after=%41%2f%2F&x=a+b&&y",
      "/v1/a%2Fb/..%2f..%2fc/%252e%252e/",
      "/v1//double///slash/",
      "/v1/...//.hidden/..x/x..",
      "//evil.example/v1",
      "/@evil.example/v1",
      "/:8080@evil.example",
      "/https://evil.example/?u=https://user:pw@evil.example/../..",
      "/v1/x?q=../../y&r=/./",
    ]
  ) {
    assert.equal(called(path), OPENAI + path);
  }
});

Deno.test("a path that a parser would change, or that leaves /proxy, is refused", () => {
  for (
    const path of [
      "/..",
      "/.",
      "/v1/../x",
      "/v1/./x",
      "/v1/%2e%2e/x",
      "/v1/%2E./x",
      "/v1/.%2e",
      "/%2e/x",
      "/..\\x",
      "/v1\\..\\x",
      "/\\evil.example/x",
      "/v1/x#fragment",
      "/v1?a=b#fragment",
    ]
  ) {
    assert.throws(() => called(path), (error) => isAppError(error, "bad_request"), path);
  }
  for (const path of ["/proxy", "/proxy?x=1", "/proxyx/v1", "/x/../proxy/v1", "/%70roxy/v1", "//proxy/v1", ""]) {
    const asked = (): string => target(path, { "x-as-target-origin": OPENAI });
    assert.throws(asked, (error) => isAppError(error, "bad_request"), path);
  }
});

Deno.test("X-AS-Target-Origin is scheme and host alone", () => {
  const call = (origin: string): URL => parseTarget(target("/proxy/v1/x", { "x-as-target-origin": origin }));
  assert.equal(call("https://api.openai.com/").href, `${OPENAI}/v1/x`);
  assert.equal(call("HTTP://LOCALHOST:1234").href, "http://localhost:1234/v1/x");
  assert.equal(call("https://[::1]:8443").href, "https://[::1]:8443/v1/x");
  for (
    const origin of [
      "",
      "api.openai.com",
      "//api.openai.com",
      "file:///etc",
      "https://",
      "https:///api.openai.com",
      "https://api.openai.com/v1",
      "https://api.openai.com//",
      "https://api.openai.com?x",
      "https://api.openai.com#x",
      "https://api.openai.com\\",
      "https://api.openai.com, https://evil.example",
      "https://user@api.openai.com",
      "https://user:pw@api.openai.com",
      "https://api.openai.com%2f.evil.example",
    ]
  ) {
    assert.throws(() => call(origin), (error) => isAppError(error, "bad_request", "invalid_target"), origin);
  }
});

Deno.test("one way to name the target, and nothing dropped in silence", () => {
  const whole = { "x-as-target-url": `${OPENAI}/v1?a=b` };
  assert.equal(target("/proxy", whole), `${OPENAI}/v1?a=b`);
  const refused: readonly (readonly [string, Record<string, string>, RegExp])[] = [
    ["/proxy", {}, /X-AS-Target-URL is missing/],
    ["/proxy/v1", {}, /goes with the header X-AS-Target-Origin/],
    ["/proxy/v1", whole, /goes with the header X-AS-Target-Origin/],
    ["/proxy?page=2", whole, /query belongs into X-AS-Target-URL/],
    ["/proxy", { ...whole, "x-as-target-origin": OPENAI }, /send one of them/],
    ["/proxy/v1", { ...whole, "x-as-target-origin": OPENAI }, /send one of them/],
  ];
  for (const [path, headers, message] of refused) {
    assert.throws(
      () => target(path, headers),
      (error) => isAppError(error, "bad_request") && message.test(String(error)),
    );
  }
});

Deno.test("P11 over the socket, one client calls several paths of one origin, and tricks in the path reach nobody", async () => {
  await withDoor(async ({ upstream, engine, listener }) => {
    const port = listener.port;
    const ask = async (path: string, origin = upstream.origin, extra = ""): Promise<string> => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const head = `GET ${path} HTTP/1.1\r\nhost: localhost:${port}\r\nconnection: close\r\n` +
        `authorization: Bearer unused\r\nx-as-target-origin: ${origin}\r\nx-as-inject-bearer: STRIPE_KEY\r\n${extra}\r\n`;
      await connection.write(new TextEncoder().encode(head));
      return await new Response(connection.readable).text();
    };
    for (const path of ["/v1/models", "/v1/files?after=%41&x='y'&&", "//evil.example/%2e%2e%2fx"]) {
      const answer = await ask(`/proxy${path}`);
      assert.match(answer, /^HTTP\/1\.1 200 /);
      assert.equal(answer.includes(KEY), false);
      const { path: seen, host, headers } = upstream.requests.at(-1)!;
      assert.deepEqual([seen, host], [path.replaceAll("'", "%27"), `localhost:${upstream.port}`]);
      assert.deepEqual([headers.authorization, headers["x-as-target-origin"]], [`Bearer ${KEY}`, undefined]);
    }
    const before = upstream.requests.length;
    for (
      const path of ["/proxy/../forget", "/proxy/v1/../../x", "/proxy/%2e%2e/x", "/proxy/\\evil", "/x/../proxy/v1"]
    ) {
      assert.match(await ask(path), /^HTTP\/1\.1 400 .*"(code|error)":"bad_request"/s, path);
    }
    assert.match(
      await ask("/proxy/v1", upstream.origin, `x-as-target-url: ${upstream.origin}\r\n`),
      /^HTTP\/1\.1 400 /,
    );
    // Where SDKs look for it, and with what a person is to do, as the message is all that they show.
    const { error } = JSON.parse((await ask("/proxy/v1", "https://evil.example")).split("\r\n\r\n")[1]!);
    assert.deepEqual([error.code, error.type, error.domain], [
      "domain_not_in_allowlist",
      "agentsecrets",
      "evil.example",
    ]);
    assert.match(error.message, /evil\.example.*\. .*agentsecrets workspace allowlist add/);
    assert.match(await ask("/proxy/v1", upstream.origin, "origin: https://evil.example\r\n"), /"browser_refused"/);
    assert.equal(upstream.requests.length, before);
    assert.deepEqual((await engine.records()).map(({ targetUrl, status }) => [new URL(targetUrl).pathname, status]), [
      ["/v1/models", "OK"],
      ["/v1/files", "OK"],
      ["//evil.example/%2e%2e%2fx", "OK"],
      ["/v1", "BLOCKED"],
    ]);
  });
});
