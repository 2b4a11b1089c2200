/** `mcp serve`: the real program, spoken to by the official SDK's client, with a real TLS upstream. */
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { VERSION } from "../../src/cli/version.ts";
import { CanarySearch } from "../support/canary.ts";
import { type Sandbox, sandboxWithProject, shapeOf } from "../support/cli.ts";
import { McpServerProcess, NEWEST, spawnServer } from "../support/mcp.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

/** Nobody else's: the arguments of all processes are searched for them while other tests run. */
const CANARY = "sk_live_canary-of-mcp-serve-0123456789";
const PAIR = "user:pa55word-canary-of-mcp-serve-987654";
const MARKER = "[REDACTED_BY_AGENTSECRETS]";
/** JSON-RPC's code for a request that makes no sense: no tool has that name. */
const INVALID_PARAMS = -32602;

interface Stage {
  readonly sandbox: Sandbox;
  readonly upstream: TestUpstream;
  readonly env: Record<string, string>;
}

/** Made once: KEY, PAIR_KEY and, in staging, KEY again; the upstream is allowed. Each test gets a copy. */
let template: Promise<Sandbox> | undefined;
const shared = startUpstream();

async function makeTemplate(): Promise<Sandbox> {
  const sandbox = await sandboxWithProject();
  globalThis.addEventListener("unload", () => Deno.removeSync(sandbox.base, { recursive: true }));
  const { origin } = await shared;
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  await sandbox.ok(["secrets", "set", "PAIR_KEY", "--stdin"], { stdin: PAIR });
  await sandbox.ok(["secrets", "set", "KEY", "--stdin", "--env", "staging"], { stdin: CANARY });
  await sandbox.allow(origin);
  return sandbox;
}

async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const upstream = await shared;
  template ??= makeTemplate();
  await using sandbox = await (await template).copy();
  await work({ sandbox, upstream, env: await sandbox.trust(upstream.caPem) });
}

/** Ends the server well: exit number 0 and nothing on standard error. */
async function endsWell(server: McpServerProcess): Promise<void> {
  assert.deepEqual(await server.end(), { code: 0, stderr: "" });
}

Deno.test("a session begins in the newest protocol revision, says how to work with names, and ends with 0", async () => {
  await onStage(async ({ sandbox }) => {
    const server = await McpServerProcess.start(sandbox);
    assert.deepEqual(server.client.getServerVersion(), {
      name: "agentsecrets",
      title: "AgentSecrets",
      version: VERSION,
    });
    assert.match(server.client.getInstructions() ?? "", /names[\s\S]*api_call/);
    assert.equal(server.client.getNegotiatedProtocolVersion(), NEWEST);
    assert.deepEqual(JSON.parse(server.output.split("\n")[0]!).result.supportedVersions, [NEWEST]);
    const { tools } = await server.client.listTools();
    for (const { name, title, description, inputSchema, outputSchema, annotations } of tools) {
      assert.ok(title !== undefined && description !== undefined && description.length > 80, name);
      assert.equal((inputSchema as Record<string, unknown>)["additionalProperties"], false, name);
      assert.ok(outputSchema !== undefined && Object.hasOwn(outputSchema.properties!, "error"), name);
      assert.equal(annotations?.readOnlyHint, name !== "api_call" && name !== "secrets_pull", name);
      assert.equal(annotations?.openWorldHint, name === "api_call", name);
    }
    await endsWell(server);
  });
});

Deno.test("every tool that looks answers in the shape that its schema tells", async () => {
  await onStage(async ({ sandbox, env, upstream }) => {
    const server = await McpServerProcess.start(sandbox, { env });
    await server.client.listTools(); // from here on the client checks each result against its schema
    const status = await server.ok("status");
    assert.deepEqual(
      [status["project"], status["environment"], status["agent_id"], status["drift"]],
      ["my-app", "development", "test-agent", { synced: 2, local_only: 0, remote_only: 0, out_of_sync: 0 }],
    );
    const { secrets } = await server.ok("list_secrets");
    assert.deepEqual((secrets as { name: string }[]).map(({ name }) => name), ["KEY", "PAIR_KEY"]);
    assert.deepEqual(await server.ok("secrets_diff"), {
      workspace: "Personal",
      project: "my-app",
      environment: "development",
      differences: [],
      synced: 2,
      complete: true,
      warnings: [],
    });
    const { environments } = await server.ok("environments");
    const active = { name: "development", project: "my-app", active: true, protected: false };
    assert.deepEqual((environments as unknown[])[0], active);
    assert.deepEqual(await server.ok("list_secrets", { environment: "production" }).then((r) => r["secrets"]), []);
    await server.ok("api_call", { url: `${upstream.origin}/text?key=x`, injections: { bearer: "KEY" } });
    const { records } = await server.ok("audit_log", { last: 1, secret: "KEY", agent: "test-agent" });
    const [record] = records as Record<string, unknown>[];
    assert.deepEqual(
      [record!["target_url"], record!["resolution_path"], record!["identity_level"], record!["secret_keys"]],
      [`${upstream.origin}/text`, "mcp", "declared", ["KEY"]],
    );
    await endsWell(server);
    await sandbox.ok(["proxy", "logs", "--verify"]);
  });
});

