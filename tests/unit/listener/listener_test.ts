/** The local HTTP door with the real engine behind it, spoken to over real sockets. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { startListener } from "../../../src/listener/listener.ts";
import { closedDoor, health, KEY, withDoor } from "../../support/listener.ts";

/** A request written by hand: what fetch would not send. Returns the answer's text. */
async function raw(port: number, text: string, hostname = "127.0.0.1"): Promise<string> {
  using connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode(text));
  let answer = "";
  const decoder = new TextDecoder();
  for await (const block of connection.readable) answer += decoder.decode(block, { stream: true });
  return answer;
}

Deno.test("the original's curl example works: a bearer call through /proxy, redacted", async () => {
  await withDoor(async ({ origin, upstream, engine }) => {
    const headers = { "X-AS-Target-URL": `${upstream.origin}/v1/charges`, "X-AS-Inject-Bearer": "STRIPE_KEY" };
    const response = await fetch(`${origin}/proxy`, { headers });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "application/json");
    const seen = await response.json();
    assert.equal(seen.headers.authorization, `Bearer ${REDACTION_MARKER}`);
    assert.equal(upstream.requests[0]!.headers.authorization, `Bearer ${KEY}`);
    const [record] = await engine.records();
    assert.deepEqual([record!.resolutionPath, record!.identityLevel], ["proxy", "anonymous"]);
  });
});

Deno.test("every style, method, body and identity header is understood", async () => {
  await withDoor(async ({ origin, upstream, engine }) => {
    const target = { "X-AS-Target-URL": `${upstream.origin}/x?a=1`, "X-AS-Agent-ID": "builder" };
    const call = async (headers: Record<string, string>, init: RequestInit = {}): Promise<void> => {
      const response = await fetch(`${origin}/proxy`, { ...init, headers: { ...target, ...headers } });
      assert.equal(response.status, 200, await response.text());
    };
    await call({ "X-AS-Inject-Basic": "PAIR" });
    await call({ "X-AS-Inject-Header-X-Api-Key": "STRIPE_KEY" });
    await call({ "X-AS-Inject-Query-api%4Bey": "STRIPE_KEY" });
    await call({ "X-AS-Inject-Body-auth-key": "STRIPE_KEY" }, { method: "POST", body: '{"n":1.0}' });
    await call({
      "X-AS-Inject-Form-f": "STRIPE_KEY",
      "X-AS-Method": "PUT",
      "content-type": "application/x-www-form-urlencoded",
    }, {
      method: "POST",
      body: "a=1",
    });
    const [basic, header, query, body, form] = upstream.requests;
    assert.equal(basic!.headers.authorization, `Basic ${btoa("user:pa55word-of-user")}`);
    assert.equal(header!.headers["x-api-key"], KEY);
    assert.equal(query!.path, `/x?a=1&apiKey=${KEY}`);
    assert.equal(body!.body, `{"n":1.0,"auth":{"key":"${KEY}"}}`);
    assert.deepEqual([form!.method, form!.body], ["PUT", `a=1&f=${KEY}`]);
    assert.ok(upstream.requests.every(({ headers }) => !Object.keys(headers).some((name) => name.startsWith("x-as-"))));
    const [record] = await engine.records();
    assert.deepEqual([record!.agentId, record!.identityLevel, record!.sessionId], ["builder", "declared", ""]);
  });
});

