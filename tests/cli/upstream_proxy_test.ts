/** `--upstream-proxy`: a proxy carries calls when a person asked for it, and sees no credential; the environment alone changes nothing. */
import assert from "node:assert/strict";
import { type Sandbox, sandboxWithProject } from "../support/cli.ts";
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from "../support/connect_proxy.ts";
import { McpServerProcess } from "../support/mcp.ts";
import { startUpstream, type TestUpstream } from "../support/upstream.ts";

const CANARY = "sk_live_canary-0123456789";
const LOGIN = "tunnel-password-0123";

class World implements AsyncDisposable {
  readonly sandbox: Sandbox;
  readonly upstream: TestUpstream;
  readonly proxy: ConnectProxy;
  readonly #trust: Record<string, string>;

  private constructor(sandbox: Sandbox, trust: Record<string, string>, upstream: TestUpstream, proxy: ConnectProxy) {
    this.sandbox = sandbox;
    this.#trust = trust;
    this.upstream = upstream;
    this.proxy = proxy;
  }

  static async start(options: ConnectProxyOptions = {}): Promise<World> {
    const [sandbox, upstream] = await Promise.all([sandboxWithProject(), startUpstream({ http2: false })]);
    const world = new World(sandbox, await sandbox.trust(upstream.caPem), upstream, startConnectProxy(options));
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: CANARY });
    await sandbox.allow(`api.example.test:${upstream.port}`, "http://plain.example.test");
    return world;
  }

  /** A name that only the proxy can look up. */
  get target(): string {
    return `https://api.example.test:${this.upstream.port}/echo`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}`;
  }

  env(more: Record<string, string> = {}): Record<string, string> {
    return { ...this.#trust, ...more };
  }

  call(...args: readonly string[]): string[] {
    return ["call", "--url", this.target, "--bearer", "KEY", ...args];
  }

  /** The program ends with this code, in the envelope of `call` or before there is one. Gives all it said. */
  async refuses(
    code: string,
    exit: number,
    args: readonly string[],
    env: Record<string, string> = this.env(),
  ): Promise<string> {
    const { stdout, stderr, ...result } = await this.sandbox.run(["--json", ...args], { env });
    const { error } = JSON.parse(stdout);
    assert.equal(typeof error === "string" ? error.split(":", 1)[0] : error.code, code, stdout);
    assert.equal(result.code, exit);
    return stdout + stderr;
  }

  /** The call arrived, the proxy carried it, and knows nothing of it. */
  assertCarried(count: number): void {
    assert.deepEqual(
      this.upstream.requests.map(({ headers }) => headers["authorization"]),
      new Array(count).fill(`Bearer ${CANARY}`),
    );
    assert.equal(this.proxy.heads.length, count);
    assert.ok(this.proxy.heads.every((head) => head.startsWith(`CONNECT api.example.test:${this.upstream.port} `)));
    for (const hidden of [CANARY, btoa(CANARY), "/echo"]) assert.equal(this.proxy.seen().includes(hidden), false);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.upstream.close();
    await this.sandbox[Symbol.asyncDispose]();
  }
}

Deno.test("P28 proxy variables alone change nothing; asked for by flag or configuration, the proxy carries calls and sees no credential", async () => {
  await using world = await World.start({ authorization: `Basic ${btoa(`me:${LOGIN}`)}` });
  const { sandbox, proxy } = world;
  const login = world.url.replace("//", `//me:${LOGIN}@`);
  const named = { HTTPS_PROXY: login, https_proxy: login, ALL_PROXY: login };
  await world.refuses("upstream_dns", 7, world.call(), world.env(named));
  assert.equal(proxy.seen(), "");
  let carried = 0;
  for (
    const [args, env] of [[["--upstream-proxy", "env"], named], [["--upstream-proxy", login], {}]] as const
  ) {
    const out = await sandbox.ok(world.call(...args), { env: world.env(env) });
    assert.match(out, /^HTTP 200\n\n/);
    assert.equal(out.includes(CANARY), false);
    world.assertCarried(++carried);
  }
  const config = JSON.parse(await Deno.readTextFile(`${sandbox.home}/config.json`));
  const configure = async (upstreamProxy: string): Promise<void> => {
    const text = JSON.stringify({ ...config, proxy: { ...config.proxy, upstream_proxy: upstreamProxy } });
    await Deno.writeTextFile(`${sandbox.home}/config.json`, text);
  };
  await configure("env");
  await sandbox.ok(world.call(), { env: world.env(named) });
  world.assertCarried(++carried);
  // A command that changes the configuration keeps it.
  await sandbox.ok(["environment", "switch", "staging"]);
  assert.equal(JSON.parse(await Deno.readTextFile(`${sandbox.home}/config.json`)).proxy.upstream_proxy, "env");
  await configure(login);
  await world.refuses("config_damaged", 1, world.call());
  const files = await Array.fromAsync(Deno.readDir(sandbox.home));
  for (const { name, isFile } of files) {
    if (!isFile || name === "config.json") continue;
    assert.equal((await Deno.readTextFile(`${sandbox.home}/${name}`)).includes(LOGIN), false, name);
  }
});

