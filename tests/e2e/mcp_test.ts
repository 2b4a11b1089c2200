/** `mcp serve` by each way to run the program, and under the official inspector where it is installed. */
import assert from "node:assert/strict";
import { program, type Sandbox, sandboxWithProject } from "../support/cli.ts";
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
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
    await sandbox.allow(upstream.origin);
    await work(sandbox, upstream.origin, await sandbox.trust(upstream.caPem));
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

// A large package of its own: scripts/mcp_tool.sh brings it, scripts/test.sh names its path.
const inspector = Deno.env.get("MCP_INSPECTOR") ?? "";

/** The inspector's exit number for a tool that says `isError`. */
const TOOL_FAILED = 5;

Deno.test({
  name: `the official inspector's command line finds the server in order${
    inspector === "" ? " (skipped: MCP_INSPECTOR names no mcp-inspector; scripts/mcp_tool.sh inspector brings one)" : ""
  }`,
  ignore: inspector === "",
  fn: () =>
    onStage(async (sandbox, origin, env) => {
      const server = `${sandbox.base}/agentsecrets`;
      const line = program().map((word) => `'${word}'`).join(" ");
      await Deno.writeTextFile(server, `#!/bin/sh\nexec ${line} "$@"\n`, { mode: 0o755 });
      // Like every client of the SDK, it hands on little of its own environment.
      const given = Object.entries({ ...sandbox.env, ...env }).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
      const inspect = async (
        args: readonly string[],
        expected = 0,
      ): Promise<{ readonly result: Record<string, unknown>; readonly said: string }> => {
        const { code, stdout, stderr } = await new Deno.Command(inspector, {
          args: ["--cli", ...given, server, "mcp", "serve", ...args],
          cwd: sandbox.folder,
          clearEnv: true,
          env: { ...sandbox.env, ...env },
        }).output();
        const [result, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
        assert.equal(code, expected, result + said);
        assert.equal((result + said).includes(CANARY), false);
        return { result: JSON.parse(result), said };
      };
      const call = ["--method", "tools/call", "--tool-name"];

      const tools = (await inspect(["--method", "tools/list"])).result["tools"] as { readonly name: string }[];
      assert.equal(tools.length, 7);
      const listed = (await inspect([...call, "list_secrets"])).result["structuredContent"];
      assert.equal((listed as { secrets: unknown[] }).secrets.length, 1);
      const named = ["--tool-arg", `url=${origin}/echo`, "--tool-arg", 'injections={"bearer":"KEY"}'];
      const answer = (await inspect([...call, "api_call", ...named])).result["structuredContent"];
      assert.equal((answer as { redacted: boolean }).redacted, true);
      const refused = await inspect([...call, "api_call", "--tool-arg", "url=https://evil.example/"], TOOL_FAILED);
      assert.match(JSON.stringify(refused.result), /domain_not_in_allowlist/);
      assert.deepEqual((await inspect(["--method", "resources/list"])).result, { resources: [] });
    }),
});
