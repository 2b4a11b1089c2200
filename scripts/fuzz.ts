/**
 * Runs the properties of everything that reads untrusted text for longer than the ordinary run: the request parser, the redactor,
 * .env files, targets and the allowlist, codecs, frames, logs.
 *
 *   deno task fuzz [--seconds N] [FILE …]     N: for each property (20)
 *
 * A failure prints fast-check's seed and path, which repeat it.
 */
const root = new URL("../", import.meta.url);
const SUITES = [
  "tests/property/listener",
  "tests/property/proxy",
  "tests/property/vault",
  "tests/property/crypto",
  "tests/property/injection_test.ts",
  "tests/unit/kernel/encoding_test.ts",
  "tests/unit/proxy/target_test.ts",
  "tests/unit/usecases/broker/frames_test.ts",
  "tests/unit/usecases/broker/messages_test.ts",
];

const args = [...Deno.args];
const at = args.indexOf("--seconds");
const seconds = at < 0 ? 20 : Number(args.splice(at, 2)[1]);
if (!(seconds > 0)) {
  console.error("--seconds takes a positive number");
  Deno.exit(2);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", "--frozen", "--parallel", ...(args.length > 0 ? args : SUITES)],
  cwd: root,
  env: { AGENTSECRETS_FUZZ_MS: String(Math.round(seconds * 1000)) },
  stdin: "null",
}).spawn().status;
Deno.exit(code);
