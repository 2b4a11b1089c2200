/**
 * A whole session with every command of the program, in text and in JSON, with values, passwords, account keys and recovery codes
 * that can be recognised; then they are looked for in every output, every file of the home and the project, and, while the
 * session runs, in the arguments and the environment of every process.
 *
 * Where they may be is said in one place: {@linkcode MAY_HOLD}, `exec`'s stdout, and the child of `env`.
 */
import assert from "node:assert/strict";
import { leaves } from "../../src/cli/whole_tree.ts";
import { CanarySearch } from "../support/canary.ts";
import type { Ended } from "../support/child.ts";
import { type CliOptions, initArgs, Sandbox } from "../support/cli.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

const VALUES = {
  "the value on stdin": "sk_live_Canary-on-stdin-0123456789",
  "the value from a file": "whsec_Canary from a file äöü 0123",
  "the value from .env": "Canary-from-dotenv-0123456789abcdef",
  "the basic pair": "canary-user:Canary-pa55word-0123456789",
};
const [STDIN, FILE, DOTENV, PAIR] = Object.values(VALUES) as [string, string, string, string];
const PASSWORDS = {
  "the first password": "Canary first password 4711",
  "the second password": "Canary second password 4712",
  "the third password": "Canary third password 4713",
};
const [FIRST, SECOND, THIRD] = Object.values(PASSWORDS) as [string, string, string];

/** Files, below the sandbox, that hold what was asked to be there: kits, what was handed in, and `.env` in storage mode 2. */
const MAY_HOLD = /^\/(kit[^/]*\.txt|input[^/]*|descriptor-\d+|my-app\/\.env(\.[a-z]+)?)$/;

class Session implements AsyncDisposable {
  readonly ran = new Set<string>();
  readonly outputs: (readonly [line: string, text: string])[] = [];
  readonly #search = new CanarySearch({ ...VALUES, ...PASSWORDS });

  private constructor(readonly sandbox: Sandbox, readonly upstream: TestUpstream) {}

  static async start(): Promise<Session> {
    const session = new Session(await Sandbox.make(), await startUpstream());
    await Deno.writeTextFile(`${session.sandbox.base}/ca.pem`, session.upstream.caPem);
    return session;
  }

  /** Runs one line while watching every process; its output is kept for the search. */
  async run(args: readonly string[], options: CliOptions & { readonly exit?: number } = {}): Promise<Ended> {
    const env = { SSL_CERT_FILE: `${this.sandbox.base}/ca.pem`, ...options.env };
    const watch = setInterval(() => this.#watch(), 20);
    try {
      const result = await this.sandbox.run(args, { ...options, env });
      const line = args.join(" ");
      assert.equal(result.code, options.exit ?? 0, `${line}: ${result.stdout}${result.stderr}`);
      this.outputs.push([line, result.stdout + result.stderr]);
      this.note(args);
      return result;
    } finally {
      clearInterval(watch);
    }
  }

  /** In text, then in JSON: `%` becomes `t` or `j`, so that both can create the same thing. */
  async both(args: readonly string[], options: CliOptions & { readonly exit?: number } = {}): Promise<void> {
    await this.run(args.map((word) => word.replaceAll("%", "t")), options);
    await this.run(["--json", ...args.map((word) => word.replaceAll("%", "j"))], options);
  }

  note(args: readonly string[]): void {
    const words = args.filter((word) => !word.startsWith("--"));
    for (const leaf of leaves()) {
      if (leaf.words.every((word, i) => words[i] === word)) this.ran.add(leaf.words.join(" "));
    }
  }

  #watch(): void {
    this.#search.processes();
    this.#search.environments();
  }

