/** The durable audit log: records of one and of many callers at once, against a bare line that is written and waited for. */
import process from "node:process";
import { FileAuditSink } from "../src/adapters/audit_sink/file.ts";
import { SystemClock } from "../src/adapters/clock/system.ts";
import { systemRandom } from "../src/adapters/random/system.ts";
import { SigningKey } from "../src/crypto/keys.ts";
import type { EnvironmentName, SecretName, WorkspaceId } from "../src/kernel/names.ts";
import type { AuditFacts } from "../src/proxy/audit_record.ts";
import { ChainedRecorder } from "../src/proxy/audit_recorder.ts";
import { ms, show } from "./report.ts";

const FACTS: AuditFacts = {
  timestamp: 1_763_900_000_123,
  workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
  projectId: `p_${"b".repeat(16)}`,
  environment: "development" as EnvironmentName,
  agentId: "",
  tokenId: "",
  identityLevel: "user",
  callerRole: "owner",
  sessionId: "ses_0123456789",
  secretKeys: ["STRIPE_KEY" as SecretName],
  authStyles: ["bearer"],
  method: "GET",
  targetUrl: "https://api.stripe.com/v1/balance",
  domain: "api.stripe.com",
  statusCode: 200,
  status: "OK",
  reason: "-",
  redacted: false,
  resolutionPath: "proxy",
  durationMs: 245,
  proxyDurationMs: 3,
  allowlistVersion: 4,
};
/** About a record's length. */
const LINE = new Uint8Array(900).fill(0x78);
const CALLERS = [1, 32, 256];

/** What one way of recording costs. */
interface Cost {
  readonly name: string;
  readonly eachMs: number;
  /** Of all threads of this process. */
  readonly cpuEachMs: number;
}

export async function bench(quick = false): Promise<void> {
  const count = quick ? 300 : 20_000;
  const folder = await Deno.makeTempDir();
  try {
    const costs = [await bare(`${folder}/bare`, count / 10), await ready(folder, count)];
    for (const callers of CALLERS) costs.push(await recorded(folder, callers, callers === 1 ? count / 10 : count));
    const first = costs[0]!;
    show({
      title: "The audit log, records that are on the disk",
      head: ["", "a second", "each", "ratio", "CPU each"],
      rows: costs.map(({ name, eachMs, cpuEachMs }) => {
        const rate = Math.round(1000 / eachMs).toLocaleString("en");
        return [name, rate, ms(eachMs), `${(eachMs / first.eachMs).toFixed(2)}×`, ms(cpuEachMs)];
      }),
      note: "CPU of all threads. Callers that wait at once share a signature and a wait for the disk.",
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bare(path: string, count: number): Promise<Cost> {
  using file = await Deno.open(path, { write: true, create: true });
  return await cost("bare write and fdatasync of 900 bytes", count, async () => {
    for (let i = 0; i < count; i++) {
      for (let at = 0; at < LINE.length;) at += file.writeSync(LINE.subarray(at));
      await file.syncData();
    }
  });
}

async function ready(folder: string, count: number): Promise<Cost> {
  const sink = sinkIn(`${folder}/ready`);
  await sink.append(() => "{}");
  await sink.ready();
  return await cost("ready(), nothing changed", count, async () => {
    for (let i = 0; i < count; i++) await sink.ready();
  });
}

async function recorded(folder: string, callers: number, count: number): Promise<Cost> {
  using key = SigningKey.generate(systemRandom);
  const signer = { key: key.publicKeyText, sign: (message: Uint8Array) => key.sign(message) };
  const checkpoints = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };
  const sink = sinkIn(`${folder}/${callers}`);
  const recorder = new ChainedRecorder(sink, signer, checkpoints, new SystemClock(), systemRandom);
  await sink.ready();
  let left = count;
  const caller = async (): Promise<void> => {
    while (left-- > 0) await recorder.record(FACTS);
  };
  const name = callers === 1 ? "record(), one caller" : `record(), ${callers} callers`;
  return await cost(name, count, async () => {
    await Promise.all(Array.from({ length: callers }, caller));
  });
}

function sinkIn(folder: string): FileAuditSink {
  return new FileAuditSink({ path: `${folder}/proxy.log`, lockPath: `${folder}/audit.lock` });
}

async function cost(name: string, count: number, work: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage(), started = performance.now();
  await work();
  const tookMs = performance.now() - started, { user, system } = process.cpuUsage(cpu);
  return { name, eachMs: tookMs / count, cpuEachMs: (user + system) / 1000 / count };
}
