/** `call`, `env` and `exec`, against a real TLS upstream on loopback. */
import assert from "node:assert/strict";
import { type Sandbox, sandboxWithProject, shapeOf } from "../support/cli.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_canary-0123456789";

/** A sandbox whose KEY may be sent to an upstream that echoes what it gets. */
async function ready(): Promise<
  { sandbox: Sandbox; upstream: TestUpstream; env: Record<string, string>; close(): Promise<void> }
> {
  const [sandbox, upstream] = await Promise.all([sandboxWithProject(), startUpstream()]);
  const env = await sandbox.trust(upstream.caPem);
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  await sandbox.allow(upstream.origin);
  const close = async (): Promise<void> => {
    await upstream.close();
    await sandbox[Symbol.asyncDispose]();
  };
  return { sandbox, upstream, env, close };
}

Deno.test("P1 call prints `HTTP 200`, a blank line and the body, redacted; the upstream got the credential", async () => {
  const { sandbox, upstream, env, close } = await ready();
  try {
    const result = await sandbox.run(["call", "--url", `${upstream.origin}/echo`, "--bearer", "KEY"], { env });
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stdout, /^HTTP 200\n\n\{/);
    assert.ok(result.stdout.includes("[REDACTED_BY_AGENTSECRETS]"));
    assert.equal((result.stdout + result.stderr).includes(CANARY), false);
    assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${CANARY}`);
  } finally {
    await close();
  }
});

Deno.test("every style reaches its place, and --include, --header-plain, --body and --method do what they say", async () => {
  const { sandbox, upstream, env, close } = await ready();
  try {
    await sandbox.ok(["secrets", "set", "LOGIN", "--stdin"], { stdin: `user:${CANARY}` });
    const call = async (...args: readonly string[]): Promise<TestUpstream["requests"][number]> => {
      await sandbox.ok(["call", "--url", `${upstream.origin}/echo?a=1`, ...args], { env, stdin: "from stdin" });
      return upstream.requests.at(-1)!;
    };
    assert.equal((await call("--basic", "LOGIN")).headers["authorization"], `Basic ${btoa(`user:${CANARY}`)}`);
    assert.equal((await call("--header", "X-Api-Key=KEY")).headers["x-api-key"], CANARY);
    assert.equal((await call("--query", "key=KEY")).path, `/echo?a=1&key=${CANARY}`);
    const json = await call("--body", `{"a":{"n":1.0}}`, "--body-field", "a.key=KEY");
    assert.deepEqual([json.method, JSON.parse(json.body)], ["POST", { a: { n: 1, key: CANARY } }]);
    assert.equal((await call("--form-field", "api_key=KEY", "--method", "post")).body, `api_key=${CANARY}`);
    const both = await call(
      "--bearer",
      "KEY",
      "--header",
      "X-K=KEY",
      "--header-plain",
      "X-Plain=a=b",
      "--method",
      "put",
    );
    assert.deepEqual(
      [both.method, both.headers["x-k"], both.headers["x-plain"], both.headers["authorization"]],
      ["PUT", CANARY, "a=b", `Bearer ${CANARY}`],
    );
    assert.equal((await call("--bearer", "KEY", "--body", "-")).body, "from stdin");
    await Deno.writeTextFile(`${sandbox.folder}/b.json`, `{"x":1}`);
    const file = await call("--bearer", "KEY", "--body", "@b.json");
    assert.deepEqual([file.body, file.headers["content-type"]], [`{"x":1}`, "application/json"]);
    const included = await sandbox.ok(["call", "--url", `${upstream.origin}/echo`, "--bearer", "KEY", "--include"], {
      env,
    });
    assert.match(included, /^HTTP 200\n(?:[a-z-]+: .*\n)*content-type: application\/json\n(?:[a-z-]+: .*\n)*\n\{/);
  } finally {
    await close();
  }
});

Deno.test("the JSON envelope has the same members on success and on refusal", async () => {
  const { sandbox, upstream, env, close } = await ready();
  try {
    const answer = await sandbox.json(["call", "--url", `${upstream.origin}/echo`, "--bearer", "KEY"], { env });
    assert.deepEqual(Object.keys(answer), ["status", "headers", "body", "body_encoding", "redacted", "duration_ms"]);
    assert.deepEqual([answer["status"], answer["redacted"], answer["body_encoding"]], [200, true, "utf-8"]);
    assert.deepEqual((answer["headers"] as Record<string, string[]>)["content-type"], ["application/json"]);

    const refusals: readonly (readonly [args: readonly string[], exit: number, status: number, code: string])[] = [
      [["--url", "https://evil.example/", "--bearer", "KEY"], 4, 403, "domain_not_in_allowlist"],
      [["--url", `${upstream.origin}/`, "--bearer", "MISSING"], 3, 404, "secret_not_found"],
      [["--url", "no url", "--bearer", "KEY"], 2, 400, "invalid_target"],
      [["--url", `${upstream.origin}/`, "--bearer", "KEY", "--token", "ast1.x"], 2, 501, "unsupported"],
      [["--url", `${upstream.origin}/`, "--bearer", "KEY", "--basic", "KEY"], 2, 400, "injection_conflict"],
      [["--url", `${upstream.origin}/`, "--bearer", "KEY", "--body", "@missing"], 1, 500, "file_unreadable"],
    ];
    for (const [args, exit, status, code] of refusals) {
      const { code: number, stdout } = await sandbox.run(["call", ...args, "--output", "json"], { env });
      const envelope = JSON.parse(stdout);
      assert.deepEqual([number, envelope.status, JSON.parse(envelope.body).error], [exit, status, code], stdout);
      assert.ok(envelope.error.startsWith(`${code}: `), stdout);
      assert.deepEqual(shapeOf(envelope), {
        status: "number",
        headers: { "content-type": ["string"] },
        body: "string",
        body_encoding: "string",
        redacted: "boolean",
        duration_ms: "number",
        error: "string",
      });
    }
  } finally {
    await close();
  }
});

Deno.test("P10 a URL is needed, --stream and JSON exclude each other, a binding holds", async () => {
  const { sandbox, upstream, env, close } = await ready();
  try {
    const none = await sandbox.run(["call", "--bearer", "KEY"], { env });
    assert.match(none.stderr, /--url URL/);
    assert.equal(none.code, 2);
    assert.equal((await sandbox.run(["call", "--url", upstream.origin, "--stream", "--json"], { env })).code, 2);
    await sandbox.ok(["secrets", "set", "BOUND", "--stdin", "--domains", "api.stripe.com"], { stdin: CANARY });
    const bound = await sandbox.run(["call", "--url", upstream.origin, "--bearer", "BOUND"], { env });
    assert.equal(bound.code, 4);
    assert.match(bound.stderr, /bound to other domains/);
    const untrusted = await sandbox.run(["call", "--url", upstream.origin, "--bearer", "KEY"]);
    assert.equal(untrusted.code, 7, untrusted.stderr);
    const noFile = await sandbox.run(["call", "--url", upstream.origin, "--bearer", "KEY"], {
      env: { SSL_CERT_FILE: "/nowhere.pem" },
    });
    assert.match(noFile.stderr, /SSL_CERT_FILE/);
  } finally {
    await close();
  }
});

Deno.test("P7 P28 proxy variables of the environment do not reroute a call", async () => {
  const { sandbox, upstream, env, close } = await ready();
  const trap = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const through = `http://127.0.0.1:${(trap.addr as Deno.NetAddr).port}`;
    const caught = trap.accept().then(() => true, () => false);
    const variables = { HTTPS_PROXY: through, https_proxy: through, ALL_PROXY: through };
    await sandbox.ok(["call", "--url", `${upstream.origin}/echo`, "--bearer", "KEY"], {
      env: { ...env, ...variables },
    });
    trap.close();
    assert.equal(await caught, false);
  } finally {
    await close();
  }
});

