/** One authenticated call from start to end of the process, against curl to the same TLS upstream. */
import { startUpstream } from "../tests/support/upstream.ts";
import { benchHome, PASSWORD } from "./home.ts";
import { command, compare, print } from "./measure.ts";

/** What an MCP client says first. */
const INITIALIZE = `${
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "bench", version: "1" } },
  })
}\n`;

export async function bench(): Promise<void> {
  const upstream = await startUpstream();
  try {
    const ca = await Deno.makeTempFile({ suffix: ".pem" });
    await Deno.writeTextFile(ca, upstream.caPem);
    await using home = await benchHome({ SSL_CERT_FILE: ca });
    await home.run(["secrets", "set", "BENCH_KEY", "--stdin"], "sk_bench_0123456789abcdef");
    await home.run(["workspace", "allowlist", "add", upstream.origin, "--password-stdin"], `${PASSWORD}\n`);
    const url = `${upstream.origin}/echo`;
    const options = { env: home.env, cwd: home.project };
    print(
      "One call (processes, start to end; verified allowlist, pinning, redaction, durable audit)",
      await compare(15, [
        {
          name: "curl",
          run: command(["curl", "--silent", "--cacert", ca, "--header", "Authorization: Bearer x", url], options),
        },
        { name: "agentsecrets call", run: command(home.argv("call", "--url", url, "--bearer", "BENCH_KEY"), options) },
        { name: "agentsecrets --version", run: command(home.argv("--version"), options) },
      ]),
    );
    const exec = JSON.stringify({ protocolVersion: 1, provider: "agentsecrets", ids: ["BENCH-KEY"] });
    print(
      "What else agents start (processes, start to end)",
      await compare(15, [
        { name: "agentsecrets --version", run: command(home.argv("--version"), options) },
        { name: "secrets list", run: command(home.argv("secrets", "list"), options) },
        { name: "status", run: command(home.argv("status"), options) },
        { name: "env -- true", run: command(home.argv("env", "--", "true"), options) },
        { name: "exec, one id", run: command(home.argv("exec"), { ...options, stdin: exec }) },
        { name: "proxy logs --last 5", run: command(home.argv("proxy", "logs", "--last", "5"), options) },
        // The end of its input comes right behind the request: answering is all that it does.
        { name: "mcp serve, initialize", run: command(home.argv("mcp", "serve"), { ...options, stdin: INITIALIZE }) },
      ]),
    );
    await Deno.remove(ca);
  } finally {
    await upstream.close();
  }
}
