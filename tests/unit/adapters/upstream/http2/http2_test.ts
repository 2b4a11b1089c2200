/** An origin that chooses HTTP/2 is spoken to in HTTP/2, bodies streaming both ways; one that does not is not. */
import assert from "node:assert/strict";
import { createSecureServer, type Http2SecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { PinnedUpstream } from "../../../../../src/adapters/upstream/pinned.ts";
import type { Bytes } from "../../../../../src/kernel/bytes.ts";
import { makeAuthority } from "../../../../support/authority.ts";

const TIMEOUTS = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 };

interface Seen {
  readonly version: string;
  readonly authority: string | undefined;
}

async function startHttp2(): Promise<{ server: Http2SecureServer; port: number; caPem: string; seen: Seen[] }> {
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue(["api.example.test"]);
  const seen: Seen[] = [];
  const server = createSecureServer({ cert, key });
  server.on("stream", (stream, headers) => {
    seen.push({ version: "2", authority: headers[":authority"] as string | undefined });
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    // Says every piece back when it comes.
    stream.on("data", (piece) => stream.write(piece));
    stream.on("end", () => stream.end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, caPem: authority.caPem, seen };
}

Deno.test({
  name: "P7 an upstream that chooses HTTP/2 gets it, over the checked address, with bodies that flow both ways",
  // node's server keeps its sessions a little longer than the test.
  sanitizeResources: false,
  sanitizeOps: false,
  async fn(): Promise<void> {
    const { server, port, caPem, seen } = await startHttp2();
    const adapter = new PinnedUpstream({ caCerts: [caPem] });
    const url = new URL(`https://api.example.test:${port}/echo`);
    for (let round = 0; round < 2; round++) {
      let up!: ReadableStreamDefaultController<Bytes>;
      const body = new ReadableStream<Bytes>({ start: (controller) => void (up = controller) });
      up.enqueue(new TextEncoder().encode("ping"));
      const request = { url, method: "POST", headers: [], addresses: ["127.0.0.1"], timeouts: TIMEOUTS };
      const response = await adapter.send({ ...request, body });
      assert.equal(response.status, 200);
      assert.ok(response.body instanceof ReadableStream);
      const reader = response.body.getReader();
      // The answer flows while the upload has not ended.
      assert.equal(new TextDecoder().decode((await reader.read()).value), "ping");
      up.enqueue(new TextEncoder().encode("pong"));
      assert.equal(new TextDecoder().decode((await reader.read()).value), "pong");
      up.close();
      assert.equal((await reader.read()).done, true);
    }
    assert.deepEqual(seen, [0, 1].map(() => ({ version: "2", authority: `api.example.test:${port}` })));
    await adapter.close();
    server.close();
  },
});
