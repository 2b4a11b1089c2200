/**
 * Servers whose answer is there at once, so that only the way in and out costs: `deno run -A door.ts KIND BODY`; prints its port.
 *
 * `bare`: Deno.serve and nothing else. `door`: our listener, before a call that answers at once. BODY: `bytes` or `stream`.
 *
 * @module
 */

import { SystemPeers } from "../../src/adapters/peer/system.ts";
import { openSocketOwners } from "../../src/adapters/process/socket_owners.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { startListener } from "../../src/listener/listener.ts";
import { CallerCheck, NO_AGENT_TOKENS, SessionToken } from "../../src/usecases/identify_caller.ts";
import type { ListenerOptions } from "../../src/usecases/proxy_server.ts";

const BODY = new Uint8Array(1024).fill(0x2e);
const HEADERS: [string, string][] = [["content-type", "text/plain"], ["content-length", String(BODY.length)]];
const OUTCOME = Promise.resolve({ auditId: "log_0", redacted: false, durationMs: 0 });

function body(kind: string): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
  if (kind === "bytes") return BODY;
  return new ReadableStream({
    pull(controller): void {
      controller.enqueue(BODY.slice());
      controller.close();
    },
  });
}

async function serveDoor(kind: string): Promise<number> {
  const { token: session } = SessionToken.make(systemRandom);
  const peers = new SystemPeers({ kernel: openSocketOwners });
  const door = {
    call: () =>
      Promise.resolve({ status: 200, statusText: "OK", headers: HEADERS, body: body(kind), outcome: OUTCOME }),
    forget(): void {},
  };
  const { port } = await startListener({
    port: 0,
    door: door as ListenerOptions["door"],
    callers: new CallerCheck({ peers, session, agents: NO_AGENT_TOKENS, requireToken: false }),
    health: () => Promise.reject(new Error("not asked for")),
  });
  return port;
}

function serveBare(kind: string): number {
  const options = { hostname: "127.0.0.1", port: 0, onListen(): void {} };
  return Deno.serve(options, (_request) => new Response(body(kind), { headers: HEADERS })).addr.port;
}

if (import.meta.main) {
  const [kind, what] = Deno.args as [string, string];
  console.log(kind === "bare" ? serveBare(what) : await serveDoor(what));
}
