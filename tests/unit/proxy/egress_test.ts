/** Addresses: what DNS says is checked, and what was checked is what is connected to. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import type { Upstream, UpstreamRequest, UpstreamResponse } from "../../../src/ports/upstream.ts";
import { TestEngine, textOf } from "../../support/engine.ts";
import { startUpstream } from "../../support/upstream.ts";

/** Sends nothing and remembers what it should have sent. */
class RecordingUpstream implements Upstream {
  readonly sent: UpstreamRequest[] = [];
  /** Hosts that a proxy carries. */
  readonly proxied = new Set<string>();

  throughProxy({ hostname }: URL): boolean {
    return this.proxied.has(hostname);
  }

  send(request: UpstreamRequest): Promise<UpstreamResponse> {
    this.sent.push(request);
    return Promise.resolve({ status: 204, statusText: "", headers: [], body: null });
  }

  connect(): Promise<never> {
    return Promise.reject(new TypeError("No WebSocket was expected"));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const PUBLIC = "93.184.216.34";
const inject = [["bearer", "KEY"]] as const;
const secrets = { KEY: "sk_live_0123456789" };

Deno.test("P8 a listed name that leads to a private address is refused, whichever it is", async () => {
  const upstream = new RecordingUpstream();
  const dns: Record<string, readonly string[]> = {};
  const engine = await TestEngine.start({ allow: ["api.example.com"], dns, secrets, upstream });
  const addresses = [
    "127.0.0.1",
    "::1",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::ffff:127.0.0.1",
    "fd00::1",
  ];
  for (const address of addresses) {
    dns["api.example.com"] = [address];
    const call = engine.call({ target: "https://api.example.com/", inject });
    await assert.rejects(call, (e) => isAppError(e, "private_address"), address);
  }
  assert.equal(upstream.sent.length, 0);
  assert.ok(
    (await engine.records()).every(({ status, reason }) => status === "BLOCKED" && reason === "private_address"),
  );
  await engine.close();
});

Deno.test("of several addresses only the public ones are given to the connection", async () => {
  const upstream = new RecordingUpstream();
  const dns = { "api.example.com": ["10.0.0.1", PUBLIC, "127.0.0.1"] };
  const engine = await TestEngine.start({ allow: ["api.example.com"], dns, secrets, upstream });
  await engine.call({ target: "https://api.example.com/", inject });
  assert.deepEqual(upstream.sent[0]!.addresses, [PUBLIC]);
  await engine.close();
});

Deno.test("a name that does not resolve, or to nothing that is an address, is no call", async () => {
  const upstream = new RecordingUpstream();
  const dns = { "odd.example.com": ["localhost", "127.1"] };
  const engine = await TestEngine.start({ allow: ["*.example.com"], dns, upstream });
  for (const host of ["nope.example.com", "odd.example.com"]) {
    await assert.rejects(engine.call({ target: `https://${host}/` }), (e) => isAppError(e, "upstream_dns"), host);
  }
  assert.equal(upstream.sent.length, 0);
  await engine.close();
});

Deno.test("P8 private addresses open with their full origin only, and with no other entry", async () => {
  const upstream = new RecordingUpstream();
  const dns = { "intranet.example.com": ["10.0.0.1"] };
  const engine = await TestEngine.start({ allow: ["https://intranet.example.com", "https://10.0.0.2"], dns, upstream });
  await engine.call({ target: "https://intranet.example.com/x" });
  await engine.call({ target: "https://10.0.0.2/x" });
  assert.deepEqual(upstream.sent.map(({ addresses }) => addresses), [["10.0.0.1"], ["10.0.0.2"]]);
  for (const allow of [["intranet.example.com"], ["*.example.com"], ["intranet.example.com:443"]]) {
    engine.allow = allow;
    const call = engine.call({ target: "https://intranet.example.com/x" });
    await assert.rejects(call, (e) => isAppError(e, "private_address"), allow[0]);
  }
  await engine.close();
});

Deno.test("P7 a name that changes its answer between check and use gains nothing", async () => {
  const upstream = await startUpstream();
  const origin = `https://api.example.test:${upstream.port}`;
  const engine = await TestEngine.start({ caPem: upstream.caPem, allow: [origin], secrets });
  // The first answer is checked; asked again, the same name would lead elsewhere.
  let asked = 0;
  engine.dns.resolve = () => Promise.resolve(asked++ === 0 ? ["127.0.0.1"] : ["127.0.0.66"]);
  const response = await engine.call({ target: `${origin}/`, inject });
  const { host } = JSON.parse(await textOf(response));
  assert.equal(host, `api.example.test:${upstream.port}`);
  assert.equal(asked, 1);
  // The next call is decided on the next answer, and does not slip over the connection that is still open.
  await assert.rejects(engine.call({ target: `${origin}/`, inject }), (e) => isAppError(e, "upstream_unreachable"));
  assert.equal(upstream.requests.length, 1);
  await engine.close();
  await upstream.close();
});

Deno.test("P13 without a log that can be written nothing is resolved, looked up or sent", async () => {
  const upstream = new RecordingUpstream();
  const dns = { "api.example.com": [PUBLIC] };
  const engine = await TestEngine.start({ allow: ["api.example.com"], dns, secrets, upstream });
  await Deno.mkdir(engine.sink.path);
  const allowed = engine.call({ target: "https://api.example.com/", inject });
  await assert.rejects(allowed, (e) => isAppError(e, "audit_unwritable"));
  const denied = engine.call({ target: "https://elsewhere.example/", inject });
  await assert.rejects(denied, (e) => isAppError(e, "audit_unwritable"));
  assert.deepEqual(engine.dns.asked, []);
  assert.equal(upstream.sent.length, 0);
  await engine.close();
});

Deno.test("P13 an answer whose record cannot be written breaks off before its end", async () => {
  const upstream = await startUpstream();
  const engine = await TestEngine.start({ caPem: upstream.caPem, allow: [upstream.origin], secrets });
  upstream.push("data: one\n\n");
  const response = await engine.call({ target: `${upstream.origin}/stream`, inject });
  const reader = new Response(response.body).body!.getReader();
  await reader.read();
  await Deno.mkdir(`${engine.folder}/moved`);
  await Deno.rename(engine.sink.path, `${engine.folder}/moved/proxy.log`).catch(() => {});
  await Deno.remove(engine.sink.path).catch(() => {});
  await Deno.mkdir(engine.sink.path);
  upstream.push(undefined);
  await assert.rejects(reader.read(), (e) => isAppError(e, "audit_unwritable"));
  await assert.rejects(response.outcome, (e) => isAppError(e, "audit_unwritable"));
  await engine.close();
  await upstream.close();
});

Deno.test("a streamed body goes out with the length that its sender said, and an injected one with its own", async () => {
  const upstream = new RecordingUpstream();
  const dns = { "api.example.com": [PUBLIC] };
  const engine = await TestEngine.start({ allow: ["api.example.com"], dns, secrets, upstream });
  const body = (): ReadableStream<Uint8Array<ArrayBuffer>> =>
    ReadableStream.from([new TextEncoder().encode('{"a":1}')]);
  const call = { target: "https://api.example.com/", method: "POST" };
  for (const length of ["7", "seven", "-7", "7, 7", ""]) {
    await engine.call({ ...call, headers: [["Content-Length", length]], body: body() });
  }
  await engine.call({ ...call, headers: [["content-length", "7"]], body: body(), inject: [["body:key", "KEY"]] });
  assert.deepEqual(upstream.sent.map(({ bodyLength }) => bodyLength), [7, ...new Array(5).fill(undefined)]);
  assert.ok(upstream.sent.every(({ headers }) => headers.every(([name]) => name.toLowerCase() !== "content-length")));
  await engine.close();
});

Deno.test("P8 every class of special address is refused, as a target in any notation and as a name's answer", async () => {
  const upstream = new RecordingUpstream();
  const dns: Record<string, readonly string[]> = {};
  const engine = await TestEngine.start({ allow: ["api.example.com"], dns, secrets, upstream });
  const targets = [
    ...["127.0.0.1", "127.1", "0177.0.0.1", "0x7f000001", "2130706433", "0x7f.0.0.1", "127.0.0.1.", "0", "0.0.0.0"],
    ...["10.0.0.1", "0xa.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0xa9fea9fe", "2852039166"],
    ...["168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
    ...[
      "[::]",
      "[::1]",
      "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]",
      "[::FFFF:7F00:1]",
      "[::127.0.0.1]",
      "[::ffff:0:7f00:1]",
    ],
    ...["[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001::1]", "[fe80::1]", "[fec0::1]", "[fc00::1]"],
    ...["[fd00:ec2::254]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[5f00::1]"],
  ];
  for (const host of targets) {
    const call = engine.call({ target: `https://${host}/`, inject });
    await assert.rejects(call, (e) => isAppError(e, "private_address"), host);
  }
  // The same as answers, in the spelling that resolvers give.
  for (const host of targets) {
    const { hostname } = new URL(`https://${host}/`);
    dns["api.example.com"] = [hostname.replace(/^\[|\]$|\.$/g, "")];
    const call = engine.call({ target: "https://api.example.com/", inject });
    await assert.rejects(call, (e) => isAppError(e, "private_address"), host);
  }
  assert.equal(upstream.sent.length, 0);
  await engine.close();
});

Deno.test("P8 where a proxy carries the call no name is looked up; addresses are checked all the same, and plain http stays here", async () => {
  const upstream = new RecordingUpstream();
  const allow = ["api.example.com", "https://[2606:4700::1]", "93.184.216.34", "http://api.example.com"];
  const engine = await TestEngine.start({ allow, dns: {}, secrets, upstream });
  for (const host of ["api.example.com", "[2606:4700::1]", "93.184.216.34", "127.0.0.1"]) upstream.proxied.add(host);
  await engine.call({ target: "https://api.example.com/", inject });
  await engine.call({ target: "https://93.184.216.34/", inject });
  assert.deepEqual(upstream.sent.map(({ addresses }) => addresses), [[], ["93.184.216.34"]]);
  assert.deepEqual(engine.dns.asked, []);
  const plain = engine.call({ target: "http://api.example.com/", inject });
  await assert.rejects(plain, (e) => isAppError(e, "plain_http_through_proxy"));
  await assert.rejects(engine.call({ target: "https://127.0.0.1/", inject }), (e) => isAppError(e, "private_address"));
  assert.equal(upstream.sent.length, 2);
  await engine.close();
});
