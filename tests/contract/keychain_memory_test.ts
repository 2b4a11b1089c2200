import { MemoryKeychain } from "../../src/adapters/keychain/memory.ts";
import { KEYCHAIN_CASES } from "./keychain_suite.ts";

for (const { name, run } of KEYCHAIN_CASES) {
  Deno.test(`memory keychain: ${name}`, async () => {
    const keychain = new MemoryKeychain();
    await run({ first: keychain, second: keychain, many: 1_000 }, "w/p/e");
  });
}
