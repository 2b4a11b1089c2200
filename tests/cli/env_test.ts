/** `env` as a person at a terminal and a program at its pipes see it. */
import assert from "node:assert/strict";
import { PASSWORD, program, type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { hasPty, Pty } from "../support/pty.ts";

const CANARY = "sk_live_canary-0123456789";
const MASKED = "[REDACTED_BY_AGENTSECRETS]";
const ignore = !await hasPty();
/** Sent by askHidden once the terminal does not echo any more. */
const HIDDEN = "\x1b[?2004h";

async function withKey(): Promise<Sandbox> {
  const sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
  return sandbox;
}

/** The program, inside a shell that `env` runs on a terminal. */
const again = program().join(" ");

Deno.test("P50 env masks every value of the environment in both outputs, in any form, and no flag of a program's changes that", async () => {
  await using sandbox = await withKey();
  await sandbox.ok(["secrets", "set", "OTHER=another value"]);
  const script = 'echo "$KEY"; printf %s "$KEY" | base64; cat "$0" >&2';
  await Deno.writeTextFile(`${sandbox.folder}/found`, `OTHER="another value"\n`);
  const { code, stdout, stderr } = await sandbox.run(["env", "--only", "KEY", "--", "sh", "-c", script, "found"]);
  assert.deepEqual([code, stdout, stderr], [0, `${MASKED}\n${MASKED}\n`, `OTHER="${MASKED}"\n`]);
  const refused = await sandbox.run(["env", "--no-mask", "--", "printenv", "KEY"], { stdin: `${PASSWORD}\n` });
  assert.deepEqual([refused.code, refused.stdout], [9, ""]);
  assert.match(refused.stderr, /needs a person at a terminal/);
});

Deno.test("env says which secrets it left out, and gives them when they are named", async () => {
  await using sandbox = await withKey();
  await sandbox.ok(["secrets", "set", "LD_PRELOAD=/nowhere/at-all.so"]);
  const all = await sandbox.run(["env", "--", "sh", "-c", 'test -z "$LD_PRELOAD"']);
  assert.equal(all.code, 0);
  assert.match(all.stderr, /^! Left out LD_PRELOAD: .*--only LD_PRELOAD/);
});

Deno.test("the reader of env's output may go away: the program ends as it would without env", async () => {
  await using sandbox = await withKey();
  const child = sandbox.start(["env", "--", "yes"]);
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal((await child.status).code, 141);
  await child.stderr.cancel();
});

Deno.test({
  name: "P50 on a terminal output is the program's own; into a file it is masked, and --no-mask asks for the password",
  ignore,
  fn: async () => {
    await using sandbox = await withKey();
    const script = `test -t 1 && echo "plain $KEY"; ${again} env -- printenv KEY > masked; ` +
      `${again} env --no-mask -- printenv KEY > plain; ${again} env --no-mask -- printenv KEY > refused; echo "exit $?"`;
    const pty = new Pty(sandbox, ["env", "--", "sh", "-c", script]);
    await pty.expect(`plain ${CANARY}`);
    await pty.answer(`Password: ${HIDDEN}`, PASSWORD);
    await pty.answer(`Password: ${HIDDEN}`, "not the password");
    await pty.expect("exit 7");
    assert.equal(await pty.end(), 0, pty.screen);
    const read = (name: string): Promise<string> => Deno.readTextFile(`${sandbox.folder}/${name}`);
    assert.deepEqual([await read("masked"), await read("plain"), await read("refused")], [
      `${MASKED}\n`,
      `${CANARY}\n`,
      "",
    ]);
  },
});

Deno.test({
  name:
    "job control works through env: a shell inside has it, and Ctrl-Z and fg stop and continue env with its program",
  ignore: ignore || !await Deno.stat("/bin/bash").then(() => true, () => false),
  fn: async () => {
    await using sandbox = await withKey();
    const pty = new Pty(sandbox, ["env", "--", "/bin/bash", "--norc", "--noprofile", "-i"], { PS1: "ready> " });
    await pty.expect("ready> ");
    await pty.type(`${again} env -- sh -c 'echo be""gun; read x; echo "got-$x"'\r`);
    await pty.expect("begun");
    await pty.type("\x1a");
    await pty.expect("Stopped");
    await pty.expect("ready> ");
    await pty.type("fg\r");
    // The shell names the job when it has read its own line: what is typed from now on is the job's.
    await pty.expect("got-$x");
    await pty.type("hello\r");
    await pty.expect("got-hello");
    await pty.type("exit 4\r");
    assert.equal(await pty.end(), 4, pty.screen);
  },
});

/** Names of the secrets that a program gets. */
async function given(sandbox: Sandbox, args: readonly string[] = [], cwd = sandbox.folder): Promise<string[]> {
  const names = ["KEY", "OTHER", "THIRD"];
  const script = names.map((name) => `test -n "$${name}" && echo ${name}`).join("; ") + "; true";
  return (await sandbox.ok(["env", ...args, "--", "sh", "-c", script], { cwd })).trim().split("\n");
}

Deno.test("P63 env gives the folder's default and no other secret; --only and --all are asked for", async () => {
  await using sandbox = await withKey();
  await sandbox.ok(["secrets", "set", "OTHER=another value", "THIRD=a third value"]);
  assert.deepEqual(await given(sandbox), ["KEY", "OTHER", "THIRD"]);
  const saved = await sandbox.json(["env", "--only", "OTHER,KEY", "--only", "KEY", "--save"]);
  assert.deepEqual(saved["env_only"], ["KEY", "OTHER"]);
  await Deno.mkdir(`${sandbox.folder}/src/deep`, { recursive: true });
  assert.deepEqual(await given(sandbox), ["KEY", "OTHER"]);
  assert.deepEqual(await given(sandbox, [], `${sandbox.folder}/src/deep`), ["KEY", "OTHER"]);
  assert.deepEqual(await given(sandbox, ["--project", "my-app"]), ["KEY", "OTHER"]);
  assert.deepEqual(await given(sandbox, ["--only", "THIRD"]), ["THIRD"]);
  assert.deepEqual(await given(sandbox, ["--all"]), ["KEY", "OTHER", "THIRD"]);
  const [record] = (await sandbox.json(["proxy", "logs", "--last", "3"]) as { records: { secret_keys: string[] }[] })
    .records;
  assert.deepEqual(record!.secret_keys, ["KEY", "OTHER"]);

  // What keeps the project keeps the default; another project has its own.
  await sandbox.ok(["project", "update", "my-app", "--name", "renamed"]);
  await sandbox.ok(["project", "use", "renamed"]);
  assert.deepEqual(await given(sandbox), ["KEY", "OTHER"]);
  await sandbox.ok(["project", "create", "elsewhere", "--no-use"]);
  await sandbox.ok(["secrets", "set", "THIRD=of another project", "--project", "elsewhere"]);
  assert.deepEqual(await given(sandbox, ["--project", "elsewhere"]), ["THIRD"]);

  assert.equal((await sandbox.json(["env", "--all", "--save"]))["env_only"], null);
  assert.deepEqual(await given(sandbox), ["KEY", "OTHER", "THIRD"]);
});

Deno.test("P63 an edited default gives nothing that env alone would not, and a name that is not there is an error", async () => {
  await using sandbox = await withKey();
  await sandbox.ok(["secrets", "set", "OTHER=another value", "LD_PRELOAD=/nowhere/at-all.so"]);
  await sandbox.fails("invalid_input", 2, ["env", "--only", "KEY,LD_PRELOAD", "--save"]);
  const path = `${sandbox.folder}/.agentsecrets/project.json`;
  const file = JSON.parse(await Deno.readTextFile(path));
  const edit = (env_only: unknown): Promise<void> => Deno.writeTextFile(path, JSON.stringify({ ...file, env_only }));

  await edit(["KEY", "LD_PRELOAD"]);
  const preloaded = await sandbox.run(["env", "--", "sh", "-c", 'test -z "$LD_PRELOAD" && test -n "$KEY"']);
  assert.equal(preloaded.code, 0, preloaded.stderr);
  assert.match(preloaded.stderr, /^! Left out LD_PRELOAD/);
  await edit(["KEY", "NEVER_WAS"]);
  await sandbox.fails("secret_not_found", 3, ["env", "--", "true"]);
  await sandbox.ok(["secrets", "delete", "OTHER"]);
  await edit(["KEY", "OTHER"]);
  await sandbox.fails("secret_not_found", 3, ["env", "--", "true"]);
  await edit([]);
  assert.deepEqual(await given(sandbox), [""]);
  for (const damaged of ["KEY", { KEY: true }, ["not a name"], [["KEY"]], null]) {
    await edit(damaged);
    await sandbox.fails("config_damaged", 1, ["env", "--", "true"]);
  }
});

Deno.test("--save writes and runs nothing; what it cannot mean is a usage error", async () => {
  await using sandbox = await withKey();
  const path = `${sandbox.folder}/.agentsecrets/project.json`, before = await Deno.readTextFile(path);
  await sandbox.fails("usage", 2, ["env", "--only", "KEY", "--save", "--", "true"]);
  await sandbox.fails("usage", 2, ["env", "--only", "KEY", "--save", "--env", "staging"]);
  await sandbox.fails("usage", 2, ["env", "--only", "KEY", "--all", "--", "true"]);
  await sandbox.fails("missing_answer", 2, ["env", "--save"]);
  await sandbox.fails("usage", 2, ["env"]);
  await sandbox.fails("no_project", 3, ["env", "--only", "KEY", "--save"], { cwd: sandbox.base });
  assert.equal(await Deno.readTextFile(path), before);
});

Deno.test(
  { name: "P63 a person at a terminal is told which names the default gives, a program is not", ignore },
  async () => {
    await using sandbox = await withKey();
    await sandbox.ok(["env", "--only", "KEY", "--save"]);
    const pty = new Pty(sandbox, ["env", "--", "true"]);
    assert.equal(await pty.end(), 0);
    assert.match(pty.screen, /With KEY, this folder's default; --all gives all/);
    assert.equal((await sandbox.run(["env", "--", "true"])).stderr, "");
  },
);
