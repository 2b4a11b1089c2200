/**
 * What is damaged, linked elsewhere, newer than this program, or cannot be written: an error from the catalog that names the file,
 * and the file as it was. Through the real program.
 */
import assert from "node:assert/strict";
import type { Ended } from "../support/child.ts";
import { PASSWORD, type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { onSmallDisk } from "../support/small_disk.ts";

const CANARY = "sk_live_Canary-of-damage-0123456789";
const HOME = "home/.agentsecrets";

/** Ways to damage a file. */
const DAMAGE: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "emptied": (path) => Deno.writeFile(path, new Uint8Array()),
  "cut in half": async (path) => await Deno.truncate(path, Math.floor((await Deno.stat(path)).size / 2)),
  "garbage": (path) => Deno.writeFile(path, crypto.getRandomValues(new Uint8Array(5000))),
  "of another type": (path) => Deno.writeTextFile(path, `[1, 2, "${CANARY}"]\n`),
  "a folder": async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  },
  "a link in a circle": async (path) => {
    await Deno.remove(path);
    await Deno.symlink(path, path);
  },
};

/** A sandbox with a secret and a record. */
let template: Promise<Sandbox> | undefined;

async function filled(): Promise<Sandbox> {
  template ??= (async (): Promise<Sandbox> => {
    const sandbox = await sandboxWithProject();
    globalThis.addEventListener("unload", () => Deno.removeSync(sandbox.base, { recursive: true }));
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
    await sandbox.ok(["env", "--", "true"]);
    return sandbox;
  })();
  return await (await template).copy();
}

/** Everything about a path that a refused command must leave alone. */
async function lookAt(path: string): Promise<string> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (found?.isFile !== true) return JSON.stringify([found?.isDirectory, found?.isSymlink]);
  return (await Deno.readFile(path)).toHex();
}

function checked(what: string, path: string, { code, stdout, stderr }: Ended): void {
  const shown = `${what}: ${code} ${stdout}${stderr}`;
  const { error } = JSON.parse(stdout);
  assert.equal(error.exit, code, shown);
  assert.ok(stderr.includes(path), `${shown}\ndoes not name ${path}`);
  assert.equal(error.code === "internal" || / {4}at /.test(stderr), false, shown);
  assert.equal((stdout + stderr).includes(CANARY), false, what);
}

/** The files that a command which needs them cannot do without, with that command. */
async function files(sandbox: Sandbox): Promise<readonly (readonly [path: string, line: readonly string[]])[]> {
  const vault: [string, string[]][] = [];
  for await (const { name } of Deno.readDir(`${sandbox.home}/vault`)) {
    if (name !== "lock") vault.push([`${HOME}/vault/${name}`, ["env", "--", "true"]]);
  }
  return [
    [`${HOME}/config.json`, ["project", "list"]],
    ["my-app/.agentsecrets/project.json", ["secrets", "list"]],
    [`${HOME}/server.db`, ["project", "list"]],
    [`${HOME}/proxy.log`, ["env", "--", "true"]],
    ...vault,
  ];
}

Deno.test("P26 config, project, database, vault and log: damaged in any way they are refused by name and left alone", async () => {
  await using whole = await filled();
  const used = new Set<string>();
  for (const [path, line] of await files(whole)) {
    for (const [how, damage] of Object.entries(DAMAGE)) {
      const at = `${whole.base}/${path}`, aside = `${whole.base}/aside`;
      await Deno.copyFile(at, aside);
      await damage(at);
      const before = await lookAt(at);
      const result = await whole.run(["--json", ...line]);
      // A collection that this command does not need is not looked at.
      if (result.code !== 0) {
        used.add(path);
        checked(`${path} ${how}`, at, result);
        assert.equal(await lookAt(at), before, `${path} ${how} was changed`);
      } else assert.match(path, /\.vault$/, `${path} ${how} was taken`);
      await Deno.remove(at, { recursive: true });
      await Deno.rename(aside, at);
    }
  }
  assert.ok([...used].filter((path) => path.endsWith(".vault")).length >= 3, "device, pins and values were looked at");
  await whole.ok(["env", "--", "true"]);
});

Deno.test("P26 what a newer program wrote is named as such", async () => {
  await using sandbox = await filled();
  for (const path of [`${HOME}/config.json`, "my-app/.agentsecrets/project.json"]) {
    const at = `${sandbox.base}/${path}`, text = await Deno.readTextFile(at);
    await Deno.writeTextFile(at, text.replace(/"version": ?1\b/, '"version": 99'));
    const before = await lookAt(at);
    const { stderr } = await sandbox.fails("unsupported_format", 8, ["secrets", "list"]);
    assert.ok(stderr.includes(at) && /99/.test(stderr), stderr);
    assert.equal(await lookAt(at), before);
    await Deno.writeTextFile(at, text);
  }
});

