/**
 * What the proxy is compared with: the least that Deno needs to hand requests on. `deno run -A pass_through.ts ORIGIN [LOG]`; prints
 * its port. With LOG, each answer waits until a line of a record's length is on the disk: what no proxy with a durable log can undercut.
 *
 * @module
 */

const LINE = new TextEncoder().encode(`${"x".repeat(899)}\n`);

/** Those who ask while the disk is waited for share the next wait. */
function durableLines(path: string): () => Promise<void> {
  const file = Deno.openSync(path, { create: true, append: true });
  let asked = 0, next: Promise<void> | undefined, last = Promise.resolve();
  const write = async (): Promise<void> => {
    const lines = new Uint8Array(LINE.length * asked);
    for (let at = 0; at < lines.length; at += LINE.length) lines.set(LINE, at);
    asked = 0;
    next = undefined;
    file.writeSync(lines);
    await file.syncData();
  };
  return () => {
    asked++;
    return next ??= last = last.then(write);
  };
}

const [origin, log] = Deno.args as [string, string?];
const durable = log === undefined ? undefined : durableLines(log);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, async (request) => {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  headers.set("authorization", "Bearer sk_bench_0123456789abcdef");
  const answer = await fetch(origin + pathname + search, { method: request.method, headers, body: request.body });
  if (durable !== undefined) await durable();
  return new Response(answer.body, { status: answer.status, headers: answer.headers });
});
console.log(server.addr.port);
