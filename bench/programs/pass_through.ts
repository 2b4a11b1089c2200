/**
 * What the proxy is compared with: the least that Deno needs to hand requests on. `deno run -A pass_through.ts ORIGIN [LOG [read]]`;
 * prints its port. With LOG, each answer waits until a line of a record's length is on the disk: what no proxy with a durable log can
 * undercut. With `read`, the program has each piece of an answer in hand before it goes on, as whoever searches it must; bare
 * answers pass by it, inside the runtime.
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

/** Longest body that is had at once: that is quicker than as a stream. */
const SMALL_BYTES = 64 * 1024;

async function inHand(answer: Response): Promise<BodyInit | null> {
  if (answer.body === null) return null;
  if (Number(answer.headers.get("content-length") ?? Infinity) <= SMALL_BYTES) return await answer.bytes();
  const reader = answer.body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      const { value } = await reader.read();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

const [origin, log, read] = Deno.args as [string, string?, string?];
const durable = log === undefined ? undefined : durableLines(log);
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, async (request) => {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  headers.delete("host");
  headers.set("authorization", "Bearer sk_bench_0123456789abcdef");
  const answer = await fetch(origin + pathname + search, { method: request.method, headers, body: request.body });
  const body = read === undefined ? answer.body : await inHand(answer);
  if (durable !== undefined) await durable();
  return new Response(body, { status: answer.status, headers: answer.headers });
});
console.log(server.addr.port);
