import assert from "node:assert/strict";
import { HttpsTransport, parseServerOrigin } from "../../../../src/adapters/sync_transport/https.ts";
import { SyncClient } from "../../../../src/cloud/client.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { makeAuthority } from "../../../support/authority.ts";
import { nobodyListens } from "../../../support/nobody_listens.ts";
import { Person, TestServer } from "../../../support/sync_server.ts";

interface Served extends AsyncDisposable {
  readonly origin: string;
}

function serve(handler: Deno.ServeHandler, tls: { cert?: string; key?: string } = {}): Served {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, ...tls } as Deno.ServeTcpOptions,
    handler,
  );
  const origin = `${tls.cert === undefined ? "http://127.0.0.1" : "https://localhost"}:${server.addr.port}`;
  return { origin, [Symbol.asyncDispose]: () => server.shutdown() };
}

const GET = { method: "GET", path: "/version", headers: {} } as const;

/** Runs `work` with a transport that is closed afterwards. */
async function withTransport<T>(transport: HttpsTransport, work: (t: HttpsTransport) => Promise<T>): Promise<T> {
  try {
    return await work(transport);
  } finally {
    await transport.close();
  }
}

async function reasonOf(sent: Promise<unknown>): Promise<string> {
  try {
    await sent;
    return "answered";
  } catch (error) {
    assert.ok(isAppError(error, "server_unreachable"), String(error));
    return String(error.fields["reason"]);
  }
}

Deno.test("the served server is the embedded one: registration and renewal over TLS", async () => {
  const authority = await makeAuthority();
  const identity = await authority.issue(["localhost"]);
  // The port is known only after listening, and what clients sign names it.
  const handle = Promise.withResolvers<TestServer["handle"]>();
  await using served = serve(async (request) => await (await handle.promise)(request), identity);
  const { origin } = served;
  await using server = await TestServer.start({ origin });
  handle.resolve(server.handle);
  const transport = new HttpsTransport(origin, { caCerts: [authority.caPem] });
  await withTransport(transport, async () => {
    const person = new Person(server);
    const { clock, random } = server;
    const client = new SyncClient({ transport, clock, random, session: person.session });
    await client.register(person.registration(), person.prover());
    assert.equal((await client.account()).user_id, person.userId);
    await client.renew();
    await assert.rejects(
      person.client.renew(),
      { code: "not_logged_in" },
      "what is signed for another origin is worth nothing",
    );
  });
});

Deno.test("a certificate of an unknown authority or for another name is not trusted", async () => {
  const authority = await makeAuthority();
  const identity = await authority.issue(["other.test"]);
  await using served = serve(() => new Response("{}"), identity);
  for (const caCerts of [[], [authority.caPem]]) {
    const reason = await withTransport(new HttpsTransport(served.origin, { caCerts }), (t) => reasonOf(t.send(GET)));
    assert.equal(reason, "its certificate is not trusted");
  }
});

Deno.test("a redirect is handed back, never followed", async () => {
  await using elsewhere = serve(() => new Response("stolen"));
  await using served = serve(() => Response.redirect(`${elsewhere.origin}/`, 307));
  const answer = await withTransport(new HttpsTransport(served.origin), (t) => t.send(GET));
  assert.equal(answer.status, 307);
});

Deno.test("nobody listening, no answer in time and an endless answer are all said", async () => {
  const closed = await (async () => {
    await using served = serve(() => new Response());
    return served.origin;
  })();
  await nobodyListens({ hostname: "127.0.0.1", port: Number(new URL(closed).port) });
  assert.match(
    await withTransport(new HttpsTransport(closed), (t) => reasonOf(t.send(GET))),
    /^the connection (was refused|failed)$/,
  );
  const release = Promise.withResolvers<void>();
  await using slow = serve(async () => {
    await release.promise;
    return new Response();
  });
  const late = await withTransport(new HttpsTransport(slow.origin, { timeoutMs: 50 }), (t) => reasonOf(t.send(GET)));
  assert.equal(late, "no answer within 50 ms");
  const aborted = new HttpsTransport(slow.origin);
  const controller = new AbortController();
  const sent = aborted.send(GET, controller.signal);
  controller.abort(new Error("enough"));
  await assert.rejects(sent, /enough/);
  await aborted.close();
  release.resolve();
  await using large = serve(() => new Response("x".repeat(10_000)));
  const reason = await withTransport(
    new HttpsTransport(large.origin, { maxAnswerBytes: 9_999 }),
    (t) => reasonOf(t.send(GET)),
  );
  assert.equal(reason, "its answer is too large");
});

Deno.test("only https origins, and http on loopback, are servers", () => {
  assert.equal(parseServerOrigin("https://Sync.Example"), "https://sync.example");
  assert.equal(parseServerOrigin("https://sync.example:8443/"), "https://sync.example:8443");
  for (const ok of ["http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"]) {
    assert.equal(parseServerOrigin(ok), ok);
  }
  const wrong = [
    "",
    "sync.example",
    "http://sync.example",
    "http://127.0.0.1.nip.io",
    "ftp://localhost",
    "https://u:p@sync.example",
    "https://sync.example/path",
    "https://sync.example/?q",
    "https://sync.example/#f",
    "embedded:local",
  ];
  for (const text of wrong) assert.throws(() => parseServerOrigin(text), { code: "invalid_input" }, text);
});