Deno.test("refusals are JSON with the catalog's code, message, hint and facts", async () => {
  await withDoor(async ({ origin, upstream }) => {
    const cases: readonly (readonly [Record<string, string>, number, string])[] = [
      [{}, 400, "bad_request"],
      [{ "X-AS-Target-URL": "not a url" }, 400, "invalid_target"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Bearer": "no name" }, 400, "invalid_name"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Digest": "STRIPE_KEY" }, 400, "invalid_injection"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Query-%zz": "STRIPE_KEY" }, 400, "invalid_injection"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Inject-Bearer": "NOPE" }, 404, "secret_not_found"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Unknown": "1" }, 400, "bad_request"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Method": "TRACE" }, 405, "method_refused"],
      [{ "X-AS-Target-URL": upstream.origin, "X-AS-Agent-Token": "ast1.x" }, 401, "caller_unknown"],
      [{ "X-AS-Target-URL": "https://api.stripe.com/v1" }, 403, "domain_not_in_allowlist"],
    ];
    for (const [headers, status, code] of cases) {
      const response = await fetch(`${origin}/proxy`, { headers });
      const body = await response.json();
      assert.deepEqual([response.status, body.error], [status, code], code);
      assert.equal(typeof body.message, "string");
      if (code === "domain_not_in_allowlist") {
        assert.equal(body.domain, "api.stripe.com");
        assert.match(body.hint, /password/);
      }
      if (code === "secret_not_found") assert.equal(body.message, "Secret 'NOPE' not found in keychain");
    }
    assert.equal(upstream.requests.length, 0);
  });
});

Deno.test("P17 health answers on both loopback addresses, and nothing else is there", async () => {
  await withDoor(async ({ listener, origin }) => {
    assert.deepEqual(listener.addresses, [`127.0.0.1:${listener.port}`, `[::1]:${listener.port}`]);
    for (const address of listener.addresses) {
      const response = await fetch(`http://${address}/health`);
      assert.deepEqual(await response.json(), { status: "ok", project: "shop", environment: "development" });
    }
    for (const path of ["/", "/proxyx", "/health/x"]) {
      const response = await fetch(`${origin}${path}`);
      assert.equal((await response.json()).error, "bad_request", path);
    }
  });
});

Deno.test("P17 a browser's request is refused and tells the page nothing", async () => {
  await withDoor(async ({ origin, upstream, listener }) => {
    const target = { "x-as-target-url": upstream.origin };
    const signs = [
      ["origin", "https://evil.example"],
      ["origin", "null"],
      ["sec-fetch-site", "cross-site"],
      ["sec-fetch-dest", "image"],
    ] as const;
    for (const [name, value] of signs) {
      const head =
        `GET /proxy HTTP/1.1\r\nhost: localhost:${listener.port}\r\nconnection: close\r\n${name}: ${value}\r\n` +
        `x-as-target-url: ${upstream.origin}\r\n\r\n`;
      const answer = await raw(listener.port, head);
      assert.match(answer, /^HTTP\/1\.1 403 .*"error":"browser_refused"/s, name);
      assert.equal(/access-control/i.test(answer), false);
    }
    const preflight = await raw(
      listener.port,
      `OPTIONS /proxy HTTP/1.1\r\nhost: localhost:${listener.port}\r\nconnection: close\r\norigin: https://evil.example\r\n` +
        "access-control-request-method: GET\r\naccess-control-request-headers: x-as-target-url\r\n\r\n",
    );
    assert.match(preflight, /^HTTP\/1\.1 403 /);
    assert.equal(/access-control/i.test(preflight), false);
    assert.equal(upstream.requests.length, 0);
    // Node's fetch sends this one, and Node is no browser.
    const node = await fetch(`${origin}/proxy`, { headers: { ...target, "sec-fetch-mode": "cors" } });
    assert.equal(node.status, 200);
    await node.body?.cancel();
  });
});

Deno.test("P17 a name that was rebound to loopback is refused by its Host", async () => {
  await withDoor(async ({ listener, upstream }) => {
    const port = listener.port;
    const hosts = [
      "evil.example",
      `evil.example:${port}`,
      "localhost",
      `localhost:${port + 1}`,
      `127.0.0.1.evil.example:${port}`,
      "",
    ];
    for (const host of hosts) {
      const head =
        `GET /proxy HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\nx-as-target-url: ${upstream.origin}\r\n\r\n`;
      const answer = await raw(port, head);
      assert.match(answer, /^HTTP\/1\.1 (403|400) /, host);
      assert.equal(answer.includes('"method":"GET"'), false);
    }
    for (const host of [`LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      const answer = await raw(port, `GET /health HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 200 /, host);
    }
    assert.equal(upstream.requests.length, 0);
  });
});

