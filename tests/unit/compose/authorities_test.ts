/** SSL_CERT_FILE says whom to trust: what it names must be there and hold a certificate. */
import assert from "node:assert/strict";
import { DiskFiles } from "../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { authoritiesIn } from "../../../src/compose/authorities.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { makeAuthority } from "../../support/authority.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("roots come from the file that was named; a missing one, or one without a certificate, is said", async () => {
  const folder = await Deno.makeTempDir(), files = new DiskFiles(systemRandom, new FakeClock());
  const { caPem } = await makeAuthority();
  await Deno.writeTextFile(`${folder}/ca.pem`, `# ours\n${caPem}`);
  await Deno.writeTextFile(`${folder}/key.pem`, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  assert.deepEqual(await authoritiesIn(files, undefined), []);
  assert.deepEqual(await authoritiesIn(files, `${folder}/ca.pem`), [`# ours\n${caPem}`]);
  for (const [name, reason] of [["none.pem", /no such file/], ["key.pem", /no certificate/]] as const) {
    const reading = authoritiesIn(files, `${folder}/${name}`);
    await assert.rejects(reading, (e) => isAppError(e, "file_unreadable") && reason.test(e.message), name);
  }
  await Deno.remove(folder, { recursive: true });
});
