/** `proxy start/status/stop/logs`, as a script and the original's curl example use them. */
import assert from "node:assert/strict";
import { PASSWORD, type Sandbox, sandboxWithProject, shapeOf } from "../support/cli.ts";
import { startUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_canary-0123456789";

/** A proxy as a child in the foreground, on a port that the system chose. */
class ForegroundProxy {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  port = 0;

  constructor(sandbox: Sandbox, env: Record<string, string> = {}) {
    this.#child = sandbox.start(["proxy", "start", "--port", "0", "--json"], { env });
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits for the document that says that it accepts connections. */
  async ready(): Promise<Record<string, unknown>> {
    let text = "";
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`The proxy ended: ${text}${await new Response(this.#child.stderr).text()}`);
      text += value;
      if (!text.includes("\n}\n")) continue;
      const document = JSON.parse(text);
      this.port = document.port;
      return document;
    }
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Its exit number, and what it wrote to stderr. */
  async end(): Promise<{ code: number; stderr: string }> {
    const said = await new Response(this.#child.stderr).text();
    // Deno 2.9 says once that request.signal will change; it is Deno's line, not ours.
    const stderr = said.replace(/^Deno\.serve: request\.signal .*\n/, "");
    while (!(await this.#reader.read()).done);
    return { code: (await this.#child.status).code, stderr };
  }
}

Deno.test("the proxy serves /health and the original's curl example, shows its state, logs and stops", async () => {
  await using sandbox = await sandboxWithProject();
  const upstream = await startUpstream();
  try {
    const env = await sandbox.trust(upstream.caPem);
    await sandbox.ok(["secrets", "set", "STRIPE_KEY", "--stdin"], { stdin: CANARY });
    await sandbox.allow(upstream.origin);
    assert.match(await sandbox.ok(["proxy", "status"]), /not running[\s\S]*agentsecrets proxy start/);
    await sandbox.fails("proxy_not_running", 1, ["proxy", "stop"]);

    const proxy = new ForegroundProxy(sandbox, env);
    const running = {
      running: "boolean",
      pid: "number",
      port: "number",
      addresses: ["string"],
      socket: "null",
      started_at: "string",
      project: "string",
      environment: "string",
    };
    assert.deepEqual(shapeOf(await proxy.ready()), running);
    const health = await (await fetch(`http://localhost:${proxy.port}/health`)).json();
    assert.deepEqual([health.status, health.project], ["ok", "my-app"]);

    const headers = { "X-AS-Target-URL": `${upstream.origin}/echo`, "X-AS-Inject-Bearer": "STRIPE_KEY" };
    const answer = await fetch(`http://localhost:${proxy.port}/proxy`, { headers });
    const body = await answer.text();
    assert.equal(answer.status, 200, body);
    assert.ok(body.includes("[REDACTED_BY_AGENTSECRETS]") && !body.includes(CANARY));
    assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${CANARY}`);

    const blocked = await fetch(`http://localhost:${proxy.port}/proxy`, {
      headers: { ...headers, "X-AS-Target-URL": "https://evil.example/" },
    });
    const refusal = await blocked.json();
    assert.deepEqual([blocked.status, refusal.error, refusal.domain], [403, "domain_not_in_allowlist", "evil.example"]);

    assert.deepEqual(shapeOf(await sandbox.json(["proxy", "status"])), running);
    assert.match(await sandbox.ok(["proxy", "status"]), new RegExp(`Address: +http://localhost:${proxy.port}/proxy`));
    assert.match(await sandbox.ok(["status"]), /^Proxy: +running on /m);
    await sandbox.fails("proxy_running", 1, ["proxy", "start", "--port", "0"]);
    assert.equal((await sandbox.json(["proxy", "stop"]))["running"], false);
    assert.deepEqual(await proxy.end(), { code: 0, stderr: "" });
    assert.equal((await sandbox.json(["proxy", "status"]))["running"], false);

    const lines = (await sandbox.ok(["proxy", "logs", "--last", "2"])).trimEnd().split("\n").map((line) =>
      JSON.parse(line)
    );
    assert.deepEqual(lines.map((record) => [record.status, record.reason, record.resolution_path]), [
      ["OK", "credential_echo", "proxy"],
      ["BLOCKED", "domain_not_in_allowlist", "proxy"],
    ]);
  } finally {
    await upstream.close();
  }
});

Deno.test("P34 what another process set, deleted, allowed or forbade holds for the next call through a busy proxy", async () => {
  await using sandbox = await sandboxWithProject();
  const upstream = await startUpstream();
  const proxy = new ForegroundProxy(sandbox, await sandbox.trust(upstream.caPem));
  const busy = new AbortController();
  try {
    await proxy.ready();
    let calls = 0;
    const call = async (): Promise<{ status: number; error?: string; sent?: string }> => {
      // Told apart by its path: others are under way.
      const path = `/echo?${++calls}`;
      const headers = { "X-AS-Target-URL": upstream.origin + path, "X-AS-Inject-Bearer": "STRIPE_KEY" };
      const answer = await fetch(`http://localhost:${proxy.port}/proxy`, { headers });
      const body = await answer.text();
      if (answer.status !== 200) return { status: answer.status, error: JSON.parse(body).error };
      const seen = upstream.requests.findLast((request) => request.path === path);
      return { status: 200, sent: seen?.headers["authorization"] ?? "" };
    };
    const traffic = (async () => {
      while (!busy.signal.aborted) await call();
    })();
    const password = { stdin: `${PASSWORD}\n` };
    assert.equal((await call()).error, "empty_allowlist");
    await sandbox.allow(upstream.origin);
    assert.equal((await call()).error, "secret_not_found");
    for (let n = 1; n <= 5; n++) {
      await sandbox.ok(["secrets", "set", "STRIPE_KEY", "--stdin"], { stdin: `${CANARY}-${n}` });
      assert.deepEqual(await call(), { status: 200, sent: `Bearer ${CANARY}-${n}` });
    }
    await sandbox.ok(["secrets", "delete", "STRIPE_KEY", "--yes"]);
    assert.equal((await call()).error, "secret_not_found");
    await sandbox.ok(["workspace", "allowlist", "remove", upstream.origin, "--password-stdin"], password);
    assert.equal((await call()).error, "empty_allowlist");
    await sandbox.ok(["logout"]);
    assert.equal((await call()).error, "not_logged_in");
    busy.abort();
    await traffic;
    proxy.kill("SIGTERM");
    await proxy.end();
  } finally {
    busy.abort();
    await upstream.close();
  }
});

Deno.test("--detach returns once the proxy answers, leaves it running, and says why one does not start", async () => {
  await using sandbox = await sandboxWithProject();
  const stale = {
    version: 1,
    pid: 1,
    port: 1,
    addresses: ["127.0.0.1:1"],
    started_at: 1,
    project: "",
    environment: "",
  };
  await Deno.writeTextFile(`${sandbox.home}/proxy.json`, JSON.stringify(stale));
  const socket = `${sandbox.base}/proxy.sock`;
  const started = await sandbox.json(["proxy", "start", "--detach", "--port", "0", "--socket", socket]);
  try {
    assert.equal(started["socket"], socket);
    assert.equal((await fetch(`http://localhost:${started["port"]}/health`)).status, 200);
    const status = await sandbox.ok(["proxy", "status"]);
    assert.ok(status.includes(socket));
    const { session } = JSON.parse(await Deno.readTextFile(`${sandbox.home}/proxy.json`));
    assert.match(session, /^ses_[0-9a-f]{16}\.[\w-]{43}$/);
    assert.equal(JSON.stringify(started).includes(session) || status.includes(session), false);
    for (const file of ["proxy.json", "proxy.out"]) {
      assert.equal((await Deno.stat(`${sandbox.home}/${file}`)).mode! & 0o777, 0o600, file);
    }
    assert.equal((await Deno.readTextFile(`${sandbox.home}/proxy.out`)).includes(session), false);
    assert.equal((await sandbox.json(["proxy", "sync"]))["proxy"], "forgotten");
    await sandbox.fails("proxy_running", 1, ["proxy", "start", "--detach", "--port", "0"]);
  } finally {
    await sandbox.ok(["proxy", "stop"]);
  }
  assert.equal((await sandbox.json(["proxy", "sync"]))["proxy"], "not_running");
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { stdout } = await sandbox.fails("proxy_not_started", 1, [
    "proxy",
    "start",
    "--detach",
    "--port",
    String(taken.addr.port),
  ]);
  assert.match(stdout, /Cannot start the proxy in the background: Cannot listen on 127\.0\.0\.1:\d+: it is in use/);
});

Deno.test("SIGTERM and SIGINT end the proxy in order", async () => {
  await using sandbox = await sandboxWithProject();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const proxy = new ForegroundProxy(sandbox);
    await proxy.ready();
    proxy.kill(signal);
    assert.equal((await proxy.end()).code, 0, signal);
  }
});

Deno.test("P28 DENO_SERVE_ADDRESS of the environment does not move the proxy", async () => {
  await using sandbox = await sandboxWithProject();
  // Another of this machine's own addresses, at a port that nobody else can get meanwhile.
  using held = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const elsewhere = { hostname: Deno.build.os === "linux" ? "127.0.0.77" : "::1", port: held.addr.port };
  const proxy = new ForegroundProxy(sandbox, {
    DENO_SERVE_ADDRESS: `tcp:${elsewhere.hostname.replace("::1", "[::1]")}:${elsewhere.port}`,
  });
  await proxy.ready();
  // What the proxy says of itself proves nothing: the sockets are asked.
  await assert.rejects(Deno.connect(elsewhere), Deno.errors.ConnectionRefused);
  assert.equal((await (await fetch(`http://127.0.0.1:${proxy.port}/health`)).json()).status, "ok");
  proxy.kill("SIGTERM");
  await proxy.end();
});

Deno.test("P14 logs filter, verify, and a changed line is exit number 8", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "A=the first value", "B=the second value"]);
  await sandbox.ok(["env", "--only", "A", "--", "true"]);
  await sandbox.ok(["env", "--only", "B", "--", "true"]);
  const ofA = await sandbox.json(["proxy", "logs", "--secret", "A"]);
  assert.deepEqual(shapeOf(ofA), {
    records: [{
      v: "number",
      id: "string",
      timestamp: "string",
      workspace_id: "string",
      project_id: "string",
      environment: "string",
      agent_id: "string",
      token_id: "string",
      identity_level: "string",
      caller_role: "string",
      session_id: "string",
      secret_keys: ["string"],
      auth_styles: ["string"],
      method: "string",
      target_url: "string",
      domain: "string",
      status_code: "number",
      status: "string",
      reason: "string",
      redacted: "boolean",
      resolution_path: "string",
      duration_ms: "number",
      proxy_duration_ms: "number",
      allowlist_version: "number",
      seq: "number",
      prev: "string",
      sig: "string",
    }],
  });
  assert.equal((ofA["records"] as readonly unknown[]).length, 1);
  assert.equal(await sandbox.ok(["proxy", "logs", "--agent", "nobody"]), "");
  assert.deepEqual(shapeOf(await sandbox.json(["proxy", "logs", "--verify"])), {
    valid: "boolean",
    path: "string",
    records: "number",
    first_seq: "number",
    last_seq: "number",
    checkpoint_seq: "number",
  });
  const path = `${sandbox.home}/proxy.log`;
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace(`"A"`, `"C"`));
  await sandbox.fails("audit_invalid", 8, ["proxy", "logs", "--verify"]);
});