Deno.test("api_call puts secrets in each place, takes them out of the answer, and its shape is frozen", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const server = await McpServerProcess.start(sandbox, { env });
    await server.client.listTools();
    const call = async (args: Record<string, unknown>): Promise<TestUpstream["requests"][number]> => {
      const result = await server.ok("api_call", { url: `${upstream.origin}/echo?a=1`, ...args });
      assert.equal(result["redacted"], true);
      assert.ok((result["body"] as string).includes(MARKER), String(result["body"]));
      return upstream.requests.at(-1)!;
    };
    assert.equal((await call({ injections: { bearer: "KEY" } })).headers["authorization"], `Bearer ${CANARY}`);
    assert.equal((await call({ injections: { basic: "PAIR_KEY" } })).headers["authorization"], `Basic ${btoa(PAIR)}`);
    assert.equal((await call({ injections: { "header:X-Api-Key": "KEY" } })).headers["x-api-key"], CANARY);
    assert.equal((await call({ injections: { "query:key": "KEY" } })).path, `/echo?a=1&key=${CANARY}`);
    const json = await call({ body: '{"a":{"n":1.0}}', injections: { "body:a.b": "KEY" } });
    assert.deepEqual([json.method, json.body], ["POST", `{"a":{"n":1.0,"b":"${CANARY}"}}`]);
    assert.equal((await call({ method: "put", injections: { "form:f": "KEY" } })).body, `f=${CANARY}`);
    const both = await call({
      body: '["x"]',
      headers: { "X-Plain": "1" },
      injections: { bearer: "KEY", "header:X-K": "KEY" },
    });
    assert.deepEqual(
      [both.headers["content-type"], both.headers["x-plain"], both.headers["x-k"], both.body],
      ["application/json", "1", CANARY, '["x"]'],
    );
    const bytes = await call({ body: btoa("raw"), body_encoding: "base64", injections: { bearer: "KEY" } });
    assert.equal(bytes.body, "raw");
    const plain = await server.ok("api_call", { url: `${upstream.origin}/status/404` });
    assert.deepEqual(shapeOf({ ...plain, headers: {} }), {
      status: "number",
      headers: {},
      headers_cut: "boolean",
      body: "string",
      body_bytes: "number",
      body_file: "null",
      redacted: "boolean",
      duration_ms: "number",
      audit_id: "string",
    });
    assert.equal(plain["status"], 404);
    await endsWell(server);
  });
});

Deno.test("refusals are errors of the tool with the catalog's code, message and hint", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const server = await McpServerProcess.start(sandbox, { env });
    await server.client.listTools();
    const url = `${upstream.origin}/echo`, bearer = { bearer: "KEY" };
    const refused = await server.fails("domain_not_in_allowlist", "api_call", {
      url: "https://evil.example/",
      injections: bearer,
    });
    assert.match(String(refused["hint"]), /person/);
    assert.equal(refused["domain"], "evil.example");
    const cases: readonly (readonly [string, Record<string, unknown>])[] = [
      ["secret_not_found", { url, injections: { bearer: "MISSING" } }],
      ["invalid_target", { url: "no url" }],
      ["injection_conflict", { url, injections: { bearer: "KEY", basic: "KEY" } }],
      ["invalid_injection", { url, injections: { cookie: "KEY" } }],
      ["environment_not_found", { url, environment: "nowhere", injections: bearer }],
      ["project_not_found", { url, project: "nowhere", injections: bearer }],
      ["bad_request", { url, method: "GET", body: "x" }],
      ["upstream_unreachable", { url: upstream.origin.replace(/\d+$/, "1"), injections: bearer }],
      ["invalid_input", { url, body: "%", body_encoding: "base64" }],
      ["invalid_input", {}],
      ["invalid_input", { url, injections: bearer, headers: [] }],
      ["invalid_input", { url, token: "x" }],
    ];
    for (const [code, args] of cases) {
      if (code === "upstream_unreachable") continue; // not allowed there: covered by the engine's own tests
      await server.fails(code, "api_call", args);
    }
    const misplaced = await server.call("api_call", { url, injections: { bearer: { value: CANARY } } });
    assert.equal(misplaced.isError, true);
    assert.equal(JSON.stringify(misplaced).includes(CANARY), false, "an argument is not quoted back");
    await assert.rejects(server.call("secrets_get", { name: "KEY" }), { code: INVALID_PARAMS });
    await endsWell(server);
  });
});

