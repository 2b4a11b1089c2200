/** `mcp serve` while a person seals the home and unseals it again: one session, which sees each move at its next call. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../src/kernel/limits.ts";
import { CanarySearch } from "../support/canary.ts";
import { PASSWORD, sandboxWithProject } from "../support/cli.ts";
import { McpServerProcess } from "../support/mcp.ts";
import { startBroker, TYPED } from "../support/sealed_sandbox.ts";
import { startUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_canary-of-mcp-storage-0123456789";

Deno.test({
  name:
    "P34 P64 a running MCP session follows the storage: through the broker once the home is sealed, by itself when it is not",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using sandbox = await sandboxWithProject();
  const upstream = await startUpstream();
  try {
    const env = await sandbox.trust(upstream.caPem);
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
    await sandbox.allow(upstream.origin);
    await using server = await McpServerProcess.start(sandbox, { env });
    const call = { url: `${upstream.origin}/echo`, injections: { bearer: "KEY" } };
    const works = async (backend: string): Promise<void> => {
      const answer = await server.ok("api_call", call);
      assert.deepEqual([answer["status"], answer["redacted"]], [200, true]);
      assert.ok(String(answer["body"]).includes(`Bearer ${REDACTION_MARKER}`));
      assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${CANARY}`);
      const { secrets } = await server.ok("list_secrets") as { secrets: { name: string }[] };
      assert.deepEqual(secrets.map(({ name }) => name), ["KEY"]);
      assert.equal((await server.ok("status"))["keychain"]!["backend" as never], backend);
    };
    const move = async (...to: readonly string[]): Promise<void> => {
      await sandbox.ok(["account", "storage", "--vault", ...to, "--password-stdin"], TYPED);
    };

    await works("vault file");
    for (let round = 0; round < 2; round++) {
      await move("sealed");
      const before = upstream.requests.length;
      for (const [tool, args] of [["api_call", call], ["list_secrets", {}]] as const) {
        assert.match(
          String((await server.fails("broker_needed", tool, args))["hint"]),
          /A person types: agentsecrets proxy/,
        );
      }
      assert.equal(upstream.requests.length, before, "no value of the former vault goes out");
      await startBroker(sandbox, [], env);
      await works("sealed vault");
      await sandbox.ok(["proxy", "stop"]);
      await move("file", "--vault-key-file");
      await works("vault file");
    }

    assert.deepEqual(await server.end(), { code: 0, stderr: "" });
    const search = new CanarySearch({ value: CANARY, password: PASSWORD });
    search.text("what the server said", server.output);
    await search.folder(sandbox.home);
    assert.deepEqual(search.found, []);
  } finally {
    await sandbox.run(["proxy", "stop"]);
    await upstream.close();
  }
});
