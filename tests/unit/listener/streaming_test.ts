/** Long bodies both ways through the door: memory stays flat, and what belongs to HTTP stays right. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { withDoor } from "../../support/listener.ts";

const MIB = 1024 * 1024;
/** AGENTSECRETS_PUMP_MIB=5120 for a soak. */
const PUMP = Number(Deno.env.get("AGENTSECRETS_PUMP_MIB") ?? 512) * MIB;
/** What a process may grow by, whatever passes through it: the collector of a busy machine is late by so much, later in a soak. */
const GROWTH = (PUMP > 1024 * MIB ? 160 : 120) * MIB;

/** An upstream in this process: `GET /N` sends N bytes, `POST` counts what it gets. */
function startPump(): { readonly origin: string; close(): Promise<void> } {
  const block = new Uint8Array(64 * 1024).fill(0x2e);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, async (request) => {
    let count = 0;
    if (request.method === "POST") {
      for await (const piece of request.body!) count += piece.length;
      return new Response(String(count));
    }
    const size = Number(new URL(request.url).pathname.slice(1));
    return new Response(
      new ReadableStream({
        pull(controller): void {
          if (count >= size) return controller.close();
          count += block.length;
          controller.enqueue(block.slice());
        },
      }),
    );
  });
  return { origin: `http://localhost:${server.addr.port}`, close: () => server.shutdown() };
}

/** A door in another process. */
class DoorProcess {
  readonly #child: Deno.ChildProcess;
  port = 0;

  constructor(origin: string) {
    const script = new URL("../../support/door_process.ts", import.meta.url).pathname;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--quiet", script, origin],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  }

  async ready(): Promise<void> {
    const reader = this.#child.stdout.getReader();
    this.port = Number(new TextDecoder().decode((await reader.read()).value));
    reader.releaseLock();
  }

  /** The most memory it ever had, in bytes. */
  async peak(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${this.#child.pid}/status`);
    return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024;
  }

  async end(): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.stdout.cancel();
    await this.#child.status;
  }
}

async function download(door: DoorProcess, origin: string, size: number): Promise<number> {
  const headers = { "x-as-target-url": `${origin}/${size}`, "x-as-inject-bearer": "STRIPE_KEY" };
  const response = await fetch(`http://127.0.0.1:${door.port}/proxy`, { headers });
  let count = 0, lookAt = 16 * MIB;
  for await (const piece of response.body!) {
    count += piece.length;
    if (count < lookAt) continue;
    lookAt += 16 * MIB;
    // A reader that is slower than the upstream, without a clock.
    await (await fetch(`http://127.0.0.1:${door.port}/health`)).text();
  }
  return count;
}

/** By hand: fetch would send a stream without its length. */
async function upload(door: DoorProcess, origin: string, size: number): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: door.port });
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  const head = `POST /proxy HTTP/1.1\r\nhost: localhost:${door.port}\r\nx-as-target-url: ${origin}/up\r\n` +
    `x-as-inject-bearer: STRIPE_KEY\r\ncontent-length: ${size}\r\nconnection: close\r\n\r\n`;
  await write(new TextEncoder().encode(head));
  const block = new Uint8Array(MIB);
  for (let sent = 0; sent < size; sent += block.length) await write(block);
  const answer = await new Response(connection.readable).text();
  return answer.slice(answer.indexOf("\r\n\r\n"));
}

Deno.test({
  name: "P33 hundreds of MiB pass in either direction without the proxy growing",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const pump = startPump();
    const door = new DoorProcess(pump.origin);
    await door.ready();
    try {
      await download(door, pump.origin, 32 * MIB);
      await upload(door, pump.origin, 32 * MIB);
      const before = await door.peak();
      assert.equal(await download(door, pump.origin, PUMP), PUMP);
      const down = await door.peak() - before;
      assert.ok((await upload(door, pump.origin, PUMP)).includes(String(PUMP)));
      const up = await door.peak() - before;
      assert.ok(down < GROWTH && up < GROWTH, `grew by ${down / MIB} MiB down and ${up / MIB} MiB up`);
    } finally {
      await door.end();
      await pump.close();
    }
  },
});

Deno.test("P33 an upload reaches the upstream piece by piece, and the answer comes back the same way, before its end", async () => {
  const first = Promise.withResolvers<string>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, async (request) => {
    const reader = request.body!.pipeThrough(new TextDecoderStream()).getReader();
    first.resolve((await reader.read()).value!);
    while (!(await reader.read()).done);
    return new Response(`got it, ${request.headers.get("authorization")}`);
  });
  const origin = `http://localhost:${server.addr.port}`;
  await withDoor(async ({ listener }) => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const headers = { "x-as-target-url": `${origin}/up`, "x-as-inject-bearer": "STRIPE_KEY" };
    const answer = fetch(`http://127.0.0.1:${listener.port}/proxy`, { method: "POST", headers, body: readable });
    const writer = writable.getWriter();
    await writer.write(new TextEncoder().encode("first"));
    // The second piece is written only when the first has arrived at the far end.
    assert.equal(await first.promise, "first");
    await writer.write(new TextEncoder().encode("second"));
    await writer.close();
    assert.equal(await (await answer).text(), `got it, Bearer ${REDACTION_MARKER}`);
  }, { allow: [origin] });
  await server.shutdown();
});

Deno.test("HEAD, 204, 304 and ranges keep what HTTP says of them", async () => {
  const body = "0123456789".repeat(10);
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/304") return new Response(null, { status: 304, headers: { etag: '"a"' } });
    if (pathname === "/204") return new Response(null, { status: 204, headers: { "x-a": "1" } });
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
    if (range === null) return new Response(body, { headers: { "content-length": "100", "accept-ranges": "bytes" } });
    const part = body.slice(Number(range[1]), Number(range[2]) + 1);
    const headers = { "content-range": `bytes ${range[1]}-${range[2]}/100` };
    return new Response(part, { status: 206, headers });
  });
  const origin = `http://localhost:${server.addr.port}`;
  await withDoor(async ({ listener }) => {
    const call = (path: string, method = "GET", headers: Record<string, string> = {}): Promise<Response> => {
      const all = { "x-as-target-url": `${origin}${path}`, ...headers };
      return fetch(`http://127.0.0.1:${listener.port}/proxy`, { method, headers: all });
    };
    const head = await call("/x", "HEAD");
    assert.deepEqual([head.status, head.headers.get("content-length"), await head.text()], [200, "100", ""]);
    const unchanged = await call("/304");
    assert.deepEqual([unchanged.status, unchanged.headers.get("etag"), await unchanged.text()], [304, '"a"', ""]);
    const empty = await call("/204");
    assert.deepEqual([empty.status, empty.headers.get("x-a"), await empty.text()], [204, "1", ""]);
    const part = await call("/x", "GET", { range: "bytes=5-14" });
    assert.deepEqual([part.status, part.headers.get("content-range")], [206, "bytes 5-14/100"]);
    assert.equal(await part.text(), "5678901234");
  }, { allow: [origin] });
  await server.shutdown();
});