Deno.test("a large or binary body becomes a file of this person's, a resource, and is gone with the session", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const server = await McpServerProcess.start(sandbox, { env });
    await server.client.listTools();
    const filler = "0123456789abcdef".repeat(4096);
    const large = await server.ok("api_call", {
      url: `${upstream.origin}/text`,
      body: `${filler}é`,
      injections: { bearer: "KEY" },
    });
    const { path, uri } = large["body_file"] as { path: string; uri: string; mime_type: string };
    assert.equal((large["body"] as string).length, 2000);
    const kept = await Deno.readTextFile(path);
    assert.ok(kept.endsWith(`${filler}é`) && kept.includes(MARKER) && !kept.includes(CANARY));
    assert.equal(new TextEncoder().encode(kept).length, large["body_bytes"]);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(`${sandbox.home}/answers`)).mode! & 0o777, 0o700);
    const { contents } = await server.client.readResource({ uri });
    assert.deepEqual(contents, [{ uri, mimeType: "text/plain", text: kept }]);

    const binary = await server.ok("api_call", { url: `${upstream.origin}/huge/5000` });
    assert.deepEqual([binary["body"], binary["body_bytes"]], [null, 5000]);
    assert.equal((await server.client.listResources()).resources.length, 2);
    const outside = { uri: "agentsecrets://answers/..%2Fconfig.json" };
    await assert.rejects(server.client.readResource(outside), { code: INVALID_PARAMS, data: outside });
    const gone = { uri: "agentsecrets://answers/nothing.txt" };
    await assert.rejects(server.client.readResource(gone), { code: INVALID_PARAMS, data: gone });
    await server.fails("body_too_large", "api_call", { url: `${upstream.origin}/huge/${65 * 1024 * 1024}` });
    await endsWell(server);
    assert.deepEqual([...Deno.readDirSync(`${sandbox.home}/answers`)], []);
  });
});

Deno.test("a cancelled call ends at the upstream and stands in the log; a long one tells its progress", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const server = await McpServerProcess.start(sandbox, { env });
    const cancel = new AbortController();
    const told = Promise.withResolvers<unknown>();
    const before = upstream.aborted.count;
    const call = server.client.callTool(
      { name: "api_call", arguments: { url: `${upstream.origin}/hang`, injections: { bearer: "KEY" } } },
      { signal: cancel.signal, onprogress: told.resolve },
    );
    const { progress, message } = await told.promise as { progress: number; message: string };
    assert.ok(progress > 0 && message.length > 0);
    await requestArrives(upstream, "/hang");
    cancel.abort();
    await assert.rejects(call, /AbortError/);
    await cutOff(upstream, before);
    // The upstream hears of it while the record is still on its way.
    let records: Record<string, unknown>[] = [];
    while (records.length === 0) records = (await server.ok("audit_log"))["records"] as Record<string, unknown>[];
    assert.deepEqual(records.map(({ reason }) => reason), ["cancelled"]);
    await endsWell(server);
  });
});

Deno.test("a client that leaves or a system that ends the server cuts running calls, which are on record then", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    for (const how of ["close", "SIGTERM"] as const) {
      const server = await McpServerProcess.start(sandbox, { env });
      const before = upstream.aborted.count;
      const call = server.client.callTool({
        name: "api_call",
        arguments: { url: `${upstream.origin}/hang?${how}`, injections: { bearer: "KEY" } },
      });
      const rejected = assert.rejects(call, /Connection closed/);
      await requestArrives(upstream, `/hang?${how}`);
      if (how === "SIGTERM") server.signal("SIGTERM");
      const { code, stderr } = await server.end();
      assert.deepEqual([code, stderr], [0, ""], how);
      await Promise.all([rejected, cutOff(upstream, before)]);
      const { records } = await sandbox.json(["proxy", "logs", "--last", "1"]);
      assert.equal((records as Record<string, unknown>[])[0]!["reason"], "cancelled", how);
    }
    // The keychain vouches for the last record of a session: the log's end is not cut without a trace.
    const path = `${sandbox.home}/proxy.log`;
    await Deno.writeTextFile(
      path,
      (await Deno.readTextFile(path)).trimEnd().split("\n").slice(0, -1).join("\n") + "\n",
    );
    await Deno.remove(`${path}.head`);
    const { code, stderr } = await sandbox.run(["proxy", "logs", "--verify"]);
    assert.notEqual(code, 0);
    assert.match(stderr, /keychain/);
  });
});

