/** Calls through a real CONNECT proxy: verified end to end, and the proxy learns nothing but where they go. */
import assert from "node:assert/strict";
import { PinnedUpstream } from "../../../../../src/adapters/upstream/pinned.ts";
import { proxySettings } from "../../../../../src/adapters/upstream/proxy/settings.ts";
import { UpstreamProxy } from "../../../../../src/adapters/upstream/proxy/upstream_proxy.ts";
import { type ErrorCode, isAppError } from "../../../../../src/kernel/error.ts";
import type { UpstreamRequest } from "../../../../../src/ports/upstream.ts";
import { nobodyListens } from "../../../../support/nobody_listens.ts";
import { makeAuthority } from "../../../../support/authority.ts";
import { startConnectProxy } from "../../../../support/connect_proxy.ts";
import { startUpstream } from "../../../../support/upstream.ts";

const VALUE = "sk_live_must_not_reach_the_proxy";
const LOGIN = "tunnel-password";

function adapterFor(text: string, caCerts: readonly string[], noProxy = ""): PinnedUpstream {
  const environment = { HTTPS_PROXY: text, NO_PROXY: noProxy };
  return new PinnedUpstream({ caCerts, proxy: new UpstreamProxy(proxySettings("env", environment)!, caCerts) });
}

function requestTo(url: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  const timeouts = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 };
  return {
    url: new URL(url),
    method: "GET",
    headers: [["authorization", `Bearer ${VALUE}`]],
    addresses: [],
    timeouts,
    ...more,
  };
}

async function failsWith(call: Promise<unknown>, code: ErrorCode, reason = /./): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, reason);
    assert.equal(JSON.stringify([error.message, error.fields, error.stack]).includes(LOGIN), false);
    return true;
  });
}

Deno.test("P7 through the proxy a call is TLS with the target from end to end, in both protocols, and kept connections serve again", async () => {
  for (const http2 of [true, false]) {
    for (const isSecure of [false, true]) {
      const upstream = await startUpstream({ http2 }), authority = await makeAuthority();
      const authorization = `Basic ${btoa(`me:${LOGIN}`)}`;
      await using proxy = startConnectProxy({
        authorization,
        ...(isSecure ? { identity: await authority.issue(["localhost"]) } : {}),
      });
      const where = `${isSecure ? "https" : "http"}://me:${LOGIN}@localhost:${proxy.port}`;
      const adapter = adapterFor(where, [upstream.caPem, authority.caPem]);
      const url = `https://api.example.test:${upstream.port}/secret-path?q=${VALUE}`;
      assert.equal(adapter.throughProxy(new URL(url)), true);
      for (let i = 0; i < 3; i++) {
        const body = new TextEncoder().encode("x".repeat(100_000));
        const response = await adapter.send(requestTo(url, { method: "POST", body }));
        const seen = await new Response(response.body).json();
        assert.equal(seen.headers.authorization, `Bearer ${VALUE}`);
        assert.equal(seen.body.length, 100_000);
        assert.equal("proxy-authorization" in seen.headers, false);
      }
      // One that tells the protocol, and with HTTP/2 one that is used.
      assert.equal(proxy.heads.length, http2 ? 2 : 1);
      const line = `api.example.test:${upstream.port}`;
      for (const head of proxy.heads) {
        assert.equal(
          head,
          `CONNECT ${line} HTTP/1.1\r\nhost: ${line}\r\nproxy-authorization: ${authorization}\r\n\r\n`,
        );
      }
      assert.equal(proxy.seen().includes(VALUE) || proxy.seen().includes("secret-path"), false);
      await adapter.close();
      await upstream.close();
    }
  }
});

Deno.test("P7 a proxy that answers in the target's place gets nothing: its certificate is not the target's", async () => {
  const upstream = await startUpstream({ hosts: ["elsewhere.example"] });
  await using proxy = startConnectProxy();
  for (const [roots, code] of [[[upstream.caPem], "upstream_tls_name"], [[], "upstream_tls_untrusted"]] as const) {
    const adapter = adapterFor(`http://127.0.0.1:${proxy.port}`, roots);
    await failsWith(adapter.send(requestTo(`https://api.example.test:${upstream.port}/`)), code);
    await failsWith(adapter.connect(requestTo(`https://api.example.test:${upstream.port}/ws`)), code);
    await adapter.close();
  }
  assert.equal(upstream.requests.length, 0);
  assert.equal(proxy.seen().includes(VALUE), false);
  await upstream.close();
});

