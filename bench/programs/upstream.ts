/**
 * The upstream of the benches: HTTP/1.1 over TLS from prepared bytes, so that it is never what is measured. Prints its port.
 * `deno run -A upstream.ts CERT KEY`. Paths: `/bytes/N`, `/text/MiB` (streamed), `/sse` (two events), `/hold` (an event, no end).
 *
 * @module
 */

import { SystemListeningSockets } from "../../src/adapters/process/listening_sockets.ts";

const encoder = new TextEncoder();
const HEAD = "HTTP/1.1 200 OK\r\nContent-Type: ";
const EVENT = 'data: {"id":"chunk","delta":"the quick brown fox jumps over the lazy dog and on"}\n\n';
const STREAM = encoder.encode(
  `${HEAD}text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(EVENT)}`,
);
const LAST = encoder.encode(`${chunk(EVENT)}0\r\n\r\n`);
const END = encoder.encode("0\r\n\r\n");
const PIECE = encoder.encode(chunk(EVENT.repeat(Math.ceil(64 * 1024 / EVENT.length))));
/** Time between the events of `/sse`, in ms. */
const PAUSE_MS = 3;

const prepared = new Map<string, Uint8Array>();

function chunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

function bytesAnswer(path: string, length: number): Uint8Array {
  let answer = prepared.get(path);
  if (answer === undefined) {
    const body = EVENT.repeat(Math.ceil(length / EVENT.length)).slice(0, length);
    answer = encoder.encode(`${HEAD}text/plain\r\nContent-Length: ${length}\r\n\r\n${body}`);
    prepared.set(path, answer);
  }
  return answer;
}

async function answer(path: string, send: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const [, kind, size] = path.split("/");
  if (kind === "bytes") return await send(bytesAnswer(path, Number(size)));
  await send(STREAM);
  if (kind === "hold") return;
  if (kind === "text") {
    for (let left = Number(size) * 1024 * 1024; left > 0; left -= PIECE.length) await send(PIECE);
    return await send(END);
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  await send(LAST);
}

async function serve(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  const send = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
  };
  let waiting = "";
  try {
    for (let read; (read = await connection.read(buffer)) !== null;) {
      waiting += new TextDecoder().decode(buffer.subarray(0, read));
      for (let end; (end = waiting.indexOf("\r\n\r\n")) >= 0; waiting = waiting.slice(end + 4)) {
        await answer(waiting.split(" ", 2)[1]!, send);
      }
    }
  } catch {
    // The peer left.
  }
  try {
    connection.close();
  } catch {
    // Closed before.
  }
}

if (import.meta.main) {
  const [certPath, keyPath] = Deno.args as [string, string];
  const [cert, key] = [await Deno.readTextFile(certPath), await Deno.readTextFile(keyPath)];
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  // As upstreams do that people use: else every second small write waits 40 ms for an acknowledgement, whoever asks.
  new SystemListeningSockets().sendAtOnce();
  console.log((listener.addr as Deno.NetAddr).port);
  for (;;) {
    try {
      serve(await listener.accept());
    } catch {
      // A handshake that was broken off.
    }
  }
}