Deno.test("TRACE and CONNECT are refused", async () => {
  await withDoor(async ({ listener }) => {
    const host = `host: localhost:${listener.port}\r\nconnection: close\r\n\r\n`;
    assert.match(await raw(listener.port, `TRACE /proxy HTTP/1.1\r\n${host}`), /^HTTP\/1\.1 (405|400|501) /);
    const answer = await raw(listener.port, `CONNECT localhost:${listener.port} HTTP/1.1\r\n${host}`);
    assert.match(answer, /^HTTP\/1\.1 (405|400|501) /);
  });
});

Deno.test("events of a live stream pass one by one, also to a client that would take compression", async () => {
  await withDoor(async ({ origin, upstream }) => {
    const headers = {
      "x-as-target-url": `${upstream.origin}/stream`,
      "x-as-inject-bearer": "STRIPE_KEY",
      "accept-encoding": "gzip",
    };
    upstream.push("data: first event, long enough that compressing it would pay off in the end ........\n\n");
    const response = await fetch(`${origin}/proxy`, { headers });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.match((await reader.read()).value!, /first event/);
    upstream.push(`data: ${KEY}\n\n`);
    assert.equal((await reader.read()).value, `data: ${REDACTION_MARKER}\n\n`);
    upstream.push(undefined);
    assert.equal((await reader.read()).done, true);
  });
});

Deno.test("an upload passes through untouched with its length", async () => {
  await withDoor(async ({ origin, upstream }) => {
    const body = "0123456789".repeat(100_000);
    const headers = { "x-as-target-url": `${upstream.origin}/status/200` };
    const response = await fetch(`${origin}/proxy`, { method: "POST", headers, body });
    await response.text();
    assert.equal(upstream.requests[0]!.body, body);
    assert.equal(upstream.requests[0]!.headers["content-length"], String(body.length));
  });
});

Deno.test("a client that hangs up ends the upstream's exchange, before the answer and inside it", async () => {
  await withDoor(async ({ origin, upstream, engine }) => {
    const gone = new AbortController();
    const hanging = fetch(`${origin}/proxy`, {
      headers: { "x-as-target-url": `${upstream.origin}/hang` },
      signal: gone.signal,
    });
    hanging.catch(() => {});
    while (upstream.requests.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
    gone.abort();
    await assert.rejects(hanging, { name: "AbortError" });
    await upstream.aborted.next();
    upstream.push("data: one\n\n");
    const response = await fetch(`${origin}/proxy`, { headers: { "x-as-target-url": `${upstream.origin}/stream` } });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    while (upstream.aborted.count < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    while ((await engine.records()).length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual((await engine.records()).map(({ error }) => error), ["cancelled", "cancelled"]);
  });
});

Deno.test("statuses without a body, redirects and cookies pass as they are", async () => {
  await withDoor(async ({ origin, upstream }) => {
    const call = (path: string, method = "GET"): Promise<Response> => {
      return fetch(`${origin}/proxy`, {
        method,
        redirect: "manual",
        headers: { "x-as-target-url": `${upstream.origin}${path}` },
      });
    };
    for (const status of [204, 304, 404, 500, 503]) {
      const response = await call(`/status/${status}`);
      assert.equal(response.status, status);
      await response.text();
    }
    assert.equal((await call("/x", "HEAD")).status, 200);
    const moved = await call("/redirect?to=https://elsewhere.example/");
    assert.deepEqual([moved.status, moved.headers.get("location")], [302, "https://elsewhere.example/"]);
    await moved.text();
    const cookies = await call("/headers");
    assert.equal(cookies.headers.getSetCookie().length, 2);
    await cookies.text();
  });
});

Deno.test("a taken port is said so, on either address", async () => {
  await withDoor(async ({ listener, callers }) => {
    const options = { port: listener.port, door: closedDoor, callers, health };
    await assert.rejects(startListener(options), { code: "port_in_use" });
    const squatter = Deno.listen({ hostname: "::1", port: 0 });
    await assert.rejects(startListener({ ...options, port: squatter.addr.port }), { code: "port_in_use" });
    squatter.close();
  });
});
