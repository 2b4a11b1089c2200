/** Connections of the real adapter: pinned, verified, limited in time. */
import assert from "node:assert/strict";
import { PinnedUpstream } from "../../../../src/adapters/upstream/pinned.ts";
import type { Bytes } from "../../../../src/kernel/bytes.ts";
import { AppError, isAppError } from "../../../../src/kernel/error.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../../../src/ports/upstream.ts";
import { nobodyListens } from "../../../support/nobody_listens.ts";
import { startUpstream, type TestUpstream, type UpstreamOptions } from "../../../support/upstream.ts";

const TIMEOUTS = { connectMs: 5000, firstByteMs: 5000, idleMs: 5000 };
/** A query as an injection would make it: no error may quote it. */
const VALUE = "sk_live_must_not_be_quoted";

/** Each claim holds for both protocols. */
async function withUpstream(
  options: UpstreamOptions,
  work: (upstream: TestUpstream, adapter: PinnedUpstream) => Promise<void>,
): Promise<void> {
  for (const http2 of options.tls === false ? [false] : [true, false]) await withOne({ ...options, http2 }, work);
}

async function withOne(
  options: UpstreamOptions,
  work: (upstream: TestUpstream, adapter: PinnedUpstream) => Promise<void>,
): Promise<void> {
  const upstream = await startUpstream(options);
  const adapter = new PinnedUpstream({ caCerts: [upstream.caPem], userAgent: "agentsecrets/test" });
  try {
    await work(upstream, adapter);
  } finally {
    await adapter.close();
    await upstream.close();
  }
}

function send(
  adapter: PinnedUpstream,
  url: string,
  more: Partial<UpstreamRequest> = {},
  signal?: AbortSignal,
): Promise<UpstreamResponse> {
  const request = { method: "GET", headers: [], addresses: ["127.0.0.1"], timeouts: TIMEOUTS, ...more };
  return adapter.send({ ...request, url: new URL(url) }, signal);
}

async function text(response: UpstreamResponse): Promise<string> {
  return await new Response(response.body).text();
}

function stream({ body }: UpstreamResponse): ReadableStream<Bytes> {
  assert.ok(body instanceof ReadableStream);
  return body;
}

async function failsWith(call: Promise<unknown>, code: AppError["code"], reason = /./): Promise<void> {
  await assert.rejects(call, (error: unknown) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, reason);
    for (let at: unknown = error; at instanceof Error; at = at.cause) {
      assert.equal(`${at.message}${at.stack}`.includes(VALUE), false, "an error quotes the query");
    }
    return true;
  });
}

Deno.test("P7 the connection goes to the checked address with the URL's name in TLS and Host", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    // No resolver knows this name: nothing but the pinned address can have been used.
    const response = await send(adapter, `https://api.example.test:${upstream.port}/x?a=1`, {
      headers: [["X-A", "1"]],
    });
    const seen = JSON.parse(await text(response));
    assert.equal(seen.host, `api.example.test:${upstream.port}`);
    assert.equal(seen.path, "/x?a=1");
    assert.equal(seen.headers["x-a"], "1");
    assert.equal(seen.headers["user-agent"], "agentsecrets/test");
    assert.equal(seen.headers["accept-encoding"], "identity");
  });
});

Deno.test("a checked address that changed is not reached over a connection that is still open", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const url = `https://api.example.test:${upstream.port}/`;
    await text(await send(adapter, url));
    await failsWith(
      send(adapter, `${url}?k=${VALUE}`, { addresses: ["127.0.0.2"] }),
      "upstream_unreachable",
      /refused/,
    );
    await text(await send(adapter, url, { addresses: ["127.0.0.2", "127.0.0.1"] }));
    assert.equal(upstream.requests.length, 2);
  });
});

Deno.test("P7 certificates of a stranger, for another name, or expired end the call before a byte of it is sent", async () => {
  const cases: readonly (readonly [UpstreamOptions, AppError["code"]])[] = [
    [{ hosts: ["other.test"] }, "upstream_tls_name"],
    [{ expired: true }, "upstream_tls_expired"],
  ];
  for (const [options, code] of cases) {
    await withUpstream(options, async (upstream, adapter) => {
      await failsWith(send(adapter, `${upstream.origin}/?k=${VALUE}`), code);
      assert.equal(upstream.requests.length, 0);
    });
  }
  await withUpstream({}, async (upstream) => {
    const trusting = new PinnedUpstream();
    await failsWith(send(trusting, `${upstream.origin}/?k=${VALUE}`), "upstream_tls_untrusted", /not trusted here/);
    await trusting.close();
    assert.equal(upstream.requests.length, 0);
  });
});

Deno.test("https is never spoken in plain text, and plain http only where the URL says so", async () => {
  await withUpstream({ tls: false }, async (upstream, adapter) => {
    await failsWith(send(adapter, `https://localhost:${upstream.port}/?k=${VALUE}`), "upstream_not_tls");
    assert.equal(upstream.requests.length, 0);
    assert.equal((await send(adapter, `http://localhost:${upstream.port}/status/204`)).status, 204);
  });
});

