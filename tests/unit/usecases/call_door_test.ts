/** Which door a home has: its own engine, or in sealed mode the broker's, which a caller's flags do not steer. */
import assert from "node:assert/strict";
import { DiskFiles } from "../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import type { Email, UserId } from "../../../src/kernel/names.ts";
import { openCallDoor } from "../../../src/usecases/call_door.ts";
import type { WorldWithEngine } from "../../../src/usecases/engine_ports.ts";
import { writeConfig } from "../../../src/vault/config.ts";
import { placesOf } from "../../../src/vault/places.ts";
import { PLAIN_CALL } from "../../support/call_request.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("P28 in a sealed home who calls does not choose the proxy: the flag is refused before the broker is asked", async () => {
  const home = await Deno.makeTempDir();
  const files = new DiskFiles(systemRandom, new FakeClock()), places = placesOf(home);
  await writeConfig(files, places, {
    profile: "abcdefghijklmnop",
    server: "embedded:local",
    account: { userId: `u_${"a".repeat(32)}` as UserId, email: "you@example.com" as Email },
    storageMode: 3,
    vault: { kind: "file", unlock: "password" },
    active: { environments: {} },
    last: { pull: {}, push: {} },
    proxy: {},
  });
  let asked = 0;
  const broker = {
    connect: () => {
      asked++;
      return Promise.reject(new AppError("vault_sealed"));
    },
  };
  const ports = { files, places, broker, workingFolder: home } as unknown as WorldWithEngine;
  using steered = openCallDoor({ ...ports, upstreamProxy: "http://proxy.example" });
  await assert.rejects(steered.call(PLAIN_CALL), (e) => isAppError(e, "usage") && /proxy start/.test(e.message));
  assert.equal(asked, 0);
  using plain = openCallDoor(ports);
  await assert.rejects(plain.call(PLAIN_CALL), (e) => isAppError(e, "vault_sealed"));
  assert.equal(asked, 1);
  await Deno.remove(home, { recursive: true });
});
