/**
 * The local door in a process of its own, so that its memory can be told from that of a test: `door_process.ts ORIGIN`. Prints its
 * port, and ends when its standard input does.
 */
import { SystemPeers } from "../../src/adapters/peer/system.ts";
import { openSocketOwners } from "../../src/adapters/process/socket_owners.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { startListener } from "../../src/listener/listener.ts";
import { CallerCheck, NO_AGENT_TOKENS, SessionToken } from "../../src/usecases/identify_caller.ts";
import { TestEngine } from "./engine.ts";
import { health, KEY } from "./listener.ts";

if (import.meta.main) {
  const engine = await TestEngine.start({ allow: [Deno.args[0]!], secrets: { STRIPE_KEY: KEY } });
  const { token: session } = SessionToken.make(systemRandom);
  const callers = new CallerCheck({
    peers: new SystemPeers({ kernel: openSocketOwners }),
    agents: NO_AGENT_TOKENS,
    requireToken: false,
    session,
  });
  const listener = await startListener({
    port: 0,
    door: {
      call: ({ injections, ...call }, signal) => engine.call({ ...call, inject: injections }, signal),
      forget: () => engine.engine.forget(),
    },
    callers,
    health,
  });
  console.log(listener.port);
  for await (const _ of Deno.stdin.readable);
  await listener.shutdown(1);
  await engine.close();
}
