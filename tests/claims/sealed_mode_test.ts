/**
 * Sealed mode against a hostile program of the same user: before the broker runs, while it does, and after. Everything the attacker
 * does it does as that user, with a shell, all files and the socket.
 */
import assert from "node:assert/strict";
import { canaryForms, CanarySearch } from "../support/canary.ts";
import { PASSWORD } from "../support/cli.ts";
import { deno, reachableDeno, type RunningBroker, SealedHome, whyNoSealedHome } from "../support/sealed_home.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_sealed-canary-0123456789";
const skipped = whyNoSealedHome();
if (skipped !== undefined) console.warn(`tests/claims/sealed_mode_test.ts is skipped: ${skipped}`);
const ignore = skipped !== undefined;

/** A sealed home whose STRIPE_KEY may go to `upstream`. */
async function stage(): Promise<
  AsyncDisposable & { home: SealedHome; upstream: TestUpstream; trust: Record<string, string> }
> {
  const home = await SealedHome.make();
  const upstream = await startUpstream();
  await Deno.writeTextFile(`${home.base}/ca.pem`, upstream.caPem);
  home.own();
  await home.person(["secrets", "set", "STRIPE_KEY", "--stdin"], CANARY);
  await home.ok(["workspace", "allowlist", "add", upstream.origin, "--password-stdin"], { stdin: `${PASSWORD}\n` });
  return {
    home,
    upstream,
    trust: { SSL_CERT_FILE: `${home.base}/ca.pem` },
    [Symbol.asyncDispose]: async () => {
      await upstream.close();
      await home[Symbol.asyncDispose]();
    },
  };
}

/** Every file below the home: the value in no form, nor the password. */
async function searchFiles(home: SealedHome): Promise<void> {
  const search = new CanarySearch({ value: CANARY, password: PASSWORD });
  await search.folder(home.base, (path) => path.includes("/deno/"));
  assert.deepEqual(search.found, []);
}

const call = (origin: string): string[] => ["call", "--url", `${origin}/echo`, "--bearer", "STRIPE_KEY"];

Deno.test({
  name:
    "P40 P43 P45 without the password a closed sealed home gives nothing: not by files, commands or an edited configuration",
  ignore,
}, async () => {
  await using staged = await stage();
  const { home, upstream } = staged;
  await searchFiles(home);

  for (const args of [["env", "--", "printenv"], ["secrets", "pull"], ["secrets", "diff"], ["secrets", "push"]]) {
    await home.refused("password_required", 9, args);
  }
  await home.refused("password_required", 9, ["exec"], {
    stdin: JSON.stringify({ protocolVersion: 1, provider: "agentsecrets", ids: ["STRIPE_KEY"] }),
  });
  await home.refused("person_required", 9, ["secrets", "get", "STRIPE_KEY"]);
  const needed = await home.refused("broker_needed", 9, call(upstream.origin));
  assert.match(needed.stdout, /agentsecrets proxy start/);
  await home.refused("broker_needed", 9, ["secrets", "list"]);
  await home.refused("vault_password_wrong", 6, ["env", "--vault-passphrase-stdin", "--", "printenv"], {
    stdin: "guess\n",
  });

  const path = `${home.home}/config.json`;
  const config = await Deno.readTextFile(path);
  const edited: readonly (readonly [string, number, string])[] = [
    ["config_damaged", 1, config.replace('"storage_mode": 3', '"storage_mode": 2')],
    ["config_damaged", 1, config.replace('"unlock": "password"', '"unlock": "passphrase"')],
    ...["passphrase", "key-file"].map((unlock) =>
      [
        "vault_damaged",
        8,
        config.replace('"storage_mode": 3', '"storage_mode": 2')
          .replace('"unlock": "password"', `"unlock": "${unlock}"`),
      ] as const
    ),
  ];
  for (const [code, exit, text] of edited) {
    await Deno.writeTextFile(path, text);
    await home.refused(code, exit, ["secrets", "pull", "--vault-passphrase-stdin"], { stdin: `${PASSWORD}\n` });
  }
  await Deno.writeTextFile(path, config);
  assert.match(await home.person(["secrets", "list"]), /STRIPE_KEY/);
  await searchFiles(home);
});