Deno.test("a WebSocket goes through the proxy too", async () => {
  for (const isSecure of [false, true]) {
    const upstream = await startUpstream(), authority = await makeAuthority();
    await using proxy = startConnectProxy(isSecure ? { identity: await authority.issue(["localhost"]) } : {});
    const where = `${isSecure ? "https" : "http"}://localhost:${proxy.port}`;
    const adapter = adapterFor(where, [upstream.caPem, authority.caPem]);
    const socket = await adapter.connect(requestTo(`https://api.example.test:${upstream.port}/ws`));
    await socket.send({ kind: "text", bytes: new TextEncoder().encode("hello") });
    const message = await socket.receive();
    assert.ok("bytes" in message);
    assert.equal(new TextDecoder().decode(message.bytes), "hello");
    socket.cut();
    assert.equal(proxy.heads.length, 1);
    assert.equal(proxy.seen().includes(VALUE), false);
    await adapter.close();
    await upstream.close();
  }
});

Deno.test("what NO_PROXY names and this machine go past the proxy, to the checked address alone", async () => {
  const upstream = await startUpstream({ http2: false });
  await using proxy = startConnectProxy();
  const adapter = adapterFor(`http://127.0.0.1:${proxy.port}`, [upstream.caPem], "api.example.test");
  for (const host of ["api.example.test", "localhost"]) {
    const url = `https://${host}:${upstream.port}/`;
    assert.equal(adapter.throughProxy(new URL(url)), false);
    const response = await adapter.send(requestTo(url, { addresses: ["127.0.0.1"] }));
    assert.equal(response.status, 200);
    await new Response(response.body).text();
  }
  assert.equal(proxy.heads.length, 0);
  await adapter.close();
  await upstream.close();
});

Deno.test("P7 plain http never goes to the proxy: it would read the credential", async () => {
  await using proxy = startConnectProxy();
  const adapter = adapterFor(`http://127.0.0.1:${proxy.port}`, []);
  await failsWith(adapter.send(requestTo("http://api.example.test/")), "plain_http_through_proxy");
  assert.equal(proxy.seen(), "");
  await adapter.close();
});

Deno.test("a proxy that refuses, wants a password, talks nonsense, is silent or not there each ends the call with a reason", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", /status 403/],
    ["HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", /a user and a password/],
    ["HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\n\r\n", /status 302/],
    ["HTTP/1.1 100 Continue\r\n\r\n", /status 100/],
    ["SSH-2.0-OpenSSH\r\n\r\n", /not HTTP/],
    ["HTTP/1.1 200 OK\r\n\r\nplanted", /not valid/],
    ["HTTP/1.1 200 OK\r\nX: y", /closed/],
    [`HTTP/1.1 200 OK\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, /not valid or too large/],
    ["", /closed/],
  ];
  for (const [answer, reason] of cases) {
    await using proxy = startConnectProxy({ answer });
    const adapter = adapterFor(`http://me:${LOGIN}@127.0.0.1:${proxy.port}`, []);
    await failsWith(adapter.send(requestTo("https://api.example.test/")), "upstream_proxy", reason);
    await adapter.close();
  }
  const port = await freePort();
  const absent = adapterFor(`http://127.0.0.1:${port}`, []);
  await failsWith(absent.send(requestTo("https://api.example.test/")), "upstream_proxy", /refused/);
  await absent.close();
  await using stranger = startConnectProxy({ identity: await (await makeAuthority()).issue(["127.0.0.1"]) });
  const secure = adapterFor(`https://me:${LOGIN}@127.0.0.1:${stranger.port}`, []);
  await failsWith(secure.send(requestTo("https://api.example.test/")), "upstream_proxy", /its TLS failed/);
  await secure.close();
  assert.deepEqual(stranger.heads, []);
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const waiting = adapterFor(`http://127.0.0.1:${silent.addr.port}`, []);
  const timeouts = { connectMs: 40, firstByteMs: 10_000, idleMs: 10_000 };
  for (const scheme of ["http", "https"]) {
    const waiting = adapterFor(`${scheme}://127.0.0.1:${silent.addr.port}`, []);
    const call = waiting.send(requestTo("https://api.example.test/", { timeouts }));
    await failsWith(call, "upstream_timeout", /answer of the upstream proxy/);
    await waiting.close();
  }
  const gone = new AbortController();
  const call = waiting.send(requestTo("https://api.example.test/"), gone.signal);
  gone.abort(new TypeError("gone"));
  await assert.rejects(call, TypeError);
  await waiting.close();
  silent.close();
});

async function freePort(): Promise<number> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }), { port } = listener.addr;
  listener.close();
  await nobodyListens({ hostname: "127.0.0.1", port });
  return port;
}