Deno.test("requests that are piped in are answered before the end; noise is no reason to fall silent", async () => {
  await onStage(async ({ sandbox }) => {
    const client = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "pipe", version: "1" } };
    const lines = [
      { jsonrpc: "2.0", id: 1, method: "initialize", params: client },
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "list_secrets", arguments: {} } },
    ].map((line) => JSON.stringify(line));
    const { code, stdout, stderr } = await sandbox.run(["mcp", "serve"], {
      stdin: `${lines[0]}\nthis is no JSON\n\n${lines.slice(1).join("\n")}\n`,
    });
    assert.deepEqual([code, stderr], [0, ""]);
    const answers = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(answers.map(({ id }) => id), [1, 2]);
    assert.equal(answers[1].result.structuredContent.secrets.length, 2);
  });
});

Deno.test("a message without an end ends the session, not the machine's memory", async () => {
  await onStage(async ({ sandbox }) => {
    const server = spawnServer(sandbox);
    const writer = server.stdin.getWriter();
    const piece = new TextEncoder().encode("x".repeat(1024 * 1024));
    const output = [server.stdout, server.stderr].map((bytes) => new Response(bytes).text());
    let written = 0;
    for (; written < 128; written++) if (!await writer.write(piece).then(() => true, () => false)) break;
    assert.ok(written >= 64 && written < 128, `${written} MiB`);
    assert.deepEqual([(await server.status).code, ...await Promise.all(output)], [0, "", ""]);
    await writer.abort().catch(() => {});
  });
});

Deno.test("secrets_pull brings what the server has and keeps what was changed here", async () => {
  await onStage(async ({ sandbox }) => {
    await using other = await sandbox.copy();
    await sandbox.ok(["secrets", "set", "NEW_KEY", "--stdin"], { stdin: "brand-new-canary-0123" });
    for (const file of ["server.db", "server.db-wal", "server.db-shm"]) {
      await Deno.remove(`${other.home}/${file}`).catch(() => {});
      await Deno.copyFile(`${sandbox.home}/${file}`, `${other.home}/${file}`).catch(() => {});
    }
    const server = await McpServerProcess.start(other);
    await server.client.listTools();
    const { differences } = await server.ok("secrets_diff");
    assert.deepEqual((differences as Record<string, unknown>[]).map(({ name, status }) => [name, status]), [
      ["NEW_KEY", "remote_only"],
    ]);
    const pulled = await server.ok("secrets_pull");
    assert.deepEqual(pulled["pulled"], [{ name: "NEW_KEY", change: "created", version: 1 }]);
    assert.equal(pulled["unchanged"], 2);
    assert.deepEqual((await server.ok("secrets_pull"))["pulled"], []);
    await endsWell(server);
  });
});

Deno.test("what the person fixed for a session no tool call can change", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const args = ["--env", "staging", "--project", "my-app"];
    const server = await McpServerProcess.start(sandbox, { env, args, cwd: sandbox.base });
    const { tools } = await server.client.listTools();
    for (const { name, inputSchema } of tools) {
      const named = Object.keys(inputSchema.properties ?? {});
      assert.ok(!named.includes("environment") && !named.includes("project"), name);
    }
    for (const tool of ["list_secrets", "secrets_diff", "secrets_pull"]) {
      await server.fails("invalid_input", tool, { environment: "production" });
      assert.equal((await server.ok(tool))["environment"], "staging");
    }
    await server.fails("invalid_input", "api_call", { url: upstream.origin, environment: "production" });
    await server.fails("invalid_input", "environments", { project: "other" });
    await server.ok("api_call", { url: `${upstream.origin}/echo`, injections: { bearer: "KEY" } });
    await server.fails("secret_not_found", "api_call", { url: upstream.origin, injections: { bearer: "PAIR_KEY" } });
    const { environments } = await server.ok("environments");
    assert.deepEqual((environments as { name: string }[]).map(({ name }) => name), ["staging"]);
    const { project, environment, fixed } = await server.ok("status");
    assert.deepEqual([project, environment, fixed], ["my-app", "staging", {
      project: "my-app",
      environment: "staging",
    }]);
    const { records } = await server.ok("audit_log", { last: 1 });
    assert.equal((records as Record<string, unknown>[])[0]!["environment"], "staging");
    await endsWell(server);
  });
});