const MASKED = "[REDACTED_BY_AGENTSECRETS]";

Deno.test("P4 P15 env gives values to the child alone, with its exit number, and the log has no arguments", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "OTHER=another value"].filter((a) => a !== "KEY"));
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  assert.equal(await sandbox.ok(["env", "--", "printenv", "KEY"]), `${MASKED}\n`);
  await sandbox.holds("KEY", CANARY);
  assert.equal((await sandbox.run(["env", "--", "sh", "-c", "exit 37"])).code, 37);
  assert.equal((await sandbox.run(["env", "--", "sh", "-c", "kill -TERM $$"])).code, 143);
  const only = await sandbox.run([
    "env",
    "--only",
    "OTHER",
    "--",
    "sh",
    "-c",
    'echo "[$KEY][$OTHER]" "$1" >&2; test "$OTHER" = "another value"',
    "sh",
    CANARY,
  ]);
  assert.deepEqual([only.code, only.stderr], [0, `[][${MASKED}] ${MASKED}\n`]);
  assert.equal((await sandbox.run(["env", "--only", "NOPE", "--", "true"])).code, 3);
  assert.equal((await sandbox.run(["env", "--", "no-such-program"])).code, 1);
  assert.equal((await sandbox.run(["env", "--", ""])).code, 2);
  assert.equal((await sandbox.run(["env"])).code, 2);
  assert.equal(await sandbox.ok(["env", "--", "echo", "--json", "--help"]), "--json --help\n");
  assert.equal(await sandbox.ok(["env", "--", "cat"], { stdin: "passed through" }), "passed through");
  const { records } = await sandbox.json(["proxy", "logs"]) as { records: readonly Record<string, unknown>[] };
  assert.deepEqual([records[0]!["method"], records[0]!["target_url"]], ["ENV", "printenv"]);
  assert.equal(JSON.stringify(records).includes(CANARY), false);
});

Deno.test("exec answers OpenClaw's request with values and errors by id", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  const request = JSON.stringify({ protocolVersion: 1, provider: "agentsecrets", ids: ["KEY", "NOPE"] });
  const { code, stdout } = await sandbox.run(["exec"], { stdin: request });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), {
    protocolVersion: 1,
    values: { KEY: CANARY },
    errors: { NOPE: { message: "Secret 'NOPE' not found in keychain" } },
  });
  for (const bad of ["", "{", "[]", `{"protocolVersion":2,"provider":"x","ids":[]}`]) {
    const refused = await sandbox.run(["exec"], { stdin: bad });
    assert.ok(refused.code !== 0 && !refused.stdout.includes(CANARY), bad);
  }
  assert.equal((await sandbox.run(["exec"], { stdin: " ".repeat(1024 * 1024 + 1) })).code, 2);
});
