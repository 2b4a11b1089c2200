/** `mcp serve` in a sealed home: a client of the broker through a whole day: none, open, locked, opened again, killed. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../src/kernel/limits.ts";
import { CanarySearch } from "../support/canary.ts";
import { PASSWORD } from "../support/cli.ts";
import { McpServerProcess } from "../support/mcp.ts";
import { SEALED_CANARY, sealedSandbox, startBroker } from "../support/sealed_sandbox.ts";
import { startUpstream } from "../support/upstream.ts";

Deno.test({
  name:
    "P41 P44 an MCP session in a sealed home works through the broker, and says what a person types when there is none or it is locked",
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using sandbox = await sealedSandbox();
  const upstream = await startUpstream();
  try {
    const env = await sandbox.trust(upstream.caPem);
    await sandbox.allow(upstream.origin);
    // The server has no certificate of the upstream: what it gets, the broker fetched.
    await using server = await McpServerProcess.start(sandbox);
    const call = { url: `${upstream.origin}/echo`, injections: { bearer: "KEY" } };
    const needsPerson = async (code: string): Promise<void> => {
      for (const [tool, args] of [["list_secrets", {}], ["api_call", call]] as const) {
        const { hint } = await server.fails(code, tool, args);
        assert.match(String(hint), /A person types: agentsecrets proxy start/, tool);
      }
    };
    const keychain = async (): Promise<unknown> => (await server.ok("status"))["keychain"];
    const works = async (): Promise<void> => {
      const { secrets } = await server.ok("list_secrets") as { secrets: { name: string }[] };
      assert.deepEqual(secrets.map(({ name }) => name), ["KEY"]);
      const answer = await server.ok("api_call", call);
      assert.deepEqual([answer["status"], answer["redacted"]], [200, true]);
      assert.ok(String(answer["body"]).includes(`Bearer ${REDACTION_MARKER}`));
      assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${SEALED_CANARY}`);
      assert.deepEqual(await keychain(), { backend: "sealed vault", state: "ready", reason: "open in the proxy" });
    };

    await needsPerson("broker_needed");
    assert.deepEqual(await keychain(), { backend: "sealed vault", state: "locked", reason: "no proxy has it open" });

    await startBroker(sandbox, [], env);
    await works();
    const other = await server.fails("domain_not_in_allowlist", "api_call", { ...call, url: "https://evil.example/" });
    assert.equal(other["domain"], "evil.example");
    for (const tool of ["secrets_diff", "secrets_pull", "environments"]) {
      await server.fails("password_required", tool, {});
    }

    await sandbox.ok(["proxy", "lock"]);
    await needsPerson("vault_sealed");
    assert.deepEqual(await keychain(), { backend: "sealed vault", state: "locked", reason: "the proxy has locked it" });
    await startBroker(sandbox, [], env);
    await works();

    const { pid } = JSON.parse(await Deno.readTextFile(`${sandbox.home}/proxy.json`));
    Deno.kill(pid, "SIGKILL");
    while (
      await Deno.connect({ transport: "unix", path: `${sandbox.home}/broker.sock` }).then(
        (c) => (c.close(), true),
        () => false,
      )
    );
    await needsPerson("broker_needed");
    await startBroker(sandbox, [], env);
    await works();

    const { records } = await server.ok("audit_log", { last: 10 }) as { records: Record<string, string>[] };
    assert.deepEqual(
      new Set(records.map(({ agent_id, resolution_path }) => `${agent_id} ${resolution_path}`)),
      new Set(["test-agent mcp"]),
    );
    const { code, stderr } = await server.end();
    assert.deepEqual([code, stderr], [0, ""]);
    const search = new CanarySearch({ value: SEALED_CANARY, password: PASSWORD });
    search.text("what the server said", server.output);
    await search.folder(sandbox.home);
    assert.deepEqual(search.found, []);
  } finally {
    await sandbox.run(["proxy", "stop"]);
    await upstream.close();
  }
});
