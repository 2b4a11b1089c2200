/** `mcp serve` and the revisions of the protocol: the newest without a handshake, older ones with it, clients of both SDKs. */
// @ts-types="@modelcontextprotocol/sdk/client/index"
import { Client as OlderClient } from "@modelcontextprotocol/sdk/client/index.js";
// @ts-types="@modelcontextprotocol/sdk/types"
import { ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { ChildTransport, McpServerProcess, NEWEST, spawnServer } from "../support/mcp.ts";

const OLDER = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
const UNSUPPORTED_REVISION = -32022, INVALID_PARAMS = -32602, UNKNOWN_METHOD = -32601;

interface Answer {
  readonly id: unknown;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly data?: unknown };
}

/** Made once; each test gets a copy. */
let template: Promise<Sandbox> | undefined;

async function onStage(work: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  template ??= sandboxWithProject().then((sandbox) => {
    globalThis.addEventListener("unload", () => Deno.removeSync(sandbox.base, { recursive: true }));
    return sandbox;
  });
  await using sandbox = await (await template).copy();
  await work(sandbox);
}

/** Pipes requests in, numbered from 1, and gives the answers by number. */
async function exchange(
  sandbox: Sandbox,
  requests: readonly (readonly [string, Record<string, unknown>?])[],
): Promise<Map<unknown, Answer>> {
  const lines = requests.map(([method, params], index) =>
    JSON.stringify({ jsonrpc: "2.0", id: index + 1, method, params })
  );
  const { code, stdout, stderr } = await sandbox.run(["mcp", "serve"], { stdin: `${lines.join("\n")}\n` });
  assert.deepEqual([code, stderr], [0, ""]);
  const messages = stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Answer);
  return new Map(messages.filter(({ id }) => id !== undefined).map((answer) => [answer.id, answer]));
}

/** What each request of the newest revision carries. */
function about(name = "test-agent", revision: string = NEWEST, abilities: object = {}): Record<string, unknown> {
  return {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": revision,
      "io.modelcontextprotocol/clientInfo": { name, version: "1" },
      "io.modelcontextprotocol/clientCapabilities": abilities,
    },
  };
}

function initialize(protocolVersion: string): readonly [string, Record<string, unknown>] {
  return ["initialize", { protocolVersion, capabilities: {}, clientInfo: { name: "older", version: "1" } }];
}

Deno.test("a client with a handshake gets the older revision it asks for, else the newest of those", async () => {
  await onStage(async (sandbox) => {
    for (const asked of [...OLDER, "1999-12-31", NEWEST]) {
      const answers = await exchange(sandbox, [initialize(asked), ["ping"], ["tools/list"]]);
      const agreed = (OLDER as readonly string[]).includes(asked) ? asked : OLDER[0];
      assert.equal(answers.get(1)?.result?.["protocolVersion"], agreed, asked);
      assert.deepEqual(answers.get(2)?.result, {}, asked);
      assert.equal((answers.get(3)?.result?.["tools"] as unknown[]).length, 7, asked);
    }
  });
});

Deno.test("in the newest revision a first request needs no handshake, and each says for itself who asks", async () => {
  await onStage(async (sandbox) => {
    const status = (name: string): readonly [string, Record<string, unknown>] => [
      "tools/call",
      { name: "status", arguments: {}, ...about(name) },
    ];
    const answers = await exchange(sandbox, [status("first"), status("second"), ["ping", about()], ["tools/list"]]);
    const agent = (id: number): unknown => {
      return (answers.get(id)?.result?.["structuredContent"] as Record<string, unknown>)["agent_id"];
    };
    assert.deepEqual([agent(1), agent(2)], ["first", "second"]);
    assert.equal(answers.get(3)?.error?.code, UNKNOWN_METHOD);
    assert.equal(answers.get(4)?.error?.code, INVALID_PARAMS, "a request that does not say who asks");
  });
});

Deno.test("a revision that nobody knows is refused by name, first or later, with those that discovery tells", async () => {
  await onStage(async (sandbox) => {
    const list = (revision: string): readonly [string, Record<string, unknown>] => ["tools/list", about("x", revision)];
    const answers = await exchange(sandbox, [
      list("2031-01-01"),
      ["server/discover", about()],
      list(NEWEST),
      list("2025-11-25"),
      ["server/discover", about("x", "2031-01-01")],
    ]);
    const supported = answers.get(2)?.result?.["supportedVersions"];
    assert.deepEqual(supported, [NEWEST]);
    assert.equal((answers.get(3)?.result?.["tools"] as unknown[]).length, 7);
    for (const [id, requested] of [[1, "2031-01-01"], [4, "2025-11-25"], [5, "2031-01-01"]] as const) {
      assert.deepEqual(answers.get(id)?.error?.code, UNSUPPORTED_REVISION, String(id));
      assert.deepEqual(answers.get(id)?.error?.data, { supported, requested });
    }
  });
});