Deno.test("with the flag, what NO_PROXY names goes directly, plain http is refused, and a wrong proxy is said without its password", async () => {
  await using world = await World.start();
  const { proxy } = world;
  const named = { HTTPS_PROXY: world.url, NO_PROXY: "example.test" };
  await world.refuses("upstream_dns", 7, world.call("--upstream-proxy", "env"), world.env(named));
  const plain = ["call", "--url", "http://plain.example.test/", "--bearer", "KEY", "--upstream-proxy", world.url];
  await world.refuses("plain_http_through_proxy", 4, plain);
  assert.equal(proxy.seen(), "");
  const wrong = await world.refuses("usage", 2, world.call("--upstream-proxy", `socks5://me:${LOGIN}@127.0.0.1`));
  const gone = await world.refuses(
    "upstream_proxy",
    7,
    world.call("--upstream-proxy", `http://me:${LOGIN}@127.0.0.1:9`),
  );
  for (const said of [wrong, gone]) assert.equal(said.includes(LOGIN), false);
});

Deno.test("proxy start goes through it too; in the background no argument of its process shows the password", async () => {
  await using world = await World.start({ authorization: `Basic ${btoa(`me:${LOGIN}`)}` });
  const { sandbox } = world;
  const login = world.url.replace("//", `//me:${LOGIN}@`);
  let carried = 0;
  for (
    const [flag, env] of [[login, {}], ["env", {
      HTTPS_PROXY: login,
    }]] as readonly (readonly [string, Record<string, string>])[]
  ) {
    const args = ["proxy", "start", "--port", "0", "--detach", "--upstream-proxy", flag];
    const { pid, port } = await sandbox.json(args, { env: world.env(env) }) as { pid: number; port: number };
    try {
      const headers = { "X-AS-Target-URL": world.target, "X-AS-Inject-Bearer": "KEY" };
      const answer = await fetch(`http://localhost:${port}/proxy`, { headers });
      const body = await answer.text();
      assert.equal(answer.status, 200, body);
      assert.equal(body.includes(CANARY), false);
      world.assertCarried(++carried);
      const line = await Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "");
      assert.equal(line.includes(LOGIN), false);
    } finally {
      await sandbox.ok(["proxy", "stop"]);
    }
  }
});

Deno.test("P28 an MCP session goes through it where its server was started so, and not because the environment names one", async () => {
  await using world = await World.start({ authorization: `Basic ${btoa(`me:${LOGIN}`)}` });
  const { sandbox, proxy } = world;
  const login = world.url.replace("//", `//me:${LOGIN}@`);
  const named = { HTTPS_PROXY: login, https_proxy: login, ALL_PROXY: login };
  const call = { url: world.target, injections: { bearer: "KEY" } };
  let carried = 0;
  for (
    const [args, env] of [[["--upstream-proxy", "env"], named], [["--upstream-proxy", login], {}]] as const
  ) {
    const server = await McpServerProcess.start(sandbox, { args, env: world.env(env) });
    for (let i = 0; i < 2; i++) {
      const { status, redacted } = await server.ok("api_call", call);
      assert.deepEqual([status, redacted], [200, true]);
    }
    // Both went over one connection, which the proxy saw once.
    assert.equal(proxy.heads.length, ++carried);
    const plain = { ...call, url: "http://plain.example.test/" };
    await server.fails("plain_http_through_proxy", "api_call", plain);
    for (const hidden of [CANARY, LOGIN]) assert.equal(server.output.includes(hidden), false);
    assert.deepEqual(await server.end(), { code: 0, stderr: "" });
  }
  assert.ok(proxy.heads.every((head) => head.startsWith(`CONNECT api.example.test:${world.upstream.port} `)));
  for (const hidden of [CANARY, btoa(CANARY), "/echo"]) assert.equal(proxy.seen().includes(hidden), false);
  const alone = await McpServerProcess.start(sandbox, { env: world.env(named) });
  await alone.fails("upstream_dns", "api_call", call);
  assert.deepEqual(await alone.end(), { code: 0, stderr: "" });
  const gone = ["--upstream-proxy", `http://me:${LOGIN}@127.0.0.1:9`];
  const lost = await McpServerProcess.start(sandbox, { args: gone, env: world.env() });
  await lost.fails("upstream_proxy", "api_call", call);
  assert.equal(lost.output.includes(LOGIN), false);
  assert.deepEqual(await lost.end(), { code: 0, stderr: "" });
  assert.equal(proxy.heads.length, carried);
});