Deno.test("P26 a damaged .env is neither read as empty nor overwritten", async () => {
  await using sandbox = await filled();
  await sandbox.ok(["init", "--storage-mode", "2"]);
  await sandbox.ok(["secrets", "pull"]);
  const at = `${sandbox.folder}/.env`;
  const bytes = new Uint8Array([0xff, 0xfe, 0x41, 0x00]);
  await Deno.writeFile(at, bytes);
  const { stderr } = await sandbox.run(["secrets", "set", "OTHER", "--stdin"], { stdin: "another value" });
  assert.ok(stderr.includes(".env"), stderr);
  assert.deepEqual(await Deno.readFile(at), bytes);
  assert.match(await sandbox.ok(["secrets", "list"]), /^OTHER /m);
});

const WRITES: readonly (readonly [args: readonly string[], stdin?: string])[] = [
  [["secrets", "set", "NEW", "--stdin"], "a new value of some length"],
  [["project", "create", "another"]],
  [["environment", "switch", "staging"]],
  [["workspace", "allowlist", "add", "api.stripe.com", "--password-stdin"], `${PASSWORD}\n`],
  [["env", "--", "true"]],
];

/** Runs everything that writes in a home that cannot be written; then, where it can be, nothing was lost or half done. */
async function nothingWritten(sandbox: Sandbox, home: string, codes: RegExp): Promise<void> {
  for (const [args, stdin] of WRITES) {
    const { code, stdout } = await sandbox.run(["--json", ...args], {
      env: { AGENTSECRETS_HOME: home },
      ...(stdin === undefined ? {} : { stdin }),
    });
    const { error } = JSON.parse(stdout);
    assert.equal(error.exit, code, stdout);
    assert.match(error.code, codes, `${args.join(" ")}: ${stdout}`);
    assert.ok(error.message.includes(home), stdout);
  }
}

Deno.test(
  "P25 on a read-only disk every write is refused by name",
  onSmallDisk(16 * 1024, async (disk) => {
    await using sandbox = await filled();
    const home = disk.at(".agentsecrets");
    await new Deno.Command("cp", { args: ["-a", sandbox.home, home] }).output();
    await disk.freeze();
    await nothingWritten(sandbox, home, /^(file_unwritable|audit_unwritable|database_.*)$/);
  }),
);

Deno.test(
  "P25 on a full disk every write is refused by name, and afterwards all is as it was",
  onSmallDisk(4 * 1024, async (disk) => {
    await using sandbox = await filled();
    const home = disk.at(".agentsecrets"), env = { AGENTSECRETS_HOME: home };
    await new Deno.Command("cp", { args: ["-a", sandbox.home, home] }).output();
    const projects = await sandbox.ok(["project", "list"], { env });
    await Deno.remove(`${home}/proxy.log.reserve`).catch(() => {});
    await disk.fill("filler");
    await nothingWritten(sandbox, home, /^(disk_full|audit_unwritable|file_unwritable)$/);
    await Deno.remove(disk.at("filler"));
    assert.equal(await sandbox.ok(["project", "list"], { env }), projects);
    assert.match(await sandbox.ok(["secrets", "list"], { env }), /^KEY [^\n]*\n$/);
    for (const [args, stdin] of WRITES) await sandbox.ok(args, { env, ...(stdin === undefined ? {} : { stdin }) });
  }),
);

Deno.test("P26 a pipe in the place of one of our files is refused by name, not waited for", async () => {
  await using sandbox = await filled();
  for (const path of [`${sandbox.home}/config.json`, `${sandbox.folder}/.agentsecrets/project.json`]) {
    const kept = await Deno.readFile(path);
    await Deno.remove(path);
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const { code, stderr } = await sandbox.run(["secrets", "list"]);
    assert.equal(code, 1, stderr);
    assert.ok(stderr.includes(path) && stderr.includes("not a regular file"), stderr);
    await Deno.remove(path);
    await Deno.writeFile(path, kept);
  }
});

Deno.test("P26 a repository's files that would fill the memory are refused by name: links to devices, and files of many GB", async () => {
  await using sandbox = await filled();
  const project = `${sandbox.folder}/.agentsecrets/project.json`, dotenv = `${sandbox.folder}/.env.example`;
  const kept = await Deno.readFile(project);
  await Deno.truncate(project, 64 * 2 ** 30);
  const { code, stderr } = await sandbox.run(["secrets", "list"]);
  assert.equal(code, 1, stderr);
  assert.ok(stderr.includes(project) && stderr.includes("more than"), stderr);
  await Deno.writeFile(project, kept);
  await Deno.remove(dotenv);
  await Deno.symlink("/dev/zero", dotenv);
  const set = await sandbox.run(["secrets", "set", "ANOTHER", "--stdin"], { stdin: "a-made-up-value" });
  assert.equal(set.code, 0, set.stderr);
  assert.ok(set.stderr.includes(dotenv) && set.stderr.includes("more than"), set.stderr);
});
