/** `mcp install` on homes with settings of other programs: every tool, and everything else in its file as it was. */
import assert from "node:assert/strict";
import { Sandbox, sandboxWithProject, shapeOf } from "../support/cli.ts";

const TOKEN = "ghp_foreign-token-of-another-server";

/** Where each tool keeps its servers on Linux, and a file as a person may have it. */
const TOOLS: Readonly<Record<string, readonly [path: string, before: string]>> = {
  "claude-desktop": [
    ".config/Claude/claude_desktop_config.json",
    `{\n  "mcpServers": {\n    "gh": { "command": "gh-mcp", "env": { "TOKEN": "${TOKEN}" } }\n  }\n}\n`,
  ],
  "claude-code": [".claude.json", `{"numStartups":3,"mcpServers":{"gh":{"env":{"TOKEN":"${TOKEN}"}}},"x":[1]}`],
  cursor: [".cursor/mcp.json", `{\r\n\t"mcpServers": {}\r\n}\r\n`],
  vscode: [".config/Code/User/mcp.json", `// servers\n{\n  "servers": {\n    // none yet\n  },\n  "inputs": [],\n}\n`],
  windsurf: [".codeium/windsurf/mcp_config.json", "{}"],
  codex: [".codex/config.toml", `model = "o3" # mine\n\n[mcp_servers.gh]\nenv = { TOKEN = "${TOKEN}" }\n`],
  gemini: [".gemini/settings.json", `{ "theme": "Default" /* dark */ }`],
  zed: [".config/zed/settings.json", `// Zed settings\n{\n  "vim_mode": true, // yes\n  "lsp": {},\n}\n`],
};

