/** Sealed mode as a person uses it: making it, a new password, recovery. What an attacker gets is in tests/claims/sealed_mode_test.ts. */
import assert from "node:assert/strict";
import { PASSWORD, Sandbox, sandboxWithProject } from "../support/cli.ts";

const CANARY = "sk_live_sealed-cli-0123456789";
const NEXT = "another horse, another battery";
const ignore = Deno.build.os !== "linux";

const init = (
  kit: string,
): string[] => ["init", "--email", "you@example.com", "--storage-mode", "3", "--password-stdin", "--kit", kit];

/** With the password as what opens the vault. */
async function as(sandbox: Sandbox, password: string, args: readonly string[], input = ""): Promise<string> {
  return await sandbox.ok(["--vault-passphrase-stdin", ...args], { stdin: `${password}\n${input}` });
}

async function sealed(): Promise<Sandbox> {
  const sandbox = await Sandbox.make();
  const made = await sandbox.json(init("../kit.txt"), { stdin: `${PASSWORD}\n` });
  assert.deepEqual([made["storage_mode"], made["vault"]], [3, "sealed vault"]);
  await as(sandbox, PASSWORD, ["project", "create", "my-app"]);
  await as(sandbox, PASSWORD, ["secrets", "set", "KEY", "--stdin"], CANARY);
  return sandbox;
}

Deno.test({ name: "init makes a sealed home, and refuses what would unseal it or seal another", ignore }, async () => {
  await using sandbox = await sealed();
  await sandbox.fails("already_initialised", 3, ["init", "--storage-mode", "1"]);
  assert.equal((await sandbox.json(["init", "--storage-mode", "3"]))["outcome"], "kept");
  await sandbox.fails("proxy_not_running", 1, ["proxy", "lock"]);
  const status = await sandbox.json(["status"]);
  assert.deepEqual(status["keychain"], { backend: "sealed vault", state: "locked", reason: "no proxy has it open" });
  await using other = await Sandbox.make();
  await other.fails("usage", 2, [...init("../kit.txt"), "--vault", "file"], { stdin: `${PASSWORD}\n` });
});

Deno.test({
  name: "P47 a new password opens the vault and the old one does not; values and calls are as before",
  ignore,
}, async () => {
  await using sandbox = await sealed();
  await sandbox.ok(["account", "password", "--password-stdin", "--new-password-stdin"], {
    stdin: `${PASSWORD}\n${NEXT}\n`,
  });
  await sandbox.fails("vault_password_wrong", 6, ["secrets", "list", "--vault-passphrase-stdin"], {
    stdin: `${PASSWORD}\n`,
  });
  assert.match(await as(sandbox, NEXT, ["secrets", "list"]), /KEY/);
  await sandbox.holds("KEY", CANARY, { leading: ["--vault-passphrase-stdin"], stdin: `${NEXT}\n` });
});

Deno.test({
  name: "recovery makes a new sealed vault, sets the old one aside, and the values come back with a pull",
  ignore,
}, async () => {
  await using sandbox = await sealed();
  const kit = await Deno.readTextFile(`${sandbox.base}/kit.txt`);
  const code = /ASR1-[A-Z0-9-]+/.exec(kit)![0];
  await sandbox.ok(
    ["account", "recover", "--recovery-code-fd", "3", "--new-password-stdin", "--kit", "../new-kit.txt"],
    { stdin: `${NEXT}\n`, descriptors: [`${code}\n`] },
  );
  assert.ok([...Deno.readDirSync(sandbox.home)].some(({ name }) => name.startsWith("vault.before-")));
  await as(sandbox, NEXT, ["secrets", "pull"]);
  await sandbox.holds("KEY", CANARY, { leading: ["--vault-passphrase-stdin"], stdin: `${NEXT}\n` });
});

Deno.test(
  { name: "status of a sealed home warns where the kernel lets programs look into one that starts", ignore },
  async () => {
    await using sandbox = await sealed();
    const scope = await Deno.readTextFile("/proc/sys/kernel/yama/ptrace_scope").catch(() => "0");
    const { warnings } = await sandbox.json(["status"]) as { warnings: { code: string }[] };
    const expected = scope.trim() === "0" ? ["memory_open_at_start"] : [];
    assert.deepEqual(warnings.map(({ code }) => code), expected);
  },
);

Deno.test({
  name: "whoever makes a sealed home, moves into one or starts its proxy is told the same, on standard error",
  ignore,
}, async () => {
  await using made = await Sandbox.make();
  await using moved = await sandboxWithProject();
  const stdin = `${PASSWORD}\n`;
  const before = await moved.run(["init"]);
  const said = [
    await made.run(init("../kit.txt"), { stdin }),
    await made.run(["init", "--storage-mode", "3", "--json"]),
    await moved.run(["account", "storage", "--vault", "sealed", "--password-stdin"], { stdin }),
    await moved.run(["proxy", "start", "--detach", "--port", "0", "--vault-passphrase-stdin"], { stdin }),
  ];
  const { warnings } = await moved.json(["status"]) as { warnings: { message: string; hint: string }[] };
  await moved.ok(["proxy", "stop"]);
  const lines = (stderr: string): string[] => stderr.split("\n").filter((line) => line.startsWith("! "));
  const expected = warnings.map(({ message, hint }) => `! ${message}. ${hint}`);
  for (const { stderr } of said) assert.deepEqual(lines(stderr), expected);
  assert.deepEqual(lines(before.stderr), [], "a home that is not sealed has no such gap");
});
