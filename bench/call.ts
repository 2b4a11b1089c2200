/** One authenticated call from start to end of the process, against curl to the same TLS upstream. */
import { startUpstream } from "../tests/support/upstream.ts";
import { benchHome, PASSWORD } from "./home.ts";
import { command, compare, print } from "./measure.ts";

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
    await Deno.remove(ca);
  } finally {
    await upstream.close();
  }
}
