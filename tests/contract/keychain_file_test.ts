import { SystemClock } from "../../src/adapters/clock/system.ts";
import { DiskFiles } from "../../src/adapters/files/disk.ts";
import { FileKeychain } from "../../src/adapters/keychain/file.ts";
import { createVault } from "../../src/adapters/keychain/vault_file/lifecycle.ts";
import type { Unlock } from "../../src/adapters/keychain/vault_file/unlock.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { KEYCHAIN_CASES } from "./keychain_suite.ts";

const UNLOCKS: readonly Unlock[] = [
  { kind: "passphrase", passphrase: async () => Secret.fromText("correct horse battery staple") },
  { kind: "key-file" },
];

for (const unlock of UNLOCKS) {
  Deno.test(`vault file opened by a ${unlock.kind}`, async (test) => {
    const folder = await Deno.makeTempDir();
    const options = (): ConstructorParameters<typeof FileKeychain>[0] => {
      const files = new DiskFiles(systemRandom, new SystemClock());
      return { folder, profile: "profile", files, random: systemRandom, unlock };
    };
    try {
      await createVault(options());
      using first = new FileKeychain(options());
      using second = new FileKeychain(options());
      for (const [i, { name, run }] of KEYCHAIN_CASES.entries()) {
        await test.step(name, () => run({ first, second, many: 1_000 }, `case${i}`));
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
