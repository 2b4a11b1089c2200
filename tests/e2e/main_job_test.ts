/**
 * The main job from start to end, as a person and an agent do it, for each way to run the program and each vault: init →
 * project → secret → allowlist → authenticated call to a real TLS upstream → echo redacted → audit verified; then the value and
 * the password are searched for everywhere.
 */
import assert from "node:assert/strict";
import { KeyringSession, missingForKeyring } from "../support/keyring.ts";
import { runMainJob } from "../support/main_job.ts";
import { programs } from "../support/programs.ts";

const noKeyring = await missingForKeyring();

async function holds(program: readonly string[], vault: readonly string[], env: Record<string, string>): Promise<void> {
  const { steps, credentialArrived, leaks } = await runMainJob({ program, vault, env });
  const [refused, text, json] = steps.filter(({ args }) => args[0] === "call");
  for (const step of steps) {
    if (step === refused) continue;
    assert.equal(step.code, 0, `${step.args.join(" ")}: ${step.stderr}${step.stdout}`);
  }
  assert.equal(refused?.code, 4);
  assert.match(refused!.stderr, /allowlist is empty/);
  assert.ok(credentialArrived, "the upstream received the credential, both times");
  assert.match(text!.stdout, /^HTTP 200\n\n.*Bearer \[REDACTED_BY_AGENTSECRETS\]/);
  const answer = JSON.parse(json!.stdout);
  assert.equal(answer.status, 200);
  assert.equal(answer.redacted, true);
  assert.match(answer.body, /"x-api-key":"\[REDACTED_BY_AGENTSECRETS\]"/);
  assert.match(steps.at(-1)!.stdout, /3 records/);
  assert.deepEqual(leaks, []);
}

for (const [name, program] of Object.entries(await programs())) {
  const missing = typeof program === "string" ? program : undefined;
  const argv = typeof program === "string" ? [] : program;

  Deno.test({
    name: `P1 P19 the main job with ${name} and a vault file${missing === undefined ? "" : ` (skipped: ${missing})`}`,
    ignore: missing !== undefined,
    fn: () => holds(argv, ["--vault", "file", "--vault-key-file"], {}),
  });

  const skip = missing ?? noKeyring;
  Deno.test({
    name: `P1 P19 the main job with ${name} and a real keyring${skip === undefined ? "" : ` (skipped: ${skip})`}`,
    ignore: skip !== undefined,
    async fn(): Promise<void> {
      await using session = await KeyringSession.startUnlocked();
      const address = { DBUS_SESSION_BUS_ADDRESS: session.env.DBUS_SESSION_BUS_ADDRESS! };
      await holds(argv, ["--vault", "system"], address);
    },
  });
}
