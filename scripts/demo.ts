/**
 * Shows the main job on this machine, loopback only, in a temporary home that is gone afterwards.
 *
 *   deno task demo [--program PATH]     PATH: an installed agentsecrets; otherwise this checkout's
 */
import { type MainJobStep, runMainJob } from "../tests/support/main_job.ts";

const at = Deno.args.indexOf("--program");
const root = new URL("../", import.meta.url).pathname;
const program = at >= 0 && Deno.args[at + 1] !== undefined
  ? [Deno.args[at + 1]!]
  : [Deno.execPath(), "run", "--quiet", "--allow-all", "--frozen", "--config", `${root}deno.json`, `${root}main.ts`];
const colour = Deno.stdout.isTerminal() && Deno.env.get("NO_COLOR") === undefined;
const paint = (code: number, text: string): string => colour ? `\x1b[${code}m${text}\x1b[0m` : text;

function show(step: MainJobStep): void {
  const words = step.args.map((word) => /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
  console.log(`\n${paint(2, `# ${step.title}`)}\n${paint(1, `$ agentsecrets ${words.join(" ")}`)}`);
  const text = [step.stdout, step.stderr].map((part) => part.trimEnd()).filter((part) => part !== "").join("\n");
  if (text !== "") console.log(text.replace(/^/gm, "  "));
  if (step.code !== 0) console.log(paint(33, `  (exit ${step.code})`));
}

console.log("A demonstration in a temporary home, against a TLS server on loopback that echoes what it receives.");
// A key file of the demonstration's own: it must run where no keychain answers, and touch none where one does.
const result = await runMainJob({ program, vault: ["--vault", "file", "--vault-key-file"], onStep: show });

const last = result.steps.at(-1)!;
const answers = result.steps.filter((step) => step.args[0] === "call");
const checks: readonly (readonly [string, boolean])[] = [
  ["the call before the allowlist was refused (exit 4)", answers[0]?.code === 4],
  ["the upstream received the credential", result.credentialArrived],
  [
    "the agent saw [REDACTED_BY_AGENTSECRETS] in its place",
    answers.slice(1).every((s) => s.code === 0 && s.stdout.includes("[REDACTED_BY_AGENTSECRETS]")),
  ],
  ["the audit log verifies", last.code === 0],
  ["the value and the password are in no output, file, log, database or process list", result.leaks.length === 0],
];
console.log("");
for (const [what, ok] of checks) console.log(`${ok ? paint(32, "✓") : paint(31, "✗")} ${what}`);
for (const leak of result.leaks) console.log(`  found ${leak}`);
if (checks.some(([, ok]) => !ok)) Deno.exit(1);
