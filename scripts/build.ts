/**
 * Builds the program: one bundle (dist/bundle, split so that commands load lazily) and one binary
 * (dist/agentsecrets) with the oldest Deno that we support.
 *
 *   deno task build [--bundle-only | --compile-only] [--out FOLDER]     FOLDER: absolute; dist/ by default
 *
 * The compiler is `deno` 2.6.8 (found by scripts/deno.sh); DENORT_BIN names the runtime to embed on machines that do not
 * reach Deno's download host.
 */
import { build, stop } from "esbuild";
import { fileURLToPath as toPath, pathToFileURL as toFileUrl } from "node:url";
import { BUILD_DENO, denoPath } from "./deno.ts";

const root = new URL("../", import.meta.url);
const outAt = Deno.args.indexOf("--out");
const out = outAt >= 0 ? toFileUrl(`${Deno.args[outAt + 1] ?? ""}/`) : new URL("dist/", root);
const bundle = new URL("bundle/", out);
const binary = new URL("agentsecrets", out);

/**
 * What esbuild writes where a CommonJS package asks for a module through `require`. None does: making a `require` would cost
 * every chunk at every start.
 */
const NEEDS_REQUIRE = "Dynamic require of";

/**
 * All of them: Deno opens `/dev/fd/N` (passwords) and `/proc` (who is calling) for nothing less, and FFI voids its sandbox
 * anyway (docs/THREAT_MODEL.md). What confines the program is its own code: only ffi/ calls native functions, only
 * adapters touch the system.
 */
const PERMISSIONS = "--allow-all";

async function makeBundle(): Promise<void> {
  await Deno.remove(bundle, { recursive: true }).catch(() => {});
  const result = await build({
    entryPoints: [toPath(new URL("main.ts", root))],
    outdir: toPath(bundle),
    absWorkingDir: toPath(root),
    bundle: true,
    splitting: true,
    minifySyntax: true,
    minifyWhitespace: true,
    // Names stay as they are: traces can be read, and nothing has to restore names at every start (`keepNames` does).
    minifyIdentifiers: false,
    platform: "node",
    // ES modules first: they can be split and shaken, and dynamic imports of them have their names.
    mainFields: ["module", "main"],
    format: "esm",
    target: "esnext",
    logLevel: "warning",
    metafile: true,
    alias: { "@modelcontextprotocol/server/_shims": toPath(new URL("src/mcp/sdk_platform.ts", root)) },
    external: ["better-sqlite3", "mysql2", "tedious"],
  });
  await stop();
  const dear = Object.keys(result.metafile.inputs).find((path) => path.includes("ajvProvider"));
  if (dear !== undefined) {
    throw new Error(`${dear} is in the bundle: src/mcp/sdk_platform.ts no longer stands in for it`);
  }
  for (const path of Object.keys(result.metafile.outputs)) {
    const chunk = await Deno.readTextFile(new URL(path, root));
    if (chunk.includes(NEEDS_REQUIRE)) throw new Error(`${path} holds a package that needs require()`);
  }
  const bytes = Object.values(result.metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  await Deno.writeTextFile(new URL("deno.json", bundle), "{}\n");
  console.log(
    `${toPath(bundle)}: ${Object.keys(result.metafile.outputs).length} files, ${(bytes / 1024).toFixed(0)} KiB`,
  );
}

/**
 * The engine of this Deno counts bodies on their way through by themselves and collects the whole heap every 32 MiB of them: half of the
 * processor time of a large answer. Counted together with the heap they are collected in time, and memory stays bounded.
 */
const V8_FLAGS = "--v8-flags=--external-memory-accounted-in-global-limit";

async function compile(): Promise<void> {
  const deno = await denoPath(BUILD_DENO);
  // A code cache would be a file with a predictable name in the shared temporary folder, read without an owner check.
  const args = ["compile", "--quiet", "--no-check", "--no-code-cache", "--no-prompt", PERMISSIONS, V8_FLAGS];
  const { success } = await new Deno.Command(deno, {
    args: [
      ...args,
      "--config",
      toPath(new URL("deno.json", bundle)),
      "--include",
      toPath(bundle),
      "--output",
      toPath(binary),
      toPath(new URL("main.js", bundle)),
    ],
    cwd: bundle,
  }).spawn().status;
  if (!success) Deno.exit(1);
  const { size } = await Deno.stat(binary);
  console.log(`${toPath(binary)}: ${(size / 1024 / 1024).toFixed(1)} MiB, compiled by Deno ${BUILD_DENO}`);
}

if (import.meta.main) {
  if (!Deno.args.includes("--compile-only")) await makeBundle();
  if (!Deno.args.includes("--bundle-only")) await compile();
}
