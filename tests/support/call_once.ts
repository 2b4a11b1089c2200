/** A process of its own that makes one pinned call and prints what came of it: `200 <host name that the upstream saw>`. */
import { PinnedUpstream } from "../../src/adapters/upstream/pinned.ts";
import { startUpstream } from "./upstream.ts";

if (import.meta.main) {
  const upstream = await startUpstream();
  const adapter = new PinnedUpstream({ caCerts: [upstream.caPem] });
  const response = await adapter.send({
    url: new URL(`https://api.example.test:${upstream.port}/`),
    method: "GET",
    headers: [],
    addresses: ["127.0.0.1"],
    timeouts: { connectMs: 5000, firstByteMs: 5000, idleMs: 5000 },
  });
  const { host } = await new Response(response.body).json();
  await Deno.stdout.write(new TextEncoder().encode(`${response.status} ${String(host).replace(/:\d+$/, "")}\n`));
  await adapter.close();
  await upstream.close();
}
