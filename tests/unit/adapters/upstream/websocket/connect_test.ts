/** Opening a WebSocket: to the checked address, with TLS for the name that was asked for. */
import assert from "node:assert/strict";
import { PinnedUpstream } from "../../../../../src/adapters/upstream/pinned.ts";
import { isAppError } from "../../../../../src/kernel/error.ts";
import { REDACTED } from "../../../../../src/kernel/secret.ts";
import type { UpstreamRequest } from "../../../../../src/ports/upstream.ts";
import { startUpstream } from "../../../../support/upstream.ts";

const timeouts = { connectMs: 10_000, firstByteMs: 20_000, idleMs: 60_000 };

function request(url: string, more: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return { url: new URL(url), method: "GET", headers: [], addresses: ["127.0.0.1"], timeouts, ...more };
}

Deno.test("P7 a WebSocket goes to the checked address, whatever its name resolves to, with TLS for that name", async () => {
  const upstream = await startUpstream();
  const adapter = new PinnedUpstream({ caCerts: [upstream.caPem] });
  // No resolver knows this name: the address is all there is. The first address refuses, the second answers.
  const url = `https://api.example.test:${upstream.port}/ws`;
  const socket = await adapter.connect(request(url, { addresses: ["127.0.0.2", "127.0.0.1"] }));
  assert.equal(upstream.requests[0]!.host, `api.example.test:${upstream.port}`);
  socket.close(1000);
  assert.deepEqual(await socket.receive(), { code: 1000, reason: "" });
  await upstream.close();
});

Deno.test("P7 a certificate of nobody we trust, or for another name, or expired, opens no WebSocket", async () => {
  const other = await startUpstream({ hosts: ["other.example"] }), old = await startUpstream({ expired: true });
  const cases = [
    [other, [], "upstream_tls_untrusted"],
    [other, [other.caPem], "upstream_tls_name"],
    [old, [old.caPem], "upstream_tls_expired"],
  ] as const;
  for (const [upstream, caCerts, code] of cases) {
    const adapter = new PinnedUpstream({ caCerts });
    const opening = adapter.connect(request(`https://localhost:${upstream.port}/ws`));
    await assert.rejects(opening, (e) => isAppError(e, code), code);
  }
  assert.deepEqual([other.requests.length, old.requests.length], [0, 0]);
  await other.close();
  await old.close();
});

Deno.test("what is no WebSocket, silence, and an abort end the opening", async () => {
  const upstream = await startUpstream({ tls: false });
  const adapter = new PinnedUpstream();
  const to = (path: string): UpstreamRequest => request(`http://localhost:${upstream.port}${path}`);
  await assert.rejects(adapter.connect(to("/status/401")), (e) => {
    return isAppError(e, "upstream_unreachable") && /status 401/.test(e.message);
  });
  const gone = new AbortController();
  const hanging = adapter.connect(to("/hang"), gone.signal);
  while (upstream.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  gone.abort(new TypeError("gone"));
  await assert.rejects(hanging, TypeError);
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const short = request(`http://localhost:${silent.addr.port}/`, {
    timeouts: { connectMs: 10, firstByteMs: 10, idleMs: 10 },
  });
  await assert.rejects(adapter.connect(short), (e) => isAppError(e, "upstream_timeout"));
  silent.close();
  const marked = adapter.connect({ ...to("/ws"), headers: [["authorization", `Bearer ${REDACTED}`]] });
  await assert.rejects(marked, TypeError);
  await upstream.close();
});