Deno.test({
  name: "P40 P41 P42 P43 P44 an attacker of the same user gets calls from a running broker, never a value",
  ignore,
}, async () => {
  await using staged = await stage();
  const { home, upstream, trust } = staged;
  const broker = await home.broker([], trust);
  try {
    // What it is for: a call to an allowed place, whose echo comes back without the value.
    const answer = await home.ok(call(upstream.origin));
    assert.match(answer, /\[REDACTED_BY_AGENTSECRETS\]/);
    assert.equal(upstream.requests.at(-1)?.headers["authorization"], `Bearer ${CANARY}`);
    const posted = await home.ok([...call(upstream.origin), "--body", "-"], { stdin: "a body from standard input" });
    assert.ok(posted.includes("a body from standard input") && !posted.includes(CANARY));
    assert.match(await home.ok(["secrets", "list"]), /STRIPE_KEY/);
    assert.match(await home.ok(["proxy", "status"]), /Vault: +open/);
    assert.match(await home.ok(["status"]), /sealed vault \(ready/);

    await home.refused("domain_not_in_allowlist", 4, call("https://evil.example"));
    await home.refused("password_required", 9, ["workspace", "allowlist", "add", "evil.example"]);
    await home.refused("password_required", 9, ["env", "--", "printenv"]);
    await home.refused("password_required", 9, ["exec"], {
      stdin: JSON.stringify({ protocolVersion: 1, provider: "agentsecrets", ids: ["STRIPE_KEY"] }),
    });
    await home.refused("person_required", 9, ["secrets", "get", "STRIPE_KEY"]);

    await attackProcess(home, broker);
    await attackSocket(home);
    await searchFiles(home);
    // It still serves after all that.
    assert.match(await home.ok(call(upstream.origin)), /\[REDACTED_BY_AGENTSECRETS\]/);

    await home.ok(["proxy", "lock"]);
    const sealed = await home.refused("vault_sealed", 9, call(upstream.origin));
    assert.match(sealed.stdout, /agentsecrets proxy start/);
    await home.refused("vault_sealed", 9, ["secrets", "list"]);
    const overHttp = await fetch(`http://localhost:${broker.port}/proxy`, {
      headers: { "X-AS-Target-URL": `${upstream.origin}/echo`, "X-AS-Inject-Bearer": "STRIPE_KEY" },
    });
    // Root, who may run this test, is another user to the proxy: a refusal either way.
    assert.ok([401, 423].includes(overHttp.status), await overHttp.text());
    assert.match(await home.ok(["proxy", "status"]), /Vault: +locked/);
    await attackProcess(home, broker);
    await attackSocket(home);

    // A new start takes the place of the locked one.
    const second = await home.broker([], trust);
    assert.equal((await broker.ended()).code, 0);
    assert.match(await home.ok(call(upstream.origin)), /\[REDACTED_BY_AGENTSECRETS\]/);
    await home.ok(["proxy", "stop"]);
    assert.deepEqual(await second.ended(), { code: 0, stderr: "" });
    await home.refused("broker_needed", 9, call(upstream.origin));
    await searchFiles(home);
  } finally {
    try {
      broker.child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }
});

/** Memory, environment, descriptors and a debugger: refused. The same attack on an ordinary process shows that it is one. */
async function attackProcess(home: SealedHome, { pid }: RunningBroker): Promise<void> {
  const victim = home.command(["sh", "-c", "echo up; exec cat"], { stdin: "", env: { CONTROL: CANARY } }).spawn();
  try {
    // What it says shows that it has begun: before, it is still the program that changes the user.
    for await (const _ of victim.stdout) break;
    const control = await home.shell(["cat", `/proc/${victim.pid}/environ`]);
    assert.ok(control.stdout.includes(CANARY), "the attack itself does not work here");
  } finally {
    victim.kill("SIGKILL");
    await victim.stdin.close().catch(() => {});
    await victim.stderr.cancel();
    await victim.status;
  }
  for (const file of ["mem", "environ", "maps", "smaps", "auxv", "pagemap", "syscall", "stack"]) {
    const read = await home.shell(["head", "-c", "64", `/proc/${pid}/${file}`]);
    assert.notEqual(read.code, 0, `/proc/PID/${file} was read`);
  }
  assert.notEqual((await home.shell(["ls", `/proc/${pid}/fd`])).code, 0, "descriptors were listed");
  assert.notEqual((await home.shell(["ls", `/proc/${pid}/cwd/`])).code, 0);
  const debuggers: readonly (readonly string[])[] = [
    ["gdb", "--batch", "-p", String(pid), "-ex", "info proc"],
    ["strace", "-f", "-p", String(pid)],
    ["gcore", "-o", `${home.base}/core`, String(pid)],
  ];
  for (const line of debuggers) {
    if (!(await home.shell(["sh", "-c", `command -v ${line[0]}`])).stdout) continue;
    const { stdout, stderr } = await home.shell(line);
    assert.match(stdout + stderr, /not permitted|denied/i, `${line[0]}: ${stdout}${stderr}`);
    const search = new CanarySearch({ value: CANARY, password: PASSWORD });
    search.text(line[0]!, stdout + stderr);
    assert.deepEqual(search.found, []);
  }
}

/** Everything that can be said to the socket. No answer holds the value in any form, and none holds the password. */
async function attackSocket(home: SealedHome): Promise<void> {
  const line = [...deno("tests/support/sealed_attacker.ts"), `${home.home}/broker.sock`, home.folder];
  const { code, stdout, stderr } = await home.shell(line);
  assert.equal(code, 0, stderr);
  const said = stdout.trimEnd().split("\n").map((text) => JSON.parse(text) as { what: string; heard: string });
  assert.ok(said.length > 40);
  for (const { what, heard } of said) {
    for (const form of [...canaryForms(CANARY), ...canaryForms(PASSWORD)]) {
      assert.equal(heard.includes(form), false, what);
    }
    if (what.startsWith("ask ")) assert.match(heard, /"error":"bad_request"/, what);
  }
}

Deno.test({ name: "P44 a broker locks when unused, at logout and at SIGTERM", ignore }, async () => {
  await using staged = await stage();
  const { home, upstream, trust } = staged;
  const first = await home.broker([], trust);
  await home.person(["logout"]);
  assert.match(await home.ok(["proxy", "status"]), /Vault: +locked/);
  await home.refused("vault_sealed", 9, call(upstream.origin));
  first.child.kill("SIGTERM");
  assert.deepEqual(await first.ended(), { code: 0, stderr: "" });
  await home.refused("broker_needed", 9, call(upstream.origin));
  await searchFiles(home);
});

const canTrace = (await new Deno.Command("sh", { args: ["-c", "command -v strace"], stdout: "null" }).output()).success;

Deno.test({
  name: `P42 a program that is traced does not open the vault${canTrace ? "" : " (skipped: there is no strace)"}`,
  ignore: ignore || !canTrace,
}, async () => {
  await using home = await SealedHome.make();
  const line = [
    "strace",
    "-f",
    "-o",
    "/dev/null",
    ...deno("main.ts"),
    "--json",
    "secrets",
    "list",
    "--vault-passphrase-stdin",
  ];
  const { stdout, stderr } = await home.shell(line, { stdin: `${PASSWORD}\n` });
  assert.match(stdout, /"process_exposed"/, stderr);
});

Deno.test(
  { name: "P42 a program that would write down the keys of its connections does not open the vault", ignore },
  async () => {
    await using home = await SealedHome.make();
    const line = [...deno("main.ts"), "--json", "secrets", "list", "--vault-passphrase-stdin"];
    const { stdout, stderr } = await home.shell(line, {
      stdin: `${PASSWORD}\n`,
      env: { SSLKEYLOGFILE: `${home.base}/home/keys` },
    });
    assert.match(stdout, /"process_exposed"[^]*SSLKEYLOGFILE/, stderr);
  },
);

Deno.test({
  name: "P46 no other user reaches the broker, and a home that others may enter has none",
  ignore: ignore || Deno.uid() !== 0,
}, async () => {
  await using home = await SealedHome.make();
  const broker = await home.broker();
  const { mode } = await Deno.stat(`${home.home}/broker.sock`);
  assert.equal(mode! & 0o777, 0o600);
  const other = ["setpriv", "--reuid=54322", "--regid=54322", "--clear-groups"];
  const connect = `Deno.connect({ transport: "unix", path: "${home.home}/broker.sock" }).then(() => console.log("in"))`;
  const { stdout } = await new Deno.Command(other[0]!, {
    args: [...other.slice(1), reachableDeno(), "eval", connect],
    env: { DENO_DIR: "/nonexistent" },
    stderr: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stdout), "");
  await home.ok(["proxy", "stop"]);
  await broker.ended();
  await Deno.chmod(home.home, 0o750);
  // A guard that is missing would let it serve for ever.
  const start = ["timeout", "30", ...deno("main.ts"), "--json", "proxy", "start", "--port", "0", "--password-stdin"];
  const { code, stdout: said } = await home.shell(start, { stdin: `${PASSWORD}\n` });
  assert.equal(code, 1, said);
  assert.match(said, /"file_unwritable"[\s\S]*other users may enter/);
});

Deno.test({
  name: "P62 a program that opens the input of every process cannot read the password on its way into the background",
  ignore,
}, async () => {
  await using home = await SealedHome.make();
  const thief = home.command(deno("tests/support/input_thief.ts"), { stdin: "" }).spawn();
  const reader = thief.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  const hear = async (what: string): Promise<void> => {
    while (!said.includes(what)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the thief ended: ${said}`);
      said += value;
    }
  };
  try {
    await hear("ready");
    // The attack works on a pipe: what is said there, the thief hears.
    const victim = "(echo said into a pipe; sleep 60) | sh -c 'sleep 60; true' sh --vault-passphrase-stdin";
    const decoy = home.command(["setsid", "sh", "-c", victim]).spawn();
    await hear("said into a pipe");
    await home.shell(["sh", "-c", `kill -- -${decoy.pid}`]);
    await Promise.all([decoy.stdout.cancel(), decoy.stderr.cancel(), decoy.status]);

    const start = ["--json", "proxy", "start", "--detach", "--port", "0", "--password-stdin"];
    const { pid } = JSON.parse(await home.ok(start, { stdin: `${PASSWORD}\n` }));
    await hear(`{"pid":${pid}`);
    await home.ok(["proxy", "stop"]);
    assert.match(said, new RegExp(`{"pid":${pid},"refused"`));
    assert.equal(said.includes(PASSWORD), false, said);
  } finally {
    await thief.stdin.close();
    await thief.status;
    await thief.stderr.cancel();
    await reader.cancel();
  }
});
