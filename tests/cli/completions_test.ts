/** The completion scripts of zsh and fish, run by these shells. bash's is in program_test.ts. */
import assert from "node:assert/strict";
import { Sandbox } from "../support/cli.ts";
import { hasPty, Pty } from "../support/pty.ts";

async function missing(shell: string): Promise<string | undefined> {
  const probe = new Deno.Command(shell, { args: ["--version"], stdout: "null", stderr: "null" });
  const found = await probe.output().then((result) => result.success, () => false);
  return found ? undefined : `${shell} is not installed`;
}

const noFish = await missing("fish");
const noZsh = await missing("zsh") ?? (await hasPty() ? undefined : "script is not installed");
const note = (why: string | undefined): string => why === undefined ? "" : ` (skipped: ${why})`;

/** What is typed before Tab, and all that the last word may become. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ["agentsecrets sec", ["secrets"]],
  ["agentsecrets secrets pu", ["pull", "push"]],
  ["agentsecrets workspace allowlist a", ["add"]],
  ["agentsecrets secrets pull --fo", ["--force"]],
  ["agentsecrets --json account pass", ["password"]],
  ["agentsecrets proxy start --det", ["--detach"]],
];

Deno.test({
  name: `fish completes commands, commands below them and flags, and evaluates nothing that was typed${note(noFish)}`,
  ignore: noFish !== undefined,
}, async () => {
  await using sandbox = await Sandbox.make();
  const file = `${sandbox.base}/agentsecrets.fish`, trap = `${sandbox.base}/run`;
  await Deno.writeTextFile(file, await sandbox.ok(["completions", "fish"]));
  const complete = async (typed: string): Promise<readonly string[]> => {
    const { stdout, stderr } = await new Deno.Command("fish", {
      args: ["--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, typed],
      clearEnv: true,
      env: { HOME: sandbox.base, PATH: "/usr/bin:/bin" },
    }).output();
    assert.equal(new TextDecoder().decode(stderr), "", typed);
    return new TextDecoder().decode(stdout).split("\n").flatMap((line) => line === "" ? [] : [line.split("\t")[0]!]);
  };
  for (const [typed, words] of CASES) assert.deepEqual((await complete(typed)).toSorted(), words, typed);
  assert.deepEqual(await complete("agentsecrets env -- zz_no_such"), []);
  assert.deepEqual(await complete(`agentsecrets secrets set KEY=(touch ${trap}) --st`), ["--stdin"]);
  await assert.rejects(Deno.stat(trap), Deno.errors.NotFound);
});

Deno.test({
  name: `zsh completes commands, commands below them and flags at Tab, and evaluates nothing that was typed${
    note(noZsh)
  }`,
  ignore: noZsh !== undefined,
}, async () => {
  await using sandbox = await Sandbox.make();
  const folder = `${sandbox.base}/functions`, trap = `${sandbox.base}/run`;
  await Deno.mkdir(folder);
  // On the function path, as a package puts it, and sourced, as ~/.zshrc does.
  await Deno.writeTextFile(`${folder}/_agentsecrets`, await sandbox.ok(["completions", "zsh"]));
  for (const source of ["", `source ${folder}/_agentsecrets;`]) {
    const zsh = new Pty(sandbox, ["zsh", "-f", "-i"], { TERM: "dumb", PS1: "" }, []);
    const path = source === "" ? `fpath=(${folder} $fpath);` : "";
    await zsh.type(
      `${path} autoload -Uz compinit; compinit -u -D; ${source} zstyle ':completion:*' insert-tab false\r`,
    );
    await zsh.type("agentsecrets() { print -r -- \"ran [${(j:|:)@}] ok\" }; print re''ady\r");
    await zsh.expect("ready");
    for (const [typed, [word, ...others]] of CASES) {
      if (others.length > 0) continue;
      await zsh.type(`${typed}\t\r`);
      await zsh.expect(`ran [${[...typed.split(" ").slice(1, -1), word].join("|")}] ok`);
    }
    // More than one: all are shown, each with what it is for.
    await zsh.type("agentsecrets secrets pu\t");
    await zsh.expect("pull");
    await zsh.expect("push");
    await zsh.type("\x15agentsecrets env -- zz_no_such\t\r");
    await zsh.expect("ran [env|--|zz_no_such] ok");
    await zsh.type(`agentsecrets secrets set KEY=$(touch ${trap}) --st\t`);
    await zsh.expect("--stdin");
    await zsh.type("\x15exit\r");
    await zsh.end();
    await assert.rejects(Deno.stat(trap), Deno.errors.NotFound);
  }
});
