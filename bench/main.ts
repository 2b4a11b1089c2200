/**
 * What performance is promised, measured: side by side in one run, as ratios.
 *
 *   deno task bench [--quick] [--write] [section …]
 *
 * Builds nothing: run `deno task build` first (or name a binary in AGENTSECRETS_BENCH_PROGRAM). `--quick` measures next to nothing, to see
 * that it runs. `--write` puts what came out into docs/PERFORMANCE.md, the sections that were run and no others.
 */
import { BUILD_DENO } from "../scripts/deno.ts";
import { takeTables, writeSection } from "./report.ts";

interface Section {
  bench(quick?: boolean): Promise<void>;
}

const SECTIONS: Readonly<Record<string, () => Promise<Section>>> = {
  startup: () => import("./startup.ts"),
  secrets: () => import("./secrets.ts"),
  envelope: () => import("./envelope.ts"),
  audit: () => import("./audit.ts"),
  call: () => import("./call.ts"),
  engine: () => import("./engine.ts"),
  listener: () => import("./listener.ts"),
  proxy: () => import("./proxy.ts"),
};

const quick = Deno.args.includes("--quick"), write = Deno.args.includes("--write");
const named = Deno.args.filter((argument) => !argument.startsWith("--"));
const wanted = named.length > 0 ? named : [...Object.keys(SECTIONS), "redact"];
const unknown = wanted.find((name) => SECTIONS[name] === undefined && name !== "redact");
if (unknown !== undefined) {
  console.error(`No section '${unknown}': ${Object.keys(SECTIONS).join(", ")}, redact`);
  Deno.exit(2);
}

const machine = await describeMachine();
console.log(`${machine}; medians, ratios to the first line`);
for (const name of wanted) {
  const tables = name === "redact" ? await redact() : await section(name);
  if (!write) continue;
  const date = new Date().toISOString().slice(0, 10);
  await writeSection(name, `${tables}\n\n${date}, ${machine}; \`deno task bench --write ${name}\``);
}

async function section(name: string): Promise<string> {
  await (await SECTIONS[name]!()).bench(quick);
  return takeTables();
}

/** In a process of its own, whose heap nothing else has filled. */
async function redact(): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("redact.ts", import.meta.url).pathname, ...(quick ? ["1"] : [])],
    stdout: "piped",
  }).spawn();
  let text = "";
  for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += piece;
    await Deno.stdout.write(new TextEncoder().encode(piece));
  }
  if (!(await child.status).success) Deno.exit(1);
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}

async function describeMachine(): Promise<string> {
  const read = (path: string): Promise<string> => Deno.readTextFile(path).catch(() => "");
  const cpu = /model name\s*:\s*(.*)/.exec(await read("/proc/cpuinfo"))?.[1] ?? Deno.build.arch;
  const memory = Number(/MemTotal:\s+(\d+)/.exec(await read("/proc/meminfo"))?.[1] ?? 0) / 1024 / 1024;
  const cores = navigator.hardwareConcurrency;
  return `${cpu}, ${cores} cores, ${memory.toFixed(0)} GiB, ${Deno.build.os} ${Deno.osRelease()}, ` +
    `program compiled by Deno ${BUILD_DENO}, measured by Deno ${Deno.version.deno}`;
}
