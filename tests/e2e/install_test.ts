/** install.sh as a newcomer runs it: from a checkout, from a release, again, and away again. Nothing outside temporary folders. */
import assert from "node:assert/strict";

const root = new URL("../../", import.meta.url).pathname;
const decoder = new TextDecoder();

interface Ran {
  readonly code: number;
  readonly text: string;
}

/** Runs install.sh with an empty home of its own; `deno` and npm's caches stay where they are. */
async function install(home: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/root"}/.cache`;
  const { code, stdout, stderr } = await new Deno.Command("sh", {
    args: [`${root}install.sh`, ...args],
    env: { HOME: home, XDG_CACHE_HOME: cache, DENO_DIR: Deno.env.get("DENO_DIR") ?? `${cache}/deno`, ...env },
    stdin: "null",
  }).output();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function version(program: string): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return decoder.decode(stdout).trim();
}

async function inTemporary(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentsecrets install '" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function files(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) found.push(...await files(`${folder}/${entry.name}`));
    else found.push(`${folder}/${entry.name}`);
  }
  return found.sort();
}

Deno.test("install.sh installs from a checkout, can be run again, and takes away all that it installed", async () => {
  await inTemporary(async (folder) => {
    const home = `${folder}/home`, prefix = `${folder}/here`;
    await Deno.mkdir(home);
    for (const _ of [1, 2]) {
      const { code, text } = await install(home, ["--prefix", prefix]);
      assert.equal(code, 0, text);
      assert.match(await version(`${prefix}/bin/agentsecrets`), /^\d+\.\d+\.\d+$/);
    }
    const profile = await Deno.readTextFile(`${home}/.profile`);
    assert.equal(profile.split("\n").filter((line) => line.includes(prefix)).length, 1, "PATH is added once");
    const shell = await new Deno.Command("sh", {
      args: ["-c", `. "$HOME/.profile"; agentsecrets --version`],
      env: { HOME: home },
    }).output();
    assert.ok(shell.success, "the next login finds the program");
    const { code, text } = await install(home, ["--uninstall", "--prefix", prefix]);
    assert.equal(code, 0, text);
    assert.deepEqual(await files(prefix), []);
    assert.equal((await Deno.readTextFile(`${home}/.profile`)).trim(), "");
  });
});

Deno.test("install.sh without a runtime to embed installs a launcher that behaves the same", async () => {
  await inTemporary(async (folder) => {
    const home = `${folder}/home`, prefix = `${folder}/here`;
    await Deno.mkdir(home);
    const { code, text } = await install(home, ["--prefix", prefix, "--no-modify-path"], {
      DENORT_BIN: `${folder}/none`,
    });
    assert.equal(code, 0, text);
    const program = `${prefix}/bin/agentsecrets`;
    assert.match(
      await Deno.readTextFile(program),
      /^#!\/bin\/sh[^]*\nunset SSLKEYLOGFILE\n[^]*\nexport DENO_NO_UPDATE_CHECK=1\n/,
    );
    assert.match(await version(program), /^\d+\.\d+\.\d+$/);
    const list = await new Deno.Command(program, {
      args: ["secrets", "list", "--json"],
      env: { HOME: home, AGENTSECRETS_HOME: `${home}/.agentsecrets` },
      cwd: home,
    }).output();
    assert.equal(list.code, 3);
    assert.equal(JSON.parse(decoder.decode(list.stdout)).error.code, "not_initialised");
    assert.equal(await Deno.stat(`${home}/.profile`).catch(() => undefined), undefined);
    // What AI tools are told to start: the launcher, which a binary of the next version replaces, and not what it starts.
    const entry = await new Deno.Command(program, {
      args: ["mcp", "install", "--client", "cursor"],
      env: { HOME: home },
      cwd: home,
    }).output();
    assert.equal(entry.code, 0, decoder.decode(entry.stderr));
    const { mcpServers } = JSON.parse(await Deno.readTextFile(`${home}/.cursor/mcp.json`));
    assert.deepEqual(mcpServers, { agentsecrets: { command: program, args: ["mcp", "serve"] } });
    await install(home, ["--uninstall", "--prefix", prefix]);
    assert.deepEqual(await files(prefix), []);
  });
});

