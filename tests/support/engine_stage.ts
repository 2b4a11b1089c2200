/** A stage for the use-cases that call: the real account, workspace log, allowlist, engine, audit log and upstream. */
import { FileAuditSink } from "../../src/adapters/audit_sink/file.ts";
import { HttpLocalProxy } from "../../src/adapters/local_proxy/http.ts";
import { SystemPeers } from "../../src/adapters/peer/system.ts";
import { PinnedUpstream } from "../../src/adapters/upstream/pinned.ts";
import { AppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { startBroker } from "../../src/listener/broker.ts";
import { startListener } from "../../src/listener/listener.ts";
import type { ChildCommand } from "../../src/ports/process.ts";
import type { CallDoor, CallRequest } from "../../src/usecases/call.ts";
import { addAllowlistEntries } from "../../src/usecases/change_allowlist.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import type { WorldWithEngine } from "../../src/usecases/engine_ports.ts";
import { setSecrets } from "../../src/usecases/secrets/set.ts";
import { lockPath } from "../../src/vault/places.ts";
import { TableDns } from "./engine.ts";
import { startUpstream, type TestUpstream } from "./upstream.ts";
import { initWorld, textOf, typing, World } from "./world.ts";

/** The value of STRIPE_KEY. */
export const KEY = "sk_live_51Habcdefghijklmnop";

/** Runs nothing; remembers what the child would have got. */
class RecordingProcesses {
  readonly pid = 4711;
  readonly commands: {
    readonly program: string;
    readonly env: Record<string, string>;
    readonly withhold: readonly string[];
  }[] = [];
  readonly terminated: number[] = [];
  onTerminate = (): void => {};

  run({ program, secrets, withhold }: ChildCommand): Promise<number> {
    const env = Object.fromEntries([...secrets].map(([name, value]) => [name, textOf(value)]));
    this.commands.push({ program, env, withhold });
    return Promise.resolve(37);
  }

  terminate(pid: number): boolean {
    this.terminated.push(pid);
    this.onTerminate();
    return true;
  }
}

/** An account with a project, and an upstream. */
export interface Stage {
  readonly world: World & WorldWithEngine;
  readonly upstream: TestUpstream;
  readonly processes: RecordingProcesses;
  allow(...entries: string[]): Promise<void>;
  set(name: string, value: string): Promise<void>;
}

/** Opened for each test anew, as it holds files. */
export async function withStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const upstream = await startUpstream();
  const bare = await World.make();
  const adapter = new PinnedUpstream({ caCerts: [upstream.caPem] });
  const processes = new RecordingProcesses();
  const sink = new FileAuditSink({ path: bare.places.proxyLog, lockPath: lockPath(bare.places, "audit") });
  const world = Object.assign(bare, {
    dns: new TableDns({ localhost: ["127.0.0.1"] }),
    processes,
    upstream: () => Promise.resolve(adapter),
    auditSink: () => Promise.resolve(sink),
    listen: startListener,
    peers: new SystemPeers(),
    localProxy: new HttpLocalProxy(),
    background: { start: () => Promise.reject(new AppError("child_not_started", { program: "x", reason: "a test" })) },
    listenBroker: startBroker,
  });
  try {
    await initWorld(world);
    await createProject(world, { name: "shop" });
    await work({
      world,
      upstream,
      processes,
      allow: async (...entries) => void await addAllowlistEntries(world, { entries, password: typing() }),
      set: async (name, value) => {
        using secret = Secret.fromText(value);
        await setSecrets(world, { folder: world.workingFolder, entries: [{ name, value: secret }] });
      },
    });
  } finally {
    await adapter.close();
    await upstream.close();
    await world[Symbol.asyncDispose]();
  }
}

/** A call with STRIPE_KEY as a bearer token. */
export function request(target: string, more: Partial<CallRequest> = {}): CallRequest {
  const caller = { level: "user", agentId: "", tokenId: "", sessionId: "" } as const;
  return { target, method: "GET", headers: [], injections: [["bearer", "STRIPE_KEY"]], caller, path: "call", ...more };
}

/** What a call answers, as text. */
export async function bodyOf(door: CallDoor, call: CallRequest): Promise<string> {
  const response = await door.call(call);
  return await new Response(response.body).text();
}
