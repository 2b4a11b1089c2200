/** Writes for ever and says after each write that it is done, until it is killed. */
import { join } from "node:path";
import { DiskFiles } from "../../src/adapters/files/disk.ts";
import { FileKeychain } from "../../src/adapters/keychain/file.ts";
import { SecretServiceKeychain } from "../../src/adapters/keychain/linux.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import type { Keychain } from "../../src/ports/keychain.ts";
import { vaultOptions } from "../support/vault.ts";
import { content, PAIR } from "./crash.ts";
import { put } from "./keychain_suite.ts";

const [kind = "", folder = "", first = "0"] = Deno.args;
const files = new DiskFiles(systemRandom, { now: () => Date.now() });
const say = (step: number): number => Deno.stdout.writeSync(new TextEncoder().encode(`${step}\n`));

async function writeKeychain(keychain: Keychain, step: number): Promise<void> {
  await keychain.apply(PAIR.map((key) => put(key, `value ${step}`, { step: `${step}` })));
}

const keychain = kind === "vault"
  ? new FileKeychain(vaultOptions(folder))
  : new SecretServiceKeychain({ profile: "crash", random: systemRandom });
for (let step = Number(first);; step++) {
  if (kind === "files") await files.write(join(folder, "a"), content(step));
  else await writeKeychain(keychain, step);
  say(step);
}