  /** Searches everything for all that is known to be secret now. */
  async search(more: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const search = new CanarySearch({ ...VALUES, ...PASSWORDS, ...more });
    for (const [line, text] of this.outputs) search.text(`the output of ${line}`, text);
    const { base } = this.sandbox;
    await search.folder(base, (path) => MAY_HOLD.test(path.slice(base.length)));
    return [...search.found, ...this.#search.found];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.upstream.close();
    await this.sandbox[Symbol.asyncDispose]();
  }
}

const line = (...lines: string[]): string => lines.map((text) => `${text}\n`).join("");

/** `AS1-…` and `ASR1-…` of a kit file. */
async function codesIn(path: string): Promise<readonly [accountKey: string, recoveryCode: string]> {
  const kit = await Deno.readTextFile(path);
  return [/\bAS1-[0-9A-Z-]+/.exec(kit)?.[0] ?? "", /ASR1-[0-9A-Z-]+/.exec(kit)?.[0] ?? ""];
}

async function organise(s: Session): Promise<void> {
  await s.both(["status"]);
  await s.both(["project", "create", "app-%", "--description", "of the session"]);
  await s.both(["project", "list"]);
  await s.both(["project", "update", "app-%", "--name", "renamed-%"]);
  await s.both(["project", "delete", "renamed-%", "--yes"]);
  await s.run(["project", "create", "my-app"]);
  await s.both(["project", "use", "my-app"]);
  await s.both(["environment", "create", "env-%"]);
  await s.both(["environment", "list"]);
  await s.both(["environment", "switch", "development"]);
  await s.both(["environment", "delete", "env-%", "--yes"]);
  await s.both(["workspace", "create", "Other %", "--password-stdin"], { stdin: line(FIRST) });
  await s.both(["workspace", "list"]);
  await s.both(["workspace", "update", "Other %", "--name", "Renamed %"]);
  await s.both(["workspace", "delete", "Renamed %", "--yes", "--password-stdin"], { stdin: line(FIRST) });
  await s.both(["workspace", "switch", "Personal"]);
  await s.both(["workspace", "members"]);
  await s.both(["completions", "bash"]);
  await s.run(["project", "use", "my-app"]);
}

async function store(s: Session): Promise<void> {
  const { base, folder } = s.sandbox;
  await Deno.writeTextFile(`${base}/input-value`, FILE);
  await Deno.writeTextFile(`${base}/input.env`, `FROM_DOTENV='${DOTENV}'\n`);
  await s.both(["secrets", "set", "KEY_%", "--stdin"], { stdin: STDIN });
  await s.both(["secrets", "set", "FILE_%", "--from-file", "../input-value", "--domains", "api.stripe.com"]);
  await s.run(["secrets", "set", "PAIR", "--stdin"], { stdin: PAIR });
  await s.both(["secrets", "import", "../input.env"]);
  await s.both(["secrets", "list"]);
  await s.both(["secrets", "get", "KEY_%"], { exit: 9 });
  await s.both(["secrets", "diff"]);
  await s.run(["init", "--storage-mode", "2"]); // from here on .env holds the values too
  await s.both(["secrets", "pull"]);
  await Deno.writeTextFile(`${folder}/.env`, `${await Deno.readTextFile(`${folder}/.env`)}EDITED=${DOTENV}\n`);
  await s.both(["secrets", "push"]);
  await s.run(["secrets", "set", "KEY_t", "--stdin"], { stdin: `${STDIN}2` });
  await s.both(["secrets", "history", "KEY_t"]);
  await s.both(["secrets", "rollback", "KEY_t", "--to", "1"]);
  await s.both(["secrets", "copy", "--from", "development", "--to", "staging", "--only", "PAIR"]);
  await s.both(["secrets", "delete", "FILE_%"]);
}

async function use(s: Session): Promise<void> {
  const { upstream } = s;
  const password = { stdin: line(FIRST) };
  await s.both(["call", "--url", `${upstream.origin}/echo`, "--bearer", "KEY_t"], { exit: 4 });
  await s.run(["workspace", "allowlist", "add", upstream.origin, "--password-stdin"], password);
  await s.run(["--json", "workspace", "allowlist", "add", "api.stripe.com", "--password-stdin"], password);
  for (const route of ["echo", "headers", "gzip", "status/500"]) {
    const url = `${upstream.origin}/${route}`, body = ["--body", "@../input.env", "--method", "POST"];
    await s.both(["call", "--url", url, "--bearer", "KEY_t", "--header", "X-Key=EDITED", ...body, "--include"]);
  }
  await s.both(["call", "--url", `${upstream.origin}/`, "--basic", "PAIR", "--query", "k=KEY_t"]);
  await s.both(["call", "--url", `${upstream.origin}/`, "--basic", "KEY_t"], { exit: 2 });
  await s.both(["call", "--url", `${upstream.origin}/broken`, "--bearer", "KEY_t"], { exit: 7 });
  await s.both(["workspace", "allowlist", "list"]);
  await s.both(["workspace", "allowlist", "log"]);
  // The child has the values, and only the child: whoever looks meanwhile finds them in no other environment.
  const child = `printf %s "$KEY_t" | sha256sum; sleep 0.3; exit 7`;
  await s.run(["env", "--only", "KEY_t,EDITED", "--", "sh", "-c", child], { exit: 7 });
  const request = JSON.stringify({ protocolVersion: 1, provider: "agentsecrets", ids: ["KEY_t", "NOPE"] });
  const { stdout } = await s.sandbox.run(["exec"], { stdin: request }); // stdout is where `exec` puts values
  assert.equal(JSON.parse(stdout).values.KEY_t, STDIN);
  s.note(["exec"]);
  await mcp(s);
  await proxy(s);
  await s.both(["proxy", "logs"]);
  await s.both(["proxy", "logs", "--verify"]);
  await s.run(["workspace", "allowlist", "remove", "api.stripe.com", "--password-stdin"], password);
}

/** What an AI tool says to `mcp serve`. */
async function mcp(s: Session): Promise<void> {
  await s.both(["mcp", "install", "--client", "cursor", "--dry-run"]);
  await s.both(["mcp", "install", "--client", "cursor"]);
  const hello = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "session", version: "1" } };
  const call = { url: `${s.upstream.origin}/echo`, injections: { bearer: "KEY_t" } };
  const messages = [
    { id: 1, method: "initialize", params: hello },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/call", params: { name: "list_secrets", arguments: {} } },
    { id: 3, method: "tools/call", params: { name: "api_call", arguments: call } },
    { id: 4, method: "tools/call", params: { name: "audit_log", arguments: {} } },
  ];
  const stdin = line(...messages.map((message) => JSON.stringify({ jsonrpc: "2.0", ...message })));
  await s.run(["mcp", "serve"], { stdin });
}

