/**
 * The one check: format, lint, types, generated documents, every suite, the compiled binary and its end-to-end runs.
 *
 *   deno task ok [--quick]     --quick leaves out the binary and tests/e2e
 *
 * Everything runs even after a failure, so that one run shows all that is wrong. The last line is `N passed, N failed` (and
 * `, N skipped`), where format, lint, types, documents and build count as one each. Skipped tests are listed by name.
 */
import { BUILD_DENO, denortPath } from "./deno.ts";

const root = new URL("../", import.meta.url);
const quick = Deno.args.includes("--quick");
/** Suites that run again with the compiled binary. */
const COMPILED_SESSIONS = [
  ...["account", "call", "secrets", "program", "proxy", "upstream_proxy", "existing_clients", "mcp_serve"],
  ...["sealed", "sealed_mcp", "sealed_socket", "sealed_terminal"],
].map((name) => `tests/cli/${name}_test.ts`).concat("tests/e2e/clients");

let passed = 0, failed = 0;
const skipped: string[] = [];
const broken: string[] = [];

function note(name: string, ok: boolean): void {
  if (ok) passed++;
  else {
    failed++;
    broken.push(name);
  }
}

async function run(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  const { success } = await new Deno.Command(command, { args: [...args], cwd: root, env, stdin: "null" }).spawn()
    .status;
  return success;
}

async function step(name: string, args: readonly string[], env: Record<string, string> = {}): Promise<boolean> {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const ok = await run(Deno.execPath(), args, env);
  console.log(`== ${name}: ${ok ? "ok" : "FAILED"} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  return ok;
}

/** Runs test folders and adds up what the report says; a run that reports nothing is itself a failure. */
async function suite(name: string, folders: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  const existing: string[] = [];
  for (const folder of folders) {
    if (await Deno.stat(new URL(folder, root)).catch(() => undefined)) existing.push(folder);
  }
  const args = ["test", "-A", "--no-check", "--frozen", "--parallel", "--reporter=dot", `--junit-path=${report}`];
  const ok = await step(name, [...args, ...existing], env);
  const xml = await Deno.readTextFile(report).catch(() => "");
  await Deno.remove(report).catch(() => {});
  // Steps stand in the report inside their test; only whole tests are counted.
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*?(\/>|>([\s\S]*?)<\/testcase>)/g)];
  let failures = 0;
  for (const [, testName, , inner = ""] of cases) {
    if (/<(failure|error)\b/.test(inner)) {
      failures++;
      broken.push(`${name}: ${testName}`);
    } else if (/<skipped\b/.test(inner)) skipped.push(`${name}: ${testName}`);
    else passed++;
  }
  failed += failures;
  if (cases.length === 0 || (!ok && failures === 0)) note(`${name} (the run itself)`, false);
}

if (!await run(Deno.execPath(), ["install", "--frozen", "--quiet"])) note("install", false);
note("format", await step("format", ["fmt", "--check", "--quiet"]));
note("lint", await step("lint", ["lint", "--quiet"]));
note("types", await step("types", ["check", "--quiet", "main.ts", "src", "ffi", "tests", "bench", "scripts"]));
note("generated documents", await step("generated documents", ["run", "-A", "scripts/docs.ts", "--check"]));
await suite("architecture, unit, vectors, properties", [
  "tests/architecture",
  "tests/unit",
  "tests/vectors",
  "tests/property",
]);
await suite("contracts, evil server, claims, command line", [
  "tests/contract",
  "tests/evil_server",
  "tests/claims",
  "tests/cli",
]);
if (!quick) {
  const denort = await denortPath();
  const env: Record<string, string> = denort === undefined ? {} : { DENORT_BIN: denort };
  const built = await step(`binary by Deno ${BUILD_DENO}`, ["run", "-A", "scripts/build.ts"], env);
  note("binary", built);
  if (built) {
    await suite("end to end, with the compiled binary too", ["tests/e2e"]);
    // The same sessions with the program as it ships: another Deno, bundled, its own permissions.
    await suite("command line of the compiled binary", COMPILED_SESSIONS, {
      AGENTSECRETS_TEST_PROGRAM: new URL("dist/agentsecrets", root).pathname,
    });
  }
}

if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((s) => `  ${s}`).join("\n")}`);
if (broken.length > 0) console.log(`\nFailed:\n${broken.map((s) => `  ${s}`).join("\n")}`);
console.log(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
if (failed > 0 || passed === 0) Deno.exit(1);
