/**
 * What the proxy is compared with: the least that Deno needs to hand requests on. `deno run -A pass_through.ts ORIGIN`; prints its port.
 *
 * @module
 */

const [origin] = Deno.args as [string];
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, async (request) => {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  headers.set("authorization", "Bearer sk_bench_0123456789abcdef");
  const answer = await fetch(origin + pathname + search, { method: request.method, headers, body: request.body });
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
});
console.log(server.addr.port);