Deno.test("who looks ahead may still begin with a handshake", async () => {
  await onStage(async (sandbox) => {
    const call = { name: "status", arguments: {} };
    const answers = await exchange(sandbox, [["server/discover", about()], initialize(OLDER[0]), ["tools/call", call]]);
    assert.equal(answers.get(2)?.result?.["protocolVersion"], OLDER[0]);
    const status = answers.get(3)?.result?.["structuredContent"] as Record<string, unknown>;
    assert.deepEqual([status["project"], status["agent_id"]], ["my-app", "older"]);
  });
});

Deno.test("a client that listens for changes hears that there are none to come, and holds up no end", async () => {
  await onStage(async (sandbox) => {
    const filter = { notifications: { toolsListChanged: true, resourcesListChanged: true } };
    const answers = await exchange(sandbox, [["subscriptions/listen", { ...filter, ...about() }], [
      "tools/list",
      about(),
    ]]);
    assert.equal(answers.get(1)?.result?.["resultType"], "complete");
    assert.equal((answers.get(2)?.result?.["tools"] as unknown[]).length, 7);
  });
});

Deno.test("what a client answers in place of its folders opens nothing and breaks nothing", async () => {
  await onStage(async (sandbox) => {
    const call = { name: "list_secrets", arguments: {}, ...about("x", NEWEST, { roots: {} }) };
    const roots = (...uris: unknown[]): object => ({ folders: { roots: uris.map((uri) => ({ uri })) } });
    const wrong = [{}, { folders: 1 }, { folders: { roots: [null, 1, {}] } }, { other: { roots: [] } }]
      .concat(roots(7, "", "file://host/x", "file:///%00", "file:///%2F", "https://a.example/", "file:///"));
    for (const inputResponses of wrong) {
      const server = spawnServer(sandbox, { cwd: sandbox.base });
      const writer = server.stdin.getWriter();
      const lines = [{ id: 1, params: call }, { id: 2, params: { ...call, inputResponses } }]
        .map((line) => JSON.stringify({ jsonrpc: "2.0", method: "tools/call", ...line }));
      await writer.write(new TextEncoder().encode(`${lines.join("\n")}\n`));
      await writer.close();
      const [out, err] = await Promise.all([server.stdout, server.stderr].map((bytes) => new Response(bytes).text()));
      assert.deepEqual([(await server.status).code, err], [0, ""]);
      const answers = new Map(out!.trimEnd().split("\n").map((line) => JSON.parse(line)).map((a) => [a.id, a.result]));
      assert.equal(answers.get(1).resultType, "input_required", JSON.stringify(inputResponses));
      assert.equal(answers.get(2).structuredContent.error.code, "no_project", JSON.stringify(inputResponses));
    }
  });
});

Deno.test("the client of the official SDK's older line works as before, and is asked for its folders", async () => {
  await onStage(async (sandbox) => {
    const child = spawnServer(sandbox, { cwd: sandbox.base });
    const transport = new ChildTransport(child);
    const client = new OlderClient({ name: "older", version: "1" }, { capabilities: { roots: {} } });
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: pathToFileURL(sandbox.folder).href }] }));
    await client.connect(transport as Parameters<typeof client.connect>[0]);
    assert.equal((await client.listTools()).tools.length, 7); // from here on it checks results against their schemas
    const call = async (name: string, args = {}): Promise<Record<string, unknown>> => {
      return (await client.callTool({ name, arguments: args })).structuredContent as Record<string, unknown>;
    };
    assert.equal((await call("list_secrets"))["project"], "my-app");
    const { agent_id: agentId, project } = await call("status");
    assert.deepEqual([agentId, project], ["older", "my-app"]);
    const refused = await call("api_call", { url: "https://evil.example/" });
    assert.equal((refused["error"] as Record<string, unknown>)["code"], "empty_allowlist");
    assert.deepEqual((await client.listResources()).resources, []);
    await client.close();
    assert.deepEqual([(await child.status).code, await new Response(child.stderr).text()], [0, ""]);
  });
});

Deno.test("the newest client with a handshake works too, and is asked for its folders", async () => {
  await onStage(async (sandbox) => {
    const options = { capabilities: { roots: {} } };
    const start = { cwd: sandbox.base, options, revision: "with handshake" } as const;
    const server = await McpServerProcess.start(sandbox, start, (client) => {
      client.setRequestHandler("roots/list", () => ({ roots: [{ uri: pathToFileURL(sandbox.folder).href }] }));
    });
    assert.equal(server.client.getNegotiatedProtocolVersion(), OLDER[0]);
    await server.client.listTools();
    assert.equal((await server.ok("list_secrets"))["project"], "my-app");
    assert.equal((await server.ok("status"))["agent_id"], "test-agent");
    await server.fails("empty_allowlist", "api_call", { url: "https://evil.example/" });
    assert.deepEqual(await server.end(), { code: 0, stderr: "" });
  });
});
