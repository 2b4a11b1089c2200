/**
 * A WebSocket through the door: the caller's end is Deno's, the upstream's end is the engine's. Whole messages pass both ways, each
 * side only as fast as the other takes them.
 *
 * @module
 */

import { MAX_MESSAGE_BYTES } from "../ports/upstream_socket.ts";
import type { CallSocket, SocketMessage } from "../usecases/call.ts";

/** Silence of the caller after which Deno asks whether it is there, in seconds. */
const IDLE_S = 120;
/** Bytes that may wait for the caller before the upstream is no longer read. */
const MAX_WAITING = 1024 * 1024;
/** What a message that waits costs besides its bytes: a million of one byte each is no megabyte. */
const MESSAGE_COST = 1024;
/** How often a slow caller is looked at, in ms: Deno does not tell when it has caught up. */
const LOOK_MS = 5;
/** Codes of our own closing (RFC 6455 §7.4.1). */
const GOING_AWAY = 1001, POLICY = 1008, INTERNAL = 1011;

/** The proxy's end, in two steps. */
export interface Ending {
  /** Aborts when the proxy begins to end: sockets are closed in order, as none would end by itself. */
  readonly begins: AbortSignal;
  /** Aborts when there is no time left. */
  readonly cuts: AbortSignal;
}

/** Accepts the caller's WebSocket and joins it with `upstream`; resolves `ended` when both are over. */
export function joinSockets(
  request: Request,
  upstream: CallSocket,
  ending: Ending,
): { readonly response: Response; readonly ended: Promise<void> } {
  // One that was injected may hold the credential, and is none of the caller's: Deno refuses it with a message that quotes it.
  const protocol = offeredIn(request).includes(upstream.protocol) ? upstream.protocol : "";
  const { socket, response } = Deno.upgradeWebSocket(request, {
    idleTimeout: IDLE_S,
    ...(protocol === "" ? {} : { protocol }),
  });
  return { response, ended: join(socket, upstream, ending) };
}

function offeredIn({ headers }: Request): readonly string[] {
  return (headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());
}

async function join(caller: WebSocket, upstream: CallSocket, { begins, cuts }: Ending): Promise<void> {
  const onCut = (): void => void upstream.cut().catch(() => {});
  const onEnding = (): void => upstream.close(GOING_AWAY);
  cuts.addEventListener("abort", onCut, { once: true });
  begins.addEventListener("abort", onEnding, { once: true });
  try {
    if (await opened(caller)) {
      fromCaller(caller, upstream);
      await toCaller(caller, upstream);
    } else await upstream.cut();
  } catch {
    // The record says why; the caller gets a code.
    close(caller, INTERNAL, "");
  } finally {
    cuts.removeEventListener("abort", onCut);
    begins.removeEventListener("abort", onEnding);
  }
}

/** False when the caller went away before. */
function opened(caller: WebSocket): Promise<boolean> {
  caller.binaryType = "arraybuffer";
  if (caller.readyState === WebSocket.OPEN) return Promise.resolve(true);
  return new Promise((resolve) => {
    caller.onopen = () => resolve(true);
    caller.onerror = caller.onclose = () => resolve(false);
  });
}

function fromCaller(caller: WebSocket, upstream: CallSocket): void {
  let waiting = 0;
  caller.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    const message: SocketMessage = typeof data === "string"
      ? { kind: "text", bytes: new TextEncoder().encode(data) }
      : { kind: "binary", bytes: new Uint8Array(data) };
    const cost = message.bytes.length + MESSAGE_COST;
    waiting += cost;
    // Deno cannot be told to read more slowly: a caller far ahead of the upstream has to go.
    if (waiting > MAX_MESSAGE_BYTES + MESSAGE_COST) {
      caller.onmessage = null;
      close(caller, POLICY, "too far ahead of the upstream");
      return upstream.close(POLICY);
    }
    upstream.send(message).then(() => waiting -= cost, () => {});
  };
  caller.onclose = ({ code, reason }: CloseEvent) =>
    upstream.close(code === 1005 || code === 1006 ? undefined : code, reason);
  caller.onerror = () => upstream.close();
}

async function toCaller(caller: WebSocket, upstream: CallSocket): Promise<void> {
  for (;;) {
    const event = await upstream.receive();
    if (!("kind" in event)) return close(caller, event.code, event.reason);
    if (caller.readyState !== WebSocket.OPEN) continue; // read on: the end is still to come
    caller.send(
      event.kind === "text" ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(event.bytes) : event.bytes,
    );
    while (caller.bufferedAmount > MAX_WAITING && caller.readyState === WebSocket.OPEN) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/** The upstream's code where Deno lets a server send it; 1005 and 1006 are never sent (RFC 6455 §7.4.1). */
function close(caller: WebSocket, code: number, reason: string): void {
  try {
    if (code === 1005) caller.close();
    else caller.close(code === 1006 ? INTERNAL : code, reason);
  } catch {
    caller.close();
  }
}
