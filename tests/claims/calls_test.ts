/**
 * Claims about calls, at the level where an attacker stands: the real program against a real TLS upstream that says back what it
 * gets, and the engine with a keychain that tells when it was asked.
 */
import assert from "node:assert/strict";
import { isAppError } from "../../src/kernel/error.ts";
import { REDACTION_MARKER } from "../../src/kernel/limits.ts";
import { AllowedTarget, Grant } from "../../src/proxy/decide.ts";
import { resolve } from "../../src/proxy/resolve.ts";
import { KeychainSecretReader } from "../../src/vault/keychain_secret_reader.ts";
import { makeAuthority } from "../support/authority.ts";
import { PASSWORD, type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { TestEngine, textOf } from "../support/engine.ts";
import { startUpstream } from "../support/upstream.ts";

const KEY = "sk_live_canary-0123456789", OTHER = "whsec_other-canary-9876543210";

/** What the program says to a target that is not to be called. */
async function refusal(sandbox: Sandbox, target: string): Promise<{ code: string; hint: string }> {
  const { code, stderr } = await sandbox.run(["call", "--url", target, "--bearer", "KEY"]);
  assert.ok(code === 4 || code === 2, `${target}: ${stderr}`);
  return { code: stderr, hint: /allowlist add (\S+)/.exec(stderr)?.[1] ?? "" };
}

Deno.test("P2 a credential that an upstream puts into its status line does not come back", async () => {
  const authority = await makeAuthority();
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...(await authority.issue(["localhost"])) });
  const served = (async (): Promise<void> => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode(`HTTP/1.1 418 no ${KEY} here\r\ncontent-length: 0\r\n\r\n`));
  })();
  const origin = `https://localhost:${(listener.addr as Deno.NetAddr).port}`;
  const engine = await TestEngine.start({ caPem: authority.caPem, allow: [origin], secrets: { KEY } });
  try {
    const response = await engine.call({ target: `${origin}/`, inject: [["bearer", "KEY"]] });
    assert.equal(response.status, 418);
    assert.match(response.statusText, /^no \[REDACTED_BY_AGENTSECRETS\] here$/);
    await served;
  } finally {
    listener.close();
    await engine.close();
  }
  // Whatever carried it.
  const response = { status: 418, statusText: `no ${KEY} here`, headers: [], body: null };
  const upstream = {
    throughProxy: () => false,
    send: () => Promise.resolve(response),
    connect: () => Promise.reject(new Error("no WebSocket was asked for")),
    close: () => Promise.resolve(),
  };
  const other = await TestEngine.start({ upstream, allow: ["https://localhost"], secrets: { KEY } });
  const answer = await other.call({ target: "https://localhost/", inject: [["bearer", "KEY"]] });
  assert.equal(answer.statusText, `no ${REDACTION_MARKER} here`);
  assert.equal((await answer.outcome).redacted, true);
  await other.close();
});

Deno.test("P3 what one call left at an upstream does not come back in clear through another process's call", async () => {
  await using sandbox = await sandboxWithProject();
  const upstream = await startUpstream();
  try {
    const env = await sandbox.trust(upstream.caPem);
    await sandbox.ok(["secrets", "set", `KEY=${KEY}`, `OTHER=${OTHER}`]);
    await sandbox.allow(upstream.origin);
    const stored = `stored ${OTHER} and ${btoa(OTHER)}`; // what the upstream kept of an earlier call
    for (const credential of [["--bearer", "KEY"], []]) {
      const line = ["call", "--url", `${upstream.origin}/text`, "--method", "POST", "--body", stored, ...credential];
      const text = await sandbox.ok(line, { env });
      assert.match(text, /stored \[REDACTED_BY_AGENTSECRETS\] and \[REDACTED_BY_AGENTSECRETS\]/);
    }
  } finally {
    await upstream.close();
  }
});