Deno.test("the next address is tried when the first refuses", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const response = await send(adapter, upstream.origin, { addresses: ["127.0.0.2", "127.0.0.3", "127.0.0.1"] });
    assert.equal(response.status, 200);
    await text(response);
  });
});

Deno.test("redirects, codings and repeated headers come as they are", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const moved = await send(adapter, `${upstream.origin}/redirect?to=https://elsewhere.example/`);
    assert.equal(moved.status, 302);
    assert.equal(moved.headers.find(([name]) => name === "location")?.[1], "https://elsewhere.example/");
    await text(moved);
    const cookies = await send(adapter, `${upstream.origin}/headers`);
    assert.equal(cookies.headers.filter(([name]) => name === "set-cookie").length, 2);
    await text(cookies);
    assert.equal(upstream.requests.length, 2);
  });
});

Deno.test("silence before the head, inside the body, and from the network each end the call in time", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const hanging = send(adapter, `${upstream.origin}/hang?k=${VALUE}`, { timeouts: { ...TIMEOUTS, firstByteMs: 60 } });
    await failsWith(hanging, "upstream_timeout", /first byte within 60 ms/);
    upstream.push("one");
    const stream = await send(adapter, `${upstream.origin}/stream?k=${VALUE}`, {
      timeouts: { ...TIMEOUTS, idleMs: 60 },
    });
    await failsWith(text(stream), "upstream_timeout", /further byte within 60 ms/);
    await upstream.aborted.next();
  });
});

Deno.test("an answer that breaks off is an error, not an end", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const raw = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const served = (async () => {
      using connection = await raw.accept();
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"));
    })();
    const response = await send(adapter, `http://localhost:${raw.addr.port}/?k=${VALUE}`);
    await failsWith(text(response), "upstream_unreachable", /ended early/);
    await served;
    raw.close();
    await nobodyListens({ hostname: "127.0.0.1", port: raw.addr.port });
    await failsWith(send(adapter, `http://localhost:${raw.addr.port}/?k=${VALUE}`), "upstream_unreachable", /refused/);
    assert.equal(upstream.requests.length, 0);
  });
});

Deno.test("what a URL says does not decide which failure it is", async () => {
  const raw = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    using connection = await raw.accept();
    await connection.read(new Uint8Array(4096));
  })();
  const adapter = new PinnedUpstream();
  const url = `http://tls.example:${raw.addr.port}/invalid-peer-certificate/Expired?k=${VALUE}`;
  await failsWith(send(adapter, url, { method: "POST", body: new Uint8Array(1) }), "upstream_unreachable");
  await served;
  raw.close();
  await adapter.close();
});

Deno.test("whoever gives up ends the exchange", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    upstream.push("one");
    const response = await send(adapter, `${upstream.origin}/stream`);
    const reader = stream(response).getReader();
    await reader.read();
    await reader.cancel();
    await upstream.aborted.next();
    const gone = new AbortController();
    const call = send(adapter, `${upstream.origin}/hang`, {}, gone.signal);
    gone.abort(new AppError("cancelled"));
    await failsWith(call, "cancelled");
  });
});

Deno.test("a printed Secret is refused where a value should be", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    await assert.rejects(
      send(adapter, upstream.origin, { headers: [["authorization", "Bearer [REDACTED]"]] }),
      TypeError,
    );
    await assert.rejects(send(adapter, `${upstream.origin}/?k=%5BREDACTED%5D`), TypeError);
    assert.equal(upstream.requests.length, 0);
  });
});

Deno.test("a large upload arrives whole with its length, and a large answer is read only as far as its reader goes", async () => {
  await withUpstream({}, async (upstream, adapter) => {
    const body = new TextEncoder().encode("0123456789".repeat(300_000));
    const response = await send(adapter, `${upstream.origin}/status/200`, { method: "POST", body });
    await text(response);
    assert.equal(upstream.requests[0]!.body.length, body.length);
    assert.equal(upstream.requests[0]!.headers["content-length"], String(body.length));
    const huge = await send(adapter, `${upstream.origin}/huge/200000000`);
    const reader = stream(huge).getReader();
    let size = 0;
    while (size < 5_000_000) size += (await reader.read()).value!.length;
    await reader.cancel();
    await upstream.aborted.next();
  });
});

Deno.test("P7 proxy variables do not reroute a call", async () => {
  const program = new URL("../../../support/call_once.ts", import.meta.url).pathname;
  for (const name of ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY", "NO_PROXY"]) {
    const env = { [name]: name === "NO_PROXY" ? "*" : "http://127.0.0.1:9" };
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", program],
      env,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout), "200 api.example.test\n", name);
  }
});
