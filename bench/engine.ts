/** The engine alone: everything between a door and the network, before an upstream that answers at once and a log that keeps nothing. */
import { cpuUsage } from "node:process";
import { SystemClock } from "../src/adapters/clock/system.ts";
import { MemoryKeychain } from "../src/adapters/keychain/memory.ts";
import type { EnvironmentId, EnvironmentName, ProjectId, WorkspaceId } from "../src/kernel/names.ts";
import { Secret } from "../src/kernel/secret.ts";
import type { AuditRecorder } from "../src/proxy/audit_recorder.ts";
import type { CallContext, CallRequest } from "../src/proxy/door.ts";
import { Engine } from "../src/proxy/engine.ts";
import type { Upstream, UpstreamResponse } from "../src/ports/upstream.ts";
import { HeldSecrets } from "../src/usecases/held_secrets.ts";
import { KeychainSecretReader } from "../src/vault/keychain_secret_reader.ts";
import { collectionOf, metaOf } from "../src/vault/local_state.ts";
import { quantile } from "./measure.ts";
import { ms, show } from "./report.ts";

const CONTEXT: CallContext = {
  scope: {
    workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
    projectId: `p_${"b".repeat(16)}` as ProjectId,
    environmentId: `e_${"c".repeat(16)}` as EnvironmentId,
  },
  environment: "development" as EnvironmentName,
  allowlist: { version: 1, entries: ["api.example.com", "api.stripe.com", "*.github.com"] },
  callerRole: "owner",
};
const CALL: CallRequest = {
  target: "https://api.example.com/v1/charges?limit=3",
  method: "GET",
  headers: [["accept", "*/*"], ["user-agent", "curl/8"], ["host", "localhost:8765"], ["x-request-id", "1"]],
  injections: [["bearer", "BENCH_0"]],
  caller: { level: "anonymous", agentId: "", tokenId: "", sessionId: "" },
  path: "proxy",
};
const ANSWER: UpstreamResponse = {
  status: 200,
  statusText: "OK",
  headers: [["content-type", "application/json"], ["content-length", "1024"], ["x-request-id", "req_abcdef1234567890"]],
  body: new TextEncoder().encode('{"id":"ch_1","note":"the quick brown fox"},\n'.repeat(24)).slice(0, 1024),
};
const UPSTREAM: Upstream = {
  throughProxy: () => false,
  send: () => Promise.resolve(ANSWER),
  connect: () => Promise.reject(new Error("not asked for")),
  close: () => Promise.resolve(),
};
const AUDIT: AuditRecorder = { ready: () => Promise.resolve(), record: () => Promise.resolve("log_0") };

export async function bench(quick = false): Promise<void> {
  const [rounds, calls] = quick ? [1, 100] : [15, 4_000];
  const rows: string[][] = [];
  for (const count of [1, 20, 200]) {
    using engine = await engineWith(count);
    const times: number[] = [], work: number[] = [];
    for (let round = -2; round < rounds; round++) {
      const before = cpuUsage(), started = performance.now();
      for (let i = 0; i < calls; i++) await engine.call(CALL, CONTEXT, AUDIT);
      const took = performance.now() - started, { user, system } = cpuUsage(before);
      if (round < 0) continue;
      times.push(took / calls);
      work.push((user + system) / 1000 / calls);
    }
    rows.push([`${count} secret${count === 1 ? "" : "s"}`, ...[times, work].map((all) => ms(quantile(all, 0.5)))]);
  }
  show({
    title: "The engine alone, 1 KiB answers",
    head: ["in the environment", "a call", "CPU of all threads"],
    rows,
    note: "from the checked request to the redacted answer; neither door, network nor log",
  });
}

async function engineWith(count: number): Promise<Engine> {
  const keychain = new MemoryKeychain();
  await keychain.apply(Array.from({ length: count }, (_, i) => ({
    op: "put" as const,
    key: { collection: collectionOf(CONTEXT.scope), name: `BENCH_${i}` },
    meta: metaOf({ state: "synced", baseVersion: 1, binding: {} }),
    value: Secret.fromText(`sk_live_${crypto.randomUUID()}`),
  })));
  const clock = new SystemClock();
  return new Engine({
    secrets: new HeldSecrets(clock, new KeychainSecretReader(keychain), keychain),
    dns: { resolve: () => Promise.resolve(["93.184.215.14"]) },
    clock,
    upstream: () => Promise.resolve(UPSTREAM),
  });
}
