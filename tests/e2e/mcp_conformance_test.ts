/** The official conformance suite against `mcp serve`, behind a bridge, as the suite only knows servers by URL. */
import assert from "node:assert/strict";
import { program, sandboxWithProject } from "../support/cli.ts";
import { HttpBridge } from "../support/clients/http_bridge.ts";

/** The suite's own script; scripts/mcp_tool.sh brings it, scripts/test.sh names its path. */
const suite = Deno.env.get("MCP_CONFORMANCE") ?? "";

/** Those that ask for no tool, prompt or resource of the suite's own example server (docs/MCP.md). */
const SCENARIOS = ["server-initialize", "ping", "tools-list", "tools-call-error", "resources-list"];

Deno.test({
  name: `the official conformance suite's scenarios for any server pass${
    suite === "" ? " (skipped: MCP_CONFORMANCE names no suite; scripts/mcp_tool.sh conformance brings it)" : ""
  }`,
  ignore: suite === "",
  fn: async (t) => {
    await using sandbox = await sandboxWithProject();
    const [command, ...leading] = program();
    const args = [...leading, "mcp", "serve"];
    await using bridge = new HttpBridge({ command: command!, args, env: sandbox.env, cwd: sandbox.folder });
    for (const scenario of SCENARIOS) {
      await t.step(scenario, async () => {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--allow-all", "--quiet", "--node-modules-dir=manual", "--no-config", suite]
            .concat(["server", "--url", bridge.url, "--scenario", scenario]),
          cwd: sandbox.base,
          stdin: "null",
        }).output();
        const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        assert.equal(code, 0, said);
        assert.match(said, /Passed: [1-9]\d*\/[1-9]\d*, 0 failed, 0 warnings/);
      });
    }
  },
});