Deno.test("P6 without an entry there is no call, look-alikes of an entry are other hosts, and hints name what `add` takes", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", `KEY=${KEY}`]);
  const targets: readonly (readonly [target: string, entry: string])[] = [
    ["https://api.stripe.com/v1", "api.stripe.com"],
    ["https://api.stripe.com:8443/v1", "api.stripe.com:8443"],
    ["https://localhost:8443/", "https://localhost:8443"],
    ["https://box.localhost/", "https://box.localhost"],
    ["http://api.stripe.com/", "http://api.stripe.com"],
  ];
  for (const [target, entry] of targets) assert.equal((await refusal(sandbox, target)).hint, entry);
  // Each hint is a command that works: what it names is taken, all at once.
  await sandbox.allow(...targets.map(([, entry]) => entry));
  const { entries } = await sandbox.json(["workspace", "allowlist", "list"]) as { entries: unknown[] };
  assert.equal(entries.length, targets.length);
  await sandbox.ok(
    ["workspace", "allowlist", "remove", ...targets.slice(1).map(([, entry]) => entry), "--password-stdin"],
    { stdin: `${PASSWORD}\n` },
  );
  const lookAlikes = [
    "https://api.stripe.com.evil.example/",
    "https://evil.example/api.stripe.com",
    "https://stripe.com/",
    "https://x.api.stripe.com/",
    "https://api.stripe.com@evil.example/",
    "https://api.stripe.com:444/",
    "http://api.stripe.com/",
    "https://\u0430pi.stripe.com/",
    "https://api.stripe.com\\.evil.example/",
    "https://api.stripe.com%2eevil.example/",
    "https://3232235521/",
    "https://0x7f.1/",
    "https://[::ffff:169.254.169.254]/latest",
  ];
  for (const target of lookAlikes) await refusal(sandbox, target);
});

Deno.test("P12 until a call is allowed no value is read, and nothing but a grant reads one", async () => {
  const upstream = await startUpstream();
  const engine = await TestEngine.start({ caPem: upstream.caPem, allow: [upstream.origin], secrets: { KEY } });
  try {
    await engine.set("BOUND", OTHER, { domains: ["api.stripe.com"], methods: ["GET"] });
    let reads = 0;
    for (const method of ["get", "getMany"] as const) {
      const original = engine.keychain[method].bind(engine.keychain) as (...args: unknown[]) => unknown;
      Object.assign(engine.keychain, { [method]: (...args: unknown[]) => (reads++, original(...args)) });
    }
    const target = `${upstream.origin}/`;
    const denied = [
      { target: "https://evil.example/", inject: [["bearer", "KEY"]] },
      { target, inject: [["bearer", "BOUND"]] },
      { target, inject: [["header:Host", "KEY"]] },
      { target, inject: [["query:a", "KEY"], ["query:a", "KEY"]] },
      { target, headers: [["X-A", "b\r\nX-Evil: 1"]], inject: [["bearer", "KEY"]] },
      { target: "https://user@localhost/", inject: [["bearer", "KEY"]] },
    ] as const;
    for (const call of denied) {
      await assert.rejects(engine.call(call), (e) => isAppError(e), JSON.stringify(call));
      assert.equal(reads, 0, JSON.stringify(call));
    }
    await textOf(await engine.call({ target, inject: [["bearer", "KEY"]] }));
    assert.ok(reads > 0, "the count itself works");
    reads = 0;
    const forged = Object.create(Grant.prototype, { secrets: { value: ["KEY"] }, scope: { value: {} } }) as Grant;
    await assert.rejects(resolve(forged, new KeychainSecretReader(engine.keychain)), TypeError);
    const question = { url: new URL(target), method: "GET", scope: {}, allowlist: [] };
    const undecided = Object.create(AllowedTarget.prototype, { question: { value: question } }) as AllowedTarget;
    assert.throws(() => Grant.decide(undecided, [], []), TypeError);
    assert.equal(reads, 0);
  } finally {
    await engine.close();
    await upstream.close();
  }
});
