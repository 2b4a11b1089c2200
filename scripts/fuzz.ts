/**
 * Runs the properties of everything that reads untrusted text for longer than the ordinary run: the request parser, the redactor,
 * .env files, targets and the allowlist, codecs, frames, logs.
 *
 *   deno task fuzz [--seconds N] [FILE …]     N: for each property (20)
 *
 * A failure prints fast-check's seed and path, which repeat it.
 */
import { sources } from "../tests/architecture/sources.ts";

const root = new URL("../", import.meta.url);

/** The suites whose properties run as long as they are told to: those that ask tests/support/runs.ts how often. */
async function suites(): Promise<string[]> {
  const found: string[] = [];
  for await (const path of sources("tests")) {
    if (!path.endsWith("_test.ts")) continue;
    if ((await Deno.readTextFile(new URL(path, root))).includes("/support/runs.ts")) found.push(path);
  }
  return found.sort();
}

const args = [...Deno.args];
const at = args.indexOf("--seconds");
const seconds = at < 0 ? 20 : Number(args.splice(at, 2)[1]);
if (!(seconds > 0)) {
  console.error("--seconds takes a positive number");
  Deno.exit(2);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", "--frozen", "--parallel", ...(args.length > 0 ? args : await suites())],
  cwd: root,
  env: { AGENTSECRETS_FUZZ_MS: String(Math.round(seconds * 1000)) },
  stdin: "null",
}).spawn().status;
Deno.exit(code);
