/** What env and exec hand out, and that nothing goes out without a record. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import type { Terminal } from "../../../src/ports/terminal.ts";
import type { WorldWithEngine } from "../../../src/usecases/engine_ports.ts";
import { provideSecretRefs } from "../../../src/usecases/exec_provider.ts";
import { readAuditLog } from "../../../src/usecases/read_audit_log.ts";
import { runWithEnv } from "../../../src/usecases/run_with_env.ts";
import { withStage } from "../../support/engine_stage.ts";

Deno.test("env hands out the named secrets, or all but those that steer which code runs, with names on record only", async () => {
  await withStage(async ({ world, processes, set }) => {
    const steering = ["LD_PRELOAD", "PATH", "NODE_OPTIONS", "BASH_ENV", "PYTHONPATH", "GIT_SSH_COMMAND"];
    for (
      const [name, value] of [["A_KEY", "value-of-a"], ["B_KEY", "value-of-b"], ["__proto__", "value-of-p"]] as const
    ) {
      await set(name, value);
    }
    for (const name of steering) await set(name, "/tmp/evil.so");
    const all = await runWithEnv(world, { program: "/usr/bin/printenv", args: ["--token=in-an-argument"] });
    assert.equal(all.exitCode, 37);
    assert.deepEqual([...all.leftOut].sort(), [...steering].sort());
    assert.deepEqual(Object.entries(processes.commands[0]!.env).sort(), [
      ["A_KEY", "value-of-a"],
      ["B_KEY", "value-of-b"],
      ["__proto__", "value-of-p"],
    ]);
    assert.deepEqual(processes.commands[0]!.withhold, ["AGENTSECRETS_*"]);
    const some = await runWithEnv(world, { program: "sh", args: [], only: ["B_KEY", "PATH"] });
    assert.deepEqual(some.names, ["B_KEY", "PATH"]);
    await assert.rejects(
      runWithEnv(world, { program: "sh", args: [], only: ["NOPE"] }),
      (e) => isAppError(e, "secret_not_found"),
    );
    const [first] = await readAuditLog(world, {});
    assert.deepEqual([first!.method, first!.targetUrl, first!.resolutionPath], ["ENV", "printenv", "env"]);
    const text = await Deno.readTextFile(world.places.proxyLog);
    for (const value of ["value-of", "in-an-argument"]) assert.equal(text.includes(value), false);
  });
});

Deno.test("P13 env and exec hand nothing out without a record", async () => {
  await withStage(async ({ world, processes, set }) => {
    await set("A_KEY", "value-of-a");
    await Deno.mkdir(world.places.proxyLog);
    await assert.rejects(runWithEnv(world, { program: "sh", args: [] }), (e) => isAppError(e, "audit_unwritable"));
    const written: string[] = [];
    const provided = provideSecretRefs(withTerminal(world, written), ask(["A_KEY"]));
    await assert.rejects(provided, (e) => isAppError(e, "audit_unwritable"));
    assert.deepEqual([processes.commands.length, written.length], [0, 0]);
  });
});

Deno.test("exec answers each id with its value or its error", async () => {
  await withStage(async ({ world, set }) => {
    await set("A_KEY", 'value with "quotes" and é');
    const written: string[] = [];
    const result = await provideSecretRefs(withTerminal(world, written), ask(["A_KEY", "NOPE", "no name", "A_KEY"]));
    const answer = JSON.parse(written.join(""));
    assert.equal(answer.protocolVersion, 1);
    assert.deepEqual(answer.values, { A_KEY: 'value with "quotes" and é' });
    assert.equal(answer.errors.NOPE.message, "Secret 'NOPE' not found in keychain");
    assert.deepEqual(Object.keys(answer.errors).sort(), ["NOPE", "no name"]);
    assert.deepEqual(result.provided, ["A_KEY"]);
    const [record] = await readAuditLog(world, {});
    assert.deepEqual([record!.method, record!.secretKeys, record!.targetUrl], ["EXEC", ["A_KEY"], "openclaw"]);
    const refused: readonly (readonly [string, string])[] = [
      ["", "invalid_input"],
      ["[]", "unsupported_format"],
      ["null", "invalid_input"],
      ['{"protocolVersion":2,"ids":[]}', "unsupported_format"],
      ['{"protocolVersion":1,"ids":"A_KEY"}', "invalid_input"],
      ['{"protocolVersion":1,"ids":[1]}', "invalid_input"],
      ['{"protocolVersion":1,"provider":1,"ids":[]}', "invalid_input"],
      [`{"protocolVersion":1,"ids":[${Array(1001).fill('"A"').join(",")}]}`, "invalid_input"],
    ];
    for (const [text, code] of refused) {
      const call = provideSecretRefs(withTerminal(world, []), new TextEncoder().encode(text));
      await assert.rejects(call, { code }, text.slice(0, 60));
    }
  });
});

function ask(ids: readonly string[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ protocolVersion: 1, provider: "openclaw", ids }));
}

function withTerminal(world: WorldWithEngine, written: string[]): WorldWithEngine & { terminal: Terminal } {
  const terminal: Pick<Terminal, "write"> = {
    write: (stream: string, data: string | Uint8Array): Promise<void> => {
      assert.equal(stream, "stdout");
      written.push(typeof data === "string" ? data : new TextDecoder().decode(data));
      return Promise.resolve();
    },
  };
  return Object.assign(world, { terminal: terminal as Terminal });
}
