/** `mcp serve` by each way to run the program, and under the official inspector where it is installed. */
import assert from "node:assert/strict";
import { PASSWORD, type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { McpServerProcess } from "../support/mcp.ts";
import { programs } from "../support/programs.ts";
import { startUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_canary-0123456789";

/** A project with KEY; its calls may go to the upstream. */
async function onStage(
  work: (sandbox: Sandbox, origin: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const upstream = await startUpstream();
  try {
    await using sandbox = await sandboxWithProject();
    await Deno.writeTextFile(`${sandbox.base}/ca.pem`, upstream.caPem);
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
    await sandbox.ok(["workspace", "allowlist", "add", upstream.origin, "--password-stdin"], {
      stdin: `${PASSWORD}\n`,
    });
    await work(sandbox, upstream.origin, { SSL_CERT_FILE: `${sandbox.base}/ca.pem` });
  } finally {
    await upstream.close();
  }
}

for (const [name, program] of Object.entries(await programs())) {
  const missing = typeof program === "string" ? program : undefined;
  Deno.test({
    name: `P1 P29 an agent's session over MCP with ${name}${missing === undefined ? "" : ` (skipped: ${missing})`}`,
    ignore: missing !== undefined,
    fn: () =>
      onStage(async (sandbox, origin, env) => {
        const server = await McpServerProcess.start(sandbox, { env, program: program as readonly string[] });
        assert.equal((await server.client.listTools()).tools.length, 7);
        assert.equal((await server.ok("status"))["project"], "my-app");
        const answer = await server.ok("api_call", { url: `${origin}/echo`, injections: { bearer: "KEY" } });
        assert.deepEqual([answer["status"], answer["redacted"]], [200, true]);
        await server.fails("domain_not_in_allowlist", "api_call", { url: "https://evil.example/" });
        const { code, stderr } = await server.end();
        assert.deepEqual([code, stderr], [0, ""]);
        assert.equal(server.output.includes(CANARY), false);
      }),
  });
}

// The inspector is a large package of its own and fetches nothing when it is there: MCP_INSPECTOR is the path of `mcp-inspector`.
const inspector = Deno.env.get("MCP_INSPECTOR") ?? "";
const [binary] = Object.values(await programs()).filter((program) =>
  typeof program !== "string" && program.length === 1
);

Deno.test({
  name: `the official inspector's command line finds the server in order${
    inspector === "" ? " (skipped: MCP_INSPECTOR names no mcp-inspector)" : ""
  }`,
  ignore: inspector === "" || binary === undefined,
  fn: () =>
    onStage(async (sandbox, origin, env) => {
      const inspect = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
        const { code, stdout, stderr } = await new Deno.Command(inspector, {
          args: ["--cli", (binary as readonly string[])[0]!, "mcp", "serve", ...args],
          cwd: sandbox.folder,
          env: { ...sandbox.env, ...env },
        }).output();
        assert.equal(code, 0, new TextDecoder().decode(stderr));
        return JSON.parse(new TextDecoder().decode(stdout));
      };
      assert.equal((await inspect("--method", "tools/list"))["tools"] instanceof Array, true);
      const call = ["--method", "tools/call", "--tool-name"];
      const listed = await inspect(...call, "list_secrets");
      assert.equal((listed["structuredContent"] as { secrets: unknown[] }).secrets.length, 1);
      const named = ["--tool-arg", `url=${origin}/echo`, "--tool-arg", 'injections={"bearer":"KEY"}'];
      const answer = await inspect(...call, "api_call", ...named);
      assert.equal((answer["structuredContent"] as { redacted: boolean }).redacted, true);
      assert.equal((await inspect(...call, "api_call", "--tool-arg", "url=https://evil.example/"))["isError"], true);
      assert.deepEqual(await inspect("--method", "resources/list"), { resources: [] });
    }),
});