async function proxy(s: Session): Promise<void> {
  await s.both(["proxy", "stop"], { exit: 1 });
  await s.both(["proxy", "lock"], { exit: 2 }); // there is no sealed vault here
  const env = { SSL_CERT_FILE: `${s.sandbox.base}/ca.pem` };
  const child = s.sandbox.start(["proxy", "start", "--port", "0", "--json"], { env });
  const chunks: string[] = [];
  const port = Promise.withResolvers<number>();
  const reading = (async (): Promise<void> => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      chunks.push(text);
      if (chunks.join("").includes("\n}\n")) port.resolve(JSON.parse(chunks.join("")).port);
    }
    port.reject(new Error("The proxy ended"));
  })();
  const said = new Response(child.stderr).text();
  const headers = { "X-AS-Target-URL": `${s.upstream.origin}/echo`, "X-AS-Inject-Bearer": "KEY_t" };
  const answer = await fetch(`http://localhost:${await port.promise}/proxy`, { headers });
  s.outputs.push(["/proxy", `${answer.statusText}${JSON.stringify([...answer.headers])}${await answer.text()}`]);
  await s.both(["proxy", "status"]);
  await s.both(["proxy", "sync"]);
  await s.run(["proxy", "stop"]);
  await Promise.all([reading, child.status]);
  s.outputs.push(["proxy start", chunks.join("") + await said]);
  s.note(["proxy", "start"]);
}

async function account(s: Session): Promise<Record<string, string>> {
  const { base } = s.sandbox;
  await s.run(["account", "kit", "--password-stdin", "--kit", "../kit-t.txt"], { stdin: line(FIRST) });
  await s.run(["--json", "account", "kit", "--password-stdin", "--kit", "../kit-j.txt", "--new-recovery-code"], {
    stdin: line(FIRST),
  });
  await s.both(["account", "devices"]);
  await s.run(["account", "password", "--password-stdin", "--new-password-stdin"], { stdin: line(FIRST, SECOND) });
  const code = (await codesIn(`${base}/kit-j.txt`))[1];
  await s.run(["account", "recover", "--recovery-code-fd", "3", "--new-password-stdin", "--kit", "../kit-r.txt"], {
    stdin: line(THIRD),
    descriptors: [line(code)],
  });
  await s.both(["logout"]);
  await s.both(["login", "--password-stdin"], { stdin: line("Canary wrong password"), exit: 7 });
  await s.run(["login", "--password-stdin"], { stdin: line(THIRD) });
  await s.run(["--json", "logout", "--forget", "--yes"]);
  await s.run(["--json", "login", "--password-stdin", "--account-key-fd", "3"], {
    stdin: line(THIRD),
    descriptors: [line((await codesIn(`${base}/kit-r.txt`))[0])],
  });
  await s.both(["secrets", "pull"]);
  await s.both(["account", "storage"]);
  await s.run(["account", "storage", "--vault", "sealed", "--password-stdin"], { stdin: line(THIRD) });
  await s.run(["--json", "account", "storage", "--vault", "file", "--vault-key-file", "--password-stdin"], {
    stdin: line(THIRD),
  });
  const codes: Record<string, string> = { "the wrong password": "Canary wrong password" };
  for (const kit of ["kit", "kit-t", "kit-j", "kit-r"]) {
    const [accountKey, recoveryCode] = await codesIn(`${base}/${kit}.txt`);
    assert.ok(accountKey !== "", kit);
    codes[`the account key of ${kit}`] = accountKey;
    if (recoveryCode !== "") codes[`the recovery code of ${kit}`] = recoveryCode;
  }
  return codes;
}

Deno.test("P1 P15 P18 after every command, in text and JSON, nothing secret is in any output, file, argument or environment", async () => {
  await using s = await Session.start();
  await s.run(initArgs(), { stdin: line(FIRST) });
  await organise(s);
  await store(s);
  await use(s);
  const codes = await account(s);
  assert.deepEqual(leaves().map(({ words }) => words.join(" ")).filter((words) => !s.ran.has(words)), [], "not run");
  assert.deepEqual(await s.search(codes), []);
  // The search itself works: what may hold the values does.
  const control = new CanarySearch({ ...VALUES, ...codes });
  await control.folder(s.sandbox.base);
  assert.ok(control.found.some((where) => where.includes("/my-app/.env")), "storage mode 2");
  assert.ok(control.found.some((where) => where.startsWith("the recovery code of kit in")), "the kit");
  assert.deepEqual(s.upstream.requests.some(({ headers }) => headers["authorization"] === `Bearer ${STDIN}`), true);
});
