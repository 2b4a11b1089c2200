/** Children run through the real adapter, in a process of its own so that signals and streams are the real ones. */
import assert from "node:assert/strict";
import { type Ended, endOf } from "../../../support/child.ts";

const PROGRAM = new URL("../../../support/run_child.ts", import.meta.url).pathname;
const VALUE = "value with 'quotes', $x and\na second line";

function command(job: Readonly<Record<string, unknown>>, env: Readonly<Record<string, string>> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, JSON.stringify({ args: [], secrets: {}, ...job })],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(
  job: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return await endOf(command(job, env).spawn());
}

const shell = (script: string): Readonly<Record<string, unknown>> => ({ program: "sh", args: ["-c", script] });

Deno.test("P15 the child has the values and the person's own variables, and not those that are withheld", async () => {
  const script = 'printf "%s|%s|%s|%s" "$KEY" "$OWN" "$AGENTSECRETS_HOME" "$SHADOWED"';
  const secrets = { KEY: VALUE, SHADOWED: "ours" };
  const env = { OWN: "mine", AGENTSECRETS_HOME: "/nowhere", SHADOWED: "theirs" };
  const { code, stdout } = await run({ ...shell(script), secrets, withhold: ["AGENTSECRETS_*"] }, env);
  assert.equal(code, 0);
  assert.equal(stdout, `${VALUE}|mine||ours`);
});

Deno.test("the child's own exit number is passed on, and 128 + n for a signal", async () => {
  assert.equal((await run(shell("exit 37"))).code, 37);
  for (const [signal, code] of [["TERM", 143], ["KILL", 137], ["HUP", 129], ["INT", 130]] as const) {
    assert.equal((await run(shell(`kill -${signal} $$; sleep 5`))).code, code, signal);
  }
});

Deno.test("signals to us reach the child", async () => {
  for (
    const [signal, code] of [["SIGTERM", 41], ["SIGHUP", 42], ["SIGUSR2", 43], ["SIGINT", 44], [
      "SIGWINCH",
      45,
    ]] as const
  ) {
    const name = signal.slice(3);
    const child = command(shell(`trap 'exit ${code}' ${name}; echo ready; while :; do sleep 0.02; done`)).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill(signal);
    assert.equal((await child.status).code, code, signal);
    await reader.cancel();
    await child.stderr.cancel();
  }
});

Deno.test("a program that cannot be started is named without its arguments", async () => {
  const { stderr } = await run({ program: "/no/such/program", args: ["--token=argument-value"] });
  assert.match(stderr, /^child_not_started: .*\/no\/such\/program: there is no such program/);
  assert.equal(stderr.includes("argument-value"), false);
  assert.match((await run({ program: "/etc" })).stderr, /^child_not_started: /);
});

Deno.test("a value that no environment can hold is refused by its name alone", async () => {
  const { stderr } = await run({ ...shell("true"), secrets: { KEY: "nul\0value" } });
  assert.match(stderr, /^invalid_value: .*KEY.*NUL/);
  assert.equal(stderr.includes("nul"), false);
});

Deno.test("an environment larger than the system takes is said so", async () => {
  const path = await Deno.makeTempFile();
  const script = `
    import { SystemProcesses } from "${new URL("../../../../src/adapters/process/system.ts", import.meta.url)}";
    import { Secret } from "${new URL("../../../../src/kernel/secret.ts", import.meta.url)}";
    const secrets = new Map(Array.from({ length: 200 }, (_, i) => ["K" + i, Secret.fromText("x".repeat(60_000))]));
    try { await new SystemProcesses().run({ program: "true", args: [], secrets, withhold: [] }); }
    catch (e) { console.log(e.code, e.message); }`;
  await Deno.writeTextFile(path, script);
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", "--ext=ts", path] })
    .output();
  await Deno.remove(path);
  assert.match(new TextDecoder().decode(stdout), /^child_not_started .*larger than the system takes/);
});