Deno.test("started elsewhere it works in --folder, else in the folder that the client has open, else says what is missing", async () => {
  await onStage(async ({ sandbox }) => {
    const cwd = sandbox.base;
    const nowhere = await McpServerProcess.start(sandbox, { cwd });
    await nowhere.fails("no_project", "list_secrets");
    assert.equal((await nowhere.ok("list_secrets", { project: "my-app" }))["project"], "my-app");
    await endsWell(nowhere);

    const given = await McpServerProcess.start(sandbox, { cwd, args: ["--folder", "my-app"] });
    assert.equal((await given.ok("list_secrets"))["project"], "my-app");
    await endsWell(given);

    const options = { capabilities: { roots: {} } };
    const open = await McpServerProcess.start(sandbox, { cwd, options }, (client) => {
      client.setRequestHandler("roots/list", () => ({
        roots: [{ uri: pathToFileURL(sandbox.base).href }, { uri: pathToFileURL(sandbox.folder).href }],
      }));
    });
    assert.equal((await open.ok("list_secrets"))["project"], "my-app");
    await endsWell(open);
  });
});

Deno.test("without an account tools say so, and work once there is one, in the same session", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    await Deno.rename(sandbox.home, `${sandbox.home}-away`);
    const server = await McpServerProcess.start(sandbox, { env, clientName: "Some Editor" });
    const call = { url: `${upstream.origin}/echo`, injections: { bearer: "KEY" } };
    assert.equal((await server.ok("status"))["initialised"], false);
    const failure = await server.fails("not_initialised", "list_secrets");
    assert.match(String(failure["hint"]), /agentsecrets init/);
    await server.fails("not_initialised", "api_call", call);
    await Deno.remove(sandbox.home, { recursive: true }).catch(() => {});
    await Deno.rename(`${sandbox.home}-away`, sandbox.home);
    assert.equal((await server.ok("list_secrets"))["project"], "my-app");
    assert.equal((await server.ok("api_call", call))["status"], 200);
    assert.equal((await server.ok("status"))["agent_id"], "Some-Editor");
    await endsWell(server);
  });
});

Deno.test("standard input is the protocol's: a passphrase does not come that way", async () => {
  await onStage(async ({ sandbox }) => {
    await sandbox.fails("usage", 2, ["mcp", "serve", "--vault-passphrase-stdin"], { stdin: "first line\n" });
  });
});

Deno.test("a name that cannot stand in the log is nobody's", async () => {
  await onStage(async ({ sandbox }) => {
    for (const clientName of ["агент", "x".repeat(129), "a\u0007b", ""]) {
      const server = await McpServerProcess.start(sandbox, { clientName });
      assert.equal((await server.ok("status"))["agent_id"], null, clientName);
      await endsWell(server);
    }
  });
});

Deno.test("P1 no value is in anything that the MCP server writes: protocol, standard error, files", async () => {
  await onStage(async ({ sandbox, upstream, env }) => {
    const server = await McpServerProcess.start(sandbox, { env: { ...env, AGENTSECRETS_DEBUG: "1" } });
    const injections = { bearer: "KEY", "header:X-Pair": "PAIR_KEY" };
    for (const route of ["echo", "text", "headers", "gzip", "zstd", "redirect", "broken", "unknown", "status/500"]) {
      await server.call("api_call", { url: `${upstream.origin}/${route}`, injections });
    }
    await server.call("api_call", { url: `${upstream.origin}/text`, injections, body: "x".repeat(40_000) });
    for (const tool of ["status", "list_secrets", "secrets_diff", "secrets_pull", "audit_log", "environments"]) {
      await server.call(tool);
    }
    const search = new CanarySearch({ CANARY, PAIR });
    search.processes();
    await search.folder(sandbox.base);
    const { stderr } = await server.end();
    search.text("standard output", server.output);
    search.text("standard error", stderr);
    await search.folder(sandbox.base);
    assert.deepEqual(search.found, []);
    assert.ok(server.output.includes(MARKER));
  });
});

async function requestArrives(upstream: TestUpstream, path: string): Promise<void> {
  while (upstream.requests.at(-1)?.path !== path) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function cutOff(upstream: TestUpstream, before: number): Promise<void> {
  while (upstream.aborted.count <= before) await new Promise((resolve) => setTimeout(resolve, 5));
}
