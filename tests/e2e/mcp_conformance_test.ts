/** The official conformance suite against `mcp serve`, behind a bridge, as the suite only knows servers by URL. */
import assert from "node:assert/strict";
import { program, sandboxWithProject } from "../support/cli.ts";
import { HttpBridge } from "../support/clients/http_bridge.ts";

/** The suite's own script; scripts/mcp_tool.sh brings it, scripts/test.sh names its path. */
const suite = Deno.env.get("MCP_CONFORMANCE") ?? "";

/** A scenario that says something about any server, and its checks that cannot hold for this one (docs/MCP.md). */
interface Scenario {
  readonly name: string;
  readonly revision: string;
  readonly failing?: readonly string[];
}

const SCENARIOS: readonly Scenario[] = [
  { name: "server-initialize", revision: "2025-06-18" },
  { name: "server-initialize", revision: "2025-11-25" },
  { name: "ping", revision: "2025-11-25" },
  { name: "tools-list", revision: "2025-11-25" },
  { name: "resources-list", revision: "2025-11-25" },
  { name: "tools-list", revision: "2026-07-28" },
  { name: "resources-list", revision: "2026-07-28" },
  { name: "sep-2164-resource-not-found", revision: "2026-07-28" },
  { name: "input-required-result-unsupported-methods", revision: "2026-07-28" },
  { name: "caching", revision: "2026-07-28", failing: ["sep-2549-prompts-list-caching-hints"] }, // there are no prompts
  {
    name: "server-stateless",
    revision: "2026-07-28",
    failing: [
      // A header, which standard streams do not have.
      "sep-2575-http-server-header-mismatch-400",
      // The bridge takes it for the handshake of an older client, which this server also speaks.
      "sep-2575-http-server-method-not-found-404-initialize",
      // Tools of the suite's own example server: "not testable" without them.
      "sep-2575-server-rejects-undeclared-capability",
      "sep-2575-missing-capability-http-400",
      "sep-2575-http-server-no-independent-requests-on-stream",
      "sep-2575-server-no-log-without-loglevel",
    ],
  },
];

// deno-lint-ignore no-control-regex -- the suite colours its lines
const COLOURS = /\u001b\[\d+m/g;
const CHECK = /\[([\w-]+) *\] (SUCCESS|FAILURE|WARNING)/g;

/** The suite's checks that came out `how`, by name. */
function checks(said: string, how: string): Set<string> {
  return new Set([...said.matchAll(CHECK)].filter(([, , verdict]) => verdict === how).map(([, name]) => name!));
}

Deno.test({
  name: `the official conformance suite's checks that hold for any server pass, in old revisions and the newest${
    suite === "" ? " (skipped: MCP_CONFORMANCE names no suite; scripts/mcp_tool.sh conformance brings it)" : ""
  }`,
  ignore: suite === "",
  fn: async (t) => {
    await using sandbox = await sandboxWithProject();
    const [command, ...leading] = program();
    const args = [...leading, "mcp", "serve"];
    await using bridge = new HttpBridge({ command: command!, args, env: sandbox.env, cwd: sandbox.folder });
    for (const { name, revision, failing = [] } of SCENARIOS) {
      await t.step(`${name} in ${revision}`, async () => {
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--allow-all", "--quiet", "--node-modules-dir=manual", "--no-config", suite]
            .concat(["server", "--url", bridge.url, "--scenario", name, "--spec-version", revision]),
          cwd: sandbox.base,
          stdin: "null",
        }).output();
        const said = (new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)).replaceAll(COLOURS, "");
        assert.ok(checks(said, "SUCCESS").size > 0, said);
        assert.deepEqual([...checks(said, "FAILURE")].sort(), [...failing].sort(), said);
        assert.deepEqual([...checks(said, "WARNING")], [], said);
      });
    }
  },
});
