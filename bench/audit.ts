/** The durable audit log: records of one and of many callers at once, against a bare line that is written and waited for. */
import process from "node:process";
import { FileAuditSink } from "../src/adapters/audit_sink/file.ts";
import { openQuickFiles } from "../src/adapters/process/quick_files.ts";
import { SystemClock } from "../src/adapters/clock/system.ts";
import { systemRandom } from "../src/adapters/random/system.ts";
import { SigningKey } from "../src/crypto/keys.ts";
import { ChainedRecorder } from "../src/proxy/audit_recorder.ts";
import { FACTS } from "../tests/support/audit.ts";
import { quantile } from "./measure.ts";
import { ms, show } from "./report.ts";

/** About a record's length. */
const LINE = new Uint8Array(900).fill(0x78);
const CALLERS = [1, 32, 256];

const ROUNDS = 7;

/** One way of writing lines that are on the disk when it ends. */
interface Way {
  readonly name: string;
  /** Done so often in one round. */
  readonly count: number;
  run(count: number): Promise<void>;
}

/** Of one line, in milliseconds; CPU of all threads of this process. */
interface Cost {
  readonly eachMs: number;
  readonly cpuMs: number;
}

export async function bench(quick = false): Promise<void> {
  const folder = await Deno.makeTempDir(), count = quick ? 100 : 2000;
  using key = SigningKey.generate(systemRandom);
  try {
    const ways = [
      await bare(`${folder}/bare`, count / 4),
      await ready(`${folder}/ready`, count),
      ...await Promise.all(
        CALLERS.map((callers) => recording(folder, key, callers, callers === 1 ? count / 4 : count)),
      ),
    ];
    const costs = ways.map((): Cost[] => []);
    for (let round = -1; round < (quick ? 1 : ROUNDS); round++) {
      for (const [i, way] of ways.entries()) {
        const cost = await measured(way);
        if (round >= 0) costs[i]!.push(cost);
      }
    }
    print(ways, costs);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function print(ways: readonly Way[], costs: readonly (readonly Cost[])[]): void {
  const each = costs.map((of) => quantile(of.map(({ eachMs }) => eachMs), 0.5));
  show({
    title: "The audit log, lines that are on the disk",
    head: ["", "a second", "each", "ratio", "CPU each"],
    rows: ways.map(({ name }, i) => [
      name,
      Math.round(1000 / each[i]!).toLocaleString("en"),
      ms(each[i]!),
      `${(each[i]! / each[0]!).toFixed(2)}×`,
      ms(quantile(costs[i]!.map(({ cpuMs }) => cpuMs), 0.5)),
    ]),
    note: "CPU of all threads. Callers that wait at once share a signature and a wait for the disk.",
  });
}

async function bare(path: string, count: number): Promise<Way> {
  const file = await Deno.open(path, { write: true, create: true });
  return {
    name: "bare write and fdatasync of 900 bytes",
    count,
    run: async (times) => {
      for (let i = 0; i < times; i++) {
        for (let at = 0; at < LINE.length;) at += file.writeSync(LINE.subarray(at));
        await file.syncData();
      }
    },
  };
}

async function ready(folder: string, count: number): Promise<Way> {
  const sink = sinkIn(folder);
  for (let i = 0; i < 3; i++) await sink.append(() => "{}");
  await sink.ready();
  return {
    name: "ready(), nothing changed",
    count,
    run: async (times) => {
      for (let i = 0; i < times; i++) await sink.ready();
    },
  };
}

async function recording(folder: string, key: SigningKey, callers: number, count: number): Promise<Way> {
  const signer = { key: key.publicKeyText, sign: (message: Uint8Array) => key.sign(message) };
  const checkpoints = { read: () => Promise.resolve(undefined), write: () => Promise.resolve() };
  const sink = sinkIn(`${folder}/${callers}`);
  const recorder = new ChainedRecorder(sink, signer, checkpoints, new SystemClock(), systemRandom);
  await sink.ready();
  return {
    name: callers === 1 ? "record(), one caller" : `record(), ${callers} callers`,
    count,
    run: async (times) => {
      let left = times;
      const caller = async (): Promise<void> => {
        while (left-- > 0) await recorder.record(FACTS);
      };
      await Promise.all(Array.from({ length: callers }, caller));
    },
  };
}

/** As the program has it. */
function sinkIn(folder: string): FileAuditSink {
  const places = { path: `${folder}/proxy.log`, lockPath: `${folder}/audit.lock` };
  return new FileAuditSink({ ...places, quick: () => Promise.resolve(openQuickFiles()) });
}

async function measured({ count, run }: Way): Promise<Cost> {
  const cpu = process.cpuUsage(), started = performance.now();
  await run(count);
  const tookMs = performance.now() - started, { user, system } = process.cpuUsage(cpu);
  return { eachMs: tookMs / count, cpuMs: (user + system) / 1000 / count };
}