/** A home in which every tool has its settings. */
async function withTools(sandbox: Sandbox): Promise<string> {
  const home = `${sandbox.base}/home`;
  for (const [path, before] of Object.values(TOOLS)) {
    await Deno.mkdir(`${home}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    await Deno.writeTextFile(`${home}/${path}`, before, { mode: 0o640 });
  }
  return home;
}

/** Path to content and mode of every file of the home, but ours. */
async function snapshot(home: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(`${home}${folder}`)) {
      const path = `${folder}/${name}`;
      if (isDirectory && path !== "/.agentsecrets") await walk(path);
      else if (!isDirectory) {
        const { mode } = await Deno.stat(`${home}${path}`);
        found[path.slice(1)] = `${(mode! & 0o777).toString(8)} ${await Deno.readTextFile(`${home}${path}`)}`;
      }
    }
  };
  await walk("");
  return found;
}

interface Client {
  readonly client: string;
  readonly path: string;
  readonly change: string;
  readonly diff: string;
  readonly backup: string | null;
  readonly error: { readonly code: string } | null;
}

async function run(sandbox: Sandbox, ...args: readonly string[]): Promise<readonly Client[]> {
  const { stdout, stderr } = await sandbox.run(["--json", "mcp", "install", ...args], {
    env: { AGENTSECRETS_HOME: "" },
  });
  assert.equal(stdout.includes(TOKEN) || stderr.includes(TOKEN), false, "what stands beside our entry is not shown");
  return JSON.parse(stdout).clients;
}

Deno.test("every tool is found, gets one entry, twice is once, and uninstalling restores each file byte for byte", async () => {
  await using sandbox = await Sandbox.make();
  const home = await withTools(sandbox);
  const before = await snapshot(home);

  const planned = await run(sandbox, "--dry-run");
  assert.deepEqual(planned.map(({ client }) => client), Object.keys(TOOLS));
  assert.ok(planned.every(({ change, diff }) => change === "added" && diff.includes('"mcp"')), JSON.stringify(planned));
  assert.deepEqual(await snapshot(home), before, "a dry run changes nothing");

  const done = await run(sandbox);
  assert.deepEqual(done.map(({ diff }) => diff), planned.map(({ diff }) => diff));
  const after = await snapshot(home);
  for (const [id, [path, text]] of Object.entries(TOOLS)) {
    assert.match(after[path]!, /"mcp", ?"serve"/, id);
    assert.ok(after[path]!.startsWith("640 "), `${id}: the file keeps its mode`);
    assert.equal(after[`${path}.agentsecrets.bak`], `600 ${text}`, id);
    for (const kept of text.match(/[\w-]{4,}|\/\/ .*/g) ?? []) assert.ok(after[path]!.includes(kept), `${id}: ${kept}`);
  }
  for (const id of ["claude-code", "gemini", "claude-desktop"]) {
    const text = after[TOOLS[id]![0]]!.slice(4).replace(/\/\*.*?\*\//g, "");
    const entry = JSON.parse(text).mcpServers.agentsecrets;
    assert.deepEqual(entry.args.slice(-2), ["mcp", "serve"], id);
    assert.equal("env" in entry, false, id);
  }

  assert.ok((await run(sandbox)).every(({ change }) => change === "unchanged"));
  assert.deepEqual(await snapshot(home), after);
  assert.ok((await run(sandbox, "--uninstall", "--dry-run")).every(({ change }) => change === "restored"));
  assert.deepEqual(await snapshot(home), after);
  assert.ok((await run(sandbox, "--uninstall")).every(({ change }) => change === "restored"));
  assert.deepEqual(await snapshot(home), before);
  assert.ok((await run(sandbox, "--uninstall")).every(({ change }) => change === "unchanged"));
});

Deno.test("a file that was not there is made, and removed again; one edited since keeps the edit", async () => {
  await using sandbox = await Sandbox.make();
  const home = `${sandbox.base}/home`;
  for (const id of Object.keys(TOOLS)) {
    const path = `${home}/${TOOLS[id]![0]}`;
    const [added] = await run(sandbox, "--client", id);
    assert.deepEqual([added!.change, added!.path, added!.backup], ["added", path, null]);
    assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    const [removed] = await run(sandbox, "--client", id, "--uninstall");
    assert.equal(removed!.change, "restored");
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }
  const path = `${home}/.cursor/mcp.json`;
  await Deno.writeTextFile(path, '{\n  "mcpServers": {}\n}\n');
  await run(sandbox, "--client", "cursor");
  const edited = (await Deno.readTextFile(path)).replace("{\n", '{\n  "later": true, // mine\n');
  await Deno.writeTextFile(path, edited);
  const [removed] = await run(sandbox, "--client", "cursor", "--uninstall");
  assert.equal(removed!.change, "removed");
  assert.equal(await Deno.readTextFile(path), '{\n  "later": true, // mine\n  "mcpServers": {}\n}\n');
  assert.equal(await Deno.readTextFile(removed!.backup!), '{\n  "mcpServers": {}\n}\n');
});

Deno.test("a damaged file is an error that names it and stays as it is, and the other tools are done", async () => {
  await using sandbox = await Sandbox.make();
  const home = await withTools(sandbox);
  const damage: Readonly<Record<string, string>> = {
    cursor: `{"mcpServers": {"gh": {"TOKEN": "${TOKEN}"}`,
    gemini: '{"mcpServers": []}',
    codex: `[mcp_servers.gh\nTOKEN = "${TOKEN}"`,
    windsurf: "\xff not UTF-8",
  };
  for (const [id, text] of Object.entries(damage)) {
    await Deno.writeFile(`${home}/${TOOLS[id]![0]}`, Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }
  const { code, stdout } = await sandbox.run(["--json", "mcp", "install"]);
  assert.equal(code, 1);
  const clients = JSON.parse(stdout).clients as Client[];
  for (const { client, change, error } of clients) {
    const isDamaged = Object.hasOwn(damage, client);
    assert.deepEqual([change, error?.code], isDamaged ? ["failed", "config_damaged"] : ["added", undefined], client);
  }
  assert.equal(stdout.includes(TOKEN), false);
  for (const [id, text] of Object.entries(damage)) {
    const now = await Deno.readFile(`${home}/${TOOLS[id]![0]}`);
    assert.equal(String.fromCharCode(...now), text, id);
    await assert.rejects(Deno.stat(`${home}/${TOOLS[id]![0]}.agentsecrets.bak`), Deno.errors.NotFound);
  }
});

Deno.test("the entry says where to work: folder, project, environment and another home, and never a value", async () => {
  await using sandbox = await sandboxWithProject();
  const home = `${sandbox.base}/home`;
  const args = ["--client", "claude-code,codex", "--folder", ".", "--project", "my-app", "--env", "staging"];
  await sandbox.ok(["mcp", "install", ...args]);
  const { mcpServers } = JSON.parse(await Deno.readTextFile(`${home}/.claude.json`));
  const served = ["mcp", "serve", "--folder", sandbox.folder, "--project", "my-app", "--env", "staging"];
  assert.deepEqual(mcpServers.agentsecrets.args.slice(-served.length), served);
  assert.deepEqual(mcpServers.agentsecrets.env, { AGENTSECRETS_HOME: sandbox.home });
  const toml = await Deno.readTextFile(`${home}/.codex/config.toml`);
  assert.ok(toml.includes(`env = { AGENTSECRETS_HOME = ${JSON.stringify(sandbox.home)} }`), toml);
  assert.ok(toml.includes('env_vars = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"]'), toml);

  // Claude Desktop knows no folders: it gets the project of the folder it was installed from.
  await sandbox.ok(["mcp", "install", "--client", "claude-desktop"]);
  const desktop = JSON.parse(await Deno.readTextFile(`${home}/.config/Claude/claude_desktop_config.json`));
  assert.deepEqual(desktop.mcpServers.agentsecrets.args.slice(-2), ["--folder", sandbox.folder]);

  // The entry starts the server as it stands, from anywhere.
  const { command, args: line, env } = desktop.mcpServers.agentsecrets as {
    command: string;
    args: string[];
    env: Record<string, string>;
  };
  const child = new Deno.Command(command, {
    args: line,
    cwd: "/",
    clearEnv: true,
    env: { PATH: sandbox.env["PATH"]!, HOME: home, DENO_DIR: sandbox.env["DENO_DIR"]!, ...env },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "x", version: "1" } };
  for (
    const message of [
      { id: 1, method: "initialize", params },
      { method: "notifications/initialized" },
      { id: 2, method: "tools/call", params: { name: "list_secrets" } },
    ]
  ) await writer.write(new TextEncoder().encode(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`));
  await writer.close();
  const { code, stdout } = await child.output();
  assert.equal(code, 0);
  const answers = new TextDecoder().decode(stdout).trimEnd().split("\n").map((text) => JSON.parse(text));
  assert.equal(answers[0].result.protocolVersion, "2025-06-18");
  assert.equal(answers[1].result.structuredContent.project, "my-app");
});

Deno.test("a linked settings file stays a link; an unknown tool and a machine without tools are usage errors", async () => {
  await using sandbox = await Sandbox.make();
  const home = `${sandbox.base}/home`;
  await sandbox.fails("usage", 2, ["mcp", "install"]);
  await sandbox.fails("usage", 2, ["mcp", "install", "--client", "emacs"]);
  await Deno.mkdir(`${home}/.cursor`);
  await Deno.writeTextFile(`${sandbox.base}/dotfiles.json`, "{}");
  await Deno.symlink(`${sandbox.base}/dotfiles.json`, `${home}/.cursor/mcp.json`);
  await run(sandbox);
  assert.ok((await Deno.lstat(`${home}/.cursor/mcp.json`)).isSymlink);
  assert.match(await Deno.readTextFile(`${sandbox.base}/dotfiles.json`), /agentsecrets/);
});

Deno.test("openclaw: the provider is printed, the skill installed, and what the provider runs answers OpenClaw's ids", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "A_KEY", "--stdin"], { stdin: "value-of-a-key" });
  const { openclaw, clients } = await sandbox.json([
    "mcp",
    "install",
    "--client",
    "openclaw",
    "--project",
    "my-app",
  ]) as {
    openclaw: { provider: Record<string, never>; skill: { path: string; change: string } };
    clients: unknown[];
  };
  assert.deepEqual(clients, []);
  assert.equal(openclaw.skill.change, "added");
  const skill = await Deno.readTextFile(openclaw.skill.path);
  const provider = (openclaw.provider as unknown as {
    secrets: { providers: { agentsecrets: { command: string; args: string[]; passEnv: string[] } } };
  }).secrets.providers.agentsecrets;
  assert.deepEqual(shapeOf(provider), {
    source: "string",
    command: "string",
    args: ["string"],
    passEnv: ["string"],
    jsonOnly: "boolean",
    timeoutMs: "number",
  });
  const inherited = { ...sandbox.env };
  const child = new Deno.Command(provider.command, {
    args: provider.args,
    cwd: "/",
    clearEnv: true,
    env: {
      DENO_DIR: inherited["DENO_DIR"]!,
      ...Object.fromEntries(provider.passEnv.flatMap((name) => inherited[name] ? [[name, inherited[name]]] : [])),
    },
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(
    new TextEncoder().encode('{"protocolVersion":1,"provider":"agentsecrets","ids":["A-KEY","NO-KEY"]}'),
  );
  await writer.close();
  assert.deepEqual(JSON.parse(new TextDecoder().decode((await child.output()).stdout)), {
    protocolVersion: 1,
    values: { "A-KEY": "value-of-a-key" },
    errors: { "NO-KEY": { message: "Secret 'NO_KEY' not found in keychain" } },
  });

  // Every command that the skill teaches is one.
  const taught = [...skill.matchAll(/`agentsecrets ([a-z]+(?: [a-z]+)?)/g)];
  assert.ok(taught.length > 3);
  for (const [, words] of taught) {
    const { code, stderr } = await sandbox.run([...words!.split(" "), "--help"]);
    assert.equal(code, 0, `${words}: ${stderr}`);
  }
  const args = ["mcp", "install", "--client", "openclaw"];
  assert.match(await sandbox.ok(args), /nothing to change[\s\S]*"source": "exec"/);
  await Deno.writeTextFile(openclaw.skill.path, `${skill}mine\n`);
  assert.match(await sandbox.ok([...args, "--uninstall"]), /stays/);
  await Deno.writeTextFile(openclaw.skill.path, skill);
  await sandbox.ok([...args, "--uninstall"]);
  await assert.rejects(Deno.stat(openclaw.skill.path), Deno.errors.NotFound);
});
