/**
 * Builds the program: its scripts (dist/bundle, split so that commands load lazily, with the code that V8 has made of them) and one
 * binary (dist/agentsecrets) with the oldest Deno that we support.
 *
 *   deno task build [--bundle-only | --compile-only] [--out FOLDER]     FOLDER: absolute; dist/ by default
 *
 * The compiler is `deno` 2.6.8 (found by scripts/deno.sh); DENORT_BIN names the runtime to embed on machines that do not
 * reach Deno's download host.
 */
import { build, stop } from "esbuild";
import { fileURLToPath as toPath, pathToFileURL as toFileUrl } from "node:url";
import { programChunks } from "./bundle/chunks.ts";
import { scriptsOf, sourceOf, tableOf } from "./bundle/scripts_of.ts";
import { type Warm, WarmHome } from "./bundle/warm_up.ts";
import { BUILD_DENO, denoPath } from "./deno.ts";

const root = new URL("../", import.meta.url);
const outAt = Deno.args.indexOf("--out");
const out = outAt >= 0 ? toFileUrl(`${Deno.args[outAt + 1] ?? ""}/`) : new URL("dist/", root);
const bundle = new URL("bundle/", out);
/** The same with the entry that warms up. */
const warming = new URL("warming/", out);
const binary = new URL("agentsecrets", out);

/**
 * All of them: Deno opens `/dev/fd/N` (passwords) and `/proc` (who is calling) for nothing less, and FFI voids its sandbox
 * anyway (docs/THREAT_MODEL.md). What confines the program is its own code: only ffi/ calls native functions, only
 * adapters touch the system.
 */
const PERMISSIONS = "--allow-all";

/** Entries are ES modules of their own: the one that users start, and the one that the build warms up with. */
const ENTRIES = [["main.ts", bundle], ["scripts/bundle/warm.ts", warming]] as const;

async function makeBundle(): Promise<void> {
  const chunks = await programChunks();
  const alone = new Map([...chunks.keys()].map((name) => [name.slice(2, -3), [name]]));
  await writeScripts(alone, chunks);
  const deno = await denoPath(BUILD_DENO);
  const warm: Warm = [
    deno,
    "run",
    "--no-code-cache",
    "--no-prompt",
    ...configured(warming),
    PERMISSIONS,
    entry(warming),
  ];
  await using home = await WarmHome.make(warm);
  await writeScripts(scriptsOf(chunks, await home.uses(warm)), chunks);
  await stop();
  await writeCode(home, warm);
  await home.checkCode(warm);
  await describe();
}

async function writeScripts(
  scripts: ReadonlyMap<string, readonly string[]>,
  chunks: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [source, folder] of ENTRIES) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.mkdir(folder, { recursive: true });
    await build({
      entryPoints: [toPath(new URL(source, root))],
      outdir: toPath(folder),
      entryNames: "main",
      bundle: true,
      splitting: true,
      minifySyntax: true,
      minifyWhitespace: true,
      platform: "node",
      format: "esm",
      target: "esnext",
      logLevel: "warning",
      define: { SCRIPT_OF: JSON.stringify(JSON.stringify(tableOf(scripts))) },
      plugins: [{
        name: "load the program's chunks",
        setup: (plugins) =>
          plugins.onResolve(
            { filter: /^\.\/src\/compose\.ts$/ },
            () => ({ path: toPath(new URL("scripts/bundle/main.ts", root)) }),
          ),
      }],
    });
    await Deno.writeTextFile(new URL("deno.json", folder), "{}\n");
    for (const [script, names] of scripts) {
      await Deno.writeTextFile(new URL(`${script}.js`, folder), sourceOf(names, chunks));
      await Deno.writeFile(new URL(`${script}.code`, folder), new Uint8Array());
    }
  }
}

/** The code of the scripts, in both folders. It stays empty where warming up did not need the script. */
async function writeCode(home: WarmHome, warm: Warm): Promise<void> {
  await home.writeCode(warm, toPath(bundle));
  for await (const { name } of Deno.readDir(bundle)) {
    if (name.endsWith(".code")) await Deno.copyFile(new URL(name, bundle), new URL(name, warming));
  }
}

async function describe(): Promise<void> {
  let files = 0, source = 0, code = 0;
  for await (const { name } of Deno.readDir(bundle)) {
    const { size } = await Deno.stat(new URL(name, bundle));
    files++;
    if (name.endsWith(".code")) code += size;
    else source += size;
  }
  console.log(
    `${toPath(bundle)}: ${files} files, ${(source / 1024).toFixed(0)} KiB of source, ${
      (code / 1024).toFixed(0)
    } KiB of code`,
  );
}

/**
 * The engine of this Deno counts bodies on their way through by themselves and collects the whole heap every 32 MiB of them: half of the
 * processor time of a large answer. Counted together with the heap they are collected in time, and memory stays bounded.
 */
const V8_FLAGS = "--v8-flags=--external-memory-accounted-in-global-limit";

/** Compiles thrice: V8 takes code only from the same runtime with the same flags, so that is what makes it, and shows that it is taken. */
async function compile(): Promise<void> {
  const warm = toPath(new URL("warm", out));
  await compileFrom(warming, warm);
  {
    await using home = await WarmHome.make([warm]);
    await writeCode(home, [warm]);
    await compileFrom(warming, warm);
    await home.checkCode([warm]);
  }
  await Deno.remove(warm);
  await Deno.remove(warming, { recursive: true });
  await compileFrom(bundle, toPath(binary));
  const { size } = await Deno.stat(binary);
  console.log(`${toPath(binary)}: ${(size / 1024 / 1024).toFixed(1)} MiB, compiled by Deno ${BUILD_DENO}`);
}

async function compileFrom(folder: URL, output: string): Promise<void> {
  const deno = await denoPath(BUILD_DENO);
  // A code cache of Deno's would be a file with a predictable name in the shared temporary folder, read without an owner check.
  const args = ["compile", "--quiet", "--no-check", "--no-code-cache", "--no-prompt", PERMISSIONS, V8_FLAGS];
  const { success } = await new Deno.Command(deno, {
    args: [...args, ...configured(folder), "--include", toPath(folder), "--output", output, entry(folder)],
    cwd: folder,
  }).spawn().status;
  if (!success) Deno.exit(1);
}

function configured(folder: URL): string[] {
  return ["--config", toPath(new URL("deno.json", folder))];
}

function entry(folder: URL): string {
  return toPath(new URL("main.js", folder));
}

if (import.meta.main) {
  if (!Deno.args.includes("--compile-only")) await makeBundle();
  if (!Deno.args.includes("--bundle-only")) await compile();
}
