/**
 * What hands requests on to one TLS upstream: nothing at all, a bare Deno program, one that records and one that reads as well, nginx,
 * and the running proxy, each in processes of its own.
 *
 * @module
 */

import { BUILD_DENO, denoPath } from "../scripts/deno.ts";
import { makeAuthority } from "../tests/support/authority.ts";
import { type Server, startServer } from "./children.ts";
import { type BenchHome, benchHome, PASSWORD } from "./home.ts";
import type { Target } from "./programs/http_client.ts";

/** One way to the upstream. */
export interface Way {
  readonly name: string;
  readonly target: Target;
  readonly pids: readonly number[];
  /** The request line's path and the headers that fetch the upstream's `path`, with `secrets` of `environment` in place. */
  request(
    path: string,
    secrets?: readonly string[],
    environment?: string,
  ): { readonly path: string; readonly headers: Record<string, string> };
}

/** All that runs. */
export interface Ways extends AsyncDisposable {
  readonly direct: Way;
  readonly bare: Way;
  /** The bare one, with a line on the disk before each answer. */
  readonly durable: Way;
  /** The durable one, which has each piece of an answer in hand besides. */
  readonly reading: Way;
  /** Undefined where nginx is not installed. */
  readonly nginx: Way | undefined;
  readonly proxy: Way;
  readonly home: BenchHome;
}

/** Secrets of the bench's active environment: {@linkcode secretNames}. */
export const SECRETS = 20;
/** Numbers of secrets that there is an environment of its own for: {@linkcode environmentOf}. */
export const COUNTS = [0, 1, 20, 200] as const;

const program = (name: string): string => new URL(`programs/${name}`, import.meta.url).pathname;

/** The first `count` names. */
export function secretNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `BENCH_${i}`);
}

/** The name of the environment with `count` secrets. */
export function environmentOf(count: number): string {
  return `live-${count}`;
}

/** An upstream of its own process and authority, and a home whose allowlist has it. */
export async function startWorld(stack: AsyncDisposableStack): Promise<{
  readonly home: BenchHome;
  readonly port: number;
  readonly caPath: string;
  readonly caPem: string;
}> {
  const folder = await Deno.makeTempDir({ prefix: "agentsecrets-upstream-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue(["localhost", "127.0.0.1"]);
  const [caPath, certPath, keyPath] = ["ca", "cert", "key"].map((name) => `${folder}/${name}.pem`) as [
    string,
    string,
    string,
  ];
  await Deno.writeTextFile(caPath, authority.caPem);
  await Deno.writeTextFile(certPath, cert);
  await Deno.writeTextFile(keyPath, key, { mode: 0o600 });
  const upstream = stack.use(
    await startServer([Deno.execPath(), "run", "-A", "--no-check", program("upstream.ts"), certPath, keyPath]),
  );
  const port = Number(upstream.line);
  const home = stack.use(await benchHome({ SSL_CERT_FILE: caPath }));
  const value = (): string => `sk_${crypto.getRandomValues(new Uint8Array(20)).toHex()}`;
  const dotenv = (count: number): string => secretNames(count).map((name) => `${name}=${value()}\n`).join("");
  await home.run(["secrets", "import", "-"], dotenv(SECRETS));
  for (const count of COUNTS) {
    await home.run(["environment", "create", environmentOf(count)]);
    if (count > 0) await home.run(["secrets", "import", "-", "--env", environmentOf(count)], dotenv(count));
  }
  await home.run(["workspace", "allowlist", "add", `https://localhost:${port}`, "--password-stdin"], `${PASSWORD}\n`);
  return { home, port, caPath, caPem: authority.caPem };
}

/** Starts the proxy of `home` on a free port. */
export async function startProxy(home: BenchHome): Promise<Server & { readonly port: number }> {
  const server = await startServer(home.argv("proxy", "start", "--port", "0"), { env: home.env, cwd: home.project });
  const { port } = JSON.parse(await Deno.readTextFile(`${home.env.AGENTSECRETS_HOME}/proxy.json`));
  return Object.assign(server, { port: Number(port) });
}

/** How a request goes through the proxy. */
export function proxied(upstreamPort: number): Way["request"] {
  return (path, secrets = secretNames(1), environment) => ({
    path: "/proxy",
    headers: {
      "X-AS-Target-URL": `https://localhost:${upstreamPort}${path}`,
      ...(environment === undefined ? {} : { "X-AS-Environment": environment }),
      ...Object.fromEntries(secrets.map((name, i) => [`X-AS-Inject-Header-X-Bench-${i}`, name])),
    },
  });
}

/** Starts everything. */
export async function startWays(): Promise<Ways> {
  const stack = new AsyncDisposableStack();
  try {
    const { home, port, caPath, caPem } = await startWorld(stack);
    const origin = `https://localhost:${port}`;
    const straight: Way["request"] = (path) => ({ path, headers: {} });
    const deno = await buildDeno();
    const argv = [deno, "run", "-A", "--no-check", `--cert=${caPath}`, program("pass_through.ts"), origin];
    const passThrough = async (name: string, ...args: string[]): Promise<Way> => {
      const { line, pid } = stack.use(await startServer([...argv, ...args]));
      return { name: `${name} Deno ${BUILD_DENO}`, target: { port: Number(line) }, pids: [pid], request: straight };
    };
    const proxy = stack.use(await startProxy(home));
    return {
      home,
      direct: { name: "direct", target: { port, caPem }, pids: [], request: straight },
      bare: await passThrough("bare"),
      durable: await passThrough("durable", `${home.base}/lines`),
      reading: await passThrough("reading", `${home.base}/lines-of-reading`, "read"),
      nginx: await startNginx(stack, port, caPath),
      proxy: { name: "agentsecrets", target: { port: proxy.port }, pids: [proxy.pid], request: proxied(port) },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** The executable itself: what npm puts on the path is a program that starts it. */
async function buildDeno(): Promise<string> {
  const { stdout } = await new Deno.Command(await denoPath(BUILD_DENO), {
    args: ["eval", "console.log(Deno.execPath())"],
  })
    .output();
  return new TextDecoder().decode(stdout).trim();
}

async function startNginx(stack: AsyncDisposableStack, upstreamPort: number, caPath: string): Promise<Way | undefined> {
  const folder = await Deno.makeTempDir({ prefix: "agentsecrets-nginx-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const port = freePort();
  await Deno.writeTextFile(`${folder}/nginx.conf`, nginxConfig(folder, port, upstreamPort, caPath));
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command("nginx", {
      args: ["-p", folder, "-c", `${folder}/nginx.conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("  (nginx is not installed: skipped)");
    return undefined;
  }
  stack.defer(async () => {
    child.kill("SIGTERM");
    await child.status;
  });
  await reachable(port);
  // `master_process off` keeps it one process, like the others.
  return {
    name: "nginx",
    target: { port },
    pids: [child.pid],
    request: (path) => ({ path, headers: {} }),
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

async function reachable(port: number): Promise<void> {
  for (let left = 100;; left--) {
    try {
      return (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function nginxConfig(folder: string, port: number, upstreamPort: number, caPath: string): string {
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) =>
    `${name}_temp_path ${folder}/${name};`
  );
  return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log; worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  access_log off; ${paths.join(" ")} keepalive_requests 1000000000;
  upstream origin { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass https://origin; proxy_http_version 1.1; proxy_buffering off;
      proxy_set_header Host localhost:${upstreamPort}; proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer sk_bench_0123456789abcdef";
      proxy_ssl_verify on; proxy_ssl_trusted_certificate ${caPath}; proxy_ssl_name localhost; proxy_ssl_server_name on;
    }
  }
}
`;
}