Deno.test("install.sh says why npm could not bring Deno, and names no place in its own source", async () => {
  await inTemporary(async (folder) => {
    const home = `${folder}/home`;
    await Deno.mkdir(home);
    // The versions that are here already are not used, and nothing listens on port 1.
    const { code, text } = await install(home, ["--prefix", `${folder}/here`, "--no-modify-path"], {
      XDG_CACHE_HOME: `${folder}/cache`,
      npm_config_registry: "http://127.0.0.1:1/",
      npm_config_fetch_retries: "0",
    });
    assert.equal(code, 1);
    assert.match(text, /ECONNREFUSED/);
    assert.match(text, /Deno [\d.]+ could not be installed from npm: .*npm's own message is above\n/);
    assert.doesNotMatch(text, /Uncaught|^ +at /m);
    assert.deepEqual((await files(folder)).filter((path) => path.includes("/here/")), []);
  });
});

/** A folder as releases are laid out, with a program that answers --version. */
async function release(folder: string, body: string): Promise<string> {
  const place = `${folder}/releases/v9.8.7`;
  await Deno.mkdir(place, { recursive: true });
  await Deno.writeTextFile(`${place}/agentsecrets`, body, { mode: 0o755 });
  const system = `${Deno.build.os === "darwin" ? "macos" : "linux"}-${Deno.build.arch === "aarch64" ? "arm64" : "x64"}`;
  const archive = `agentsecrets-9.8.7-${system}.tar.gz`;
  await new Deno.Command("tar", { args: ["czf", archive, "agentsecrets"], cwd: place }).output();
  await Deno.remove(`${place}/agentsecrets`);
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(`${place}/${archive}`));
  await Deno.writeTextFile(`${place}/SHA256SUMS`, `${new Uint8Array(digest).toHex()}  ${archive}\n`);
  await Deno.writeTextFile(`${folder}/releases/latest`, "v9.8.7\n");
  return `${place}/${archive}`;
}

Deno.test("install.sh installs a release, and refuses one that does not match its SHA-256", async () => {
  await inTemporary(async (folder) => {
    const prefix = `${folder}/here`;
    const archive = await release(folder, "#!/bin/sh\necho 9.8.7\n");
    const args = ["--from", `${folder}/releases`, "--prefix", prefix, "--no-modify-path"];
    const first = await install(folder, args);
    assert.equal(first.code, 0, first.text);
    assert.equal(await version(`${prefix}/bin/agentsecrets`), "9.8.7");

    const bytes = await Deno.readFile(archive);
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(archive, bytes);
    const tampered = await install(folder, args);
    assert.equal(tampered.code, 1);
    assert.match(tampered.text, /does not match its SHA-256: nothing was installed/);
    assert.equal(await version(`${prefix}/bin/agentsecrets`), "9.8.7", "what was installed stays");

    await Deno.remove(archive.replace(/[^/]*$/, "SHA256SUMS"));
    assert.equal((await install(folder, args)).code, 1);
    assert.equal((await install(folder, [...args, "--version", "../../etc"])).code, 1);
    assert.equal((await install(folder, ["--from", "http://127.0.0.1/x", "--version", "1.0.0"])).code, 1);
  });
});

Deno.test("install.sh says what is wrong with its arguments", async () => {
  await inTemporary(async (folder) => {
    for (const args of [["--nonsense"], ["--prefix"], ["--prefix", ""]]) {
      const { code, text } = await install(folder, args);
      assert.equal(code, 1);
      assert.match(text, /^install\.sh: /m);
    }
    const help = await install(folder, ["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.text, /--uninstall/);
  });
});
