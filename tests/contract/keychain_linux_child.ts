/** Runs the suite against the Secret Service of the session that this process was started in; one JSON line per case. */
import { SecretServiceKeychain } from "../../src/adapters/keychain/linux.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { KEYCHAIN_CASES, type KeychainFixture } from "./keychain_suite.ts";

const open = (profile: string): SecretServiceKeychain => new SecretServiceKeychain({ profile, random: systemRandom });
// gnome-keyring encrypts the whole keyring at each change: a thousand items take it minutes on a small machine.
const [many = "100", ...leftOut] = Deno.args;
const fixture: KeychainFixture = { first: open("one"), second: open("one"), stranger: open("two"), many: Number(many) };

for (const [i, { name, run }] of KEYCHAIN_CASES.entries()) {
  if (leftOut.includes(name)) continue;
  let error: string | undefined;
  try {
    await run(fixture, `case${i}`);
  } catch (cause) {
    error = cause instanceof Error ? cause.stack ?? cause.message : String(cause);
  }
  await Deno.stdout.write(new TextEncoder().encode(`${JSON.stringify({ name, error })}\n`));
}
