/** A sealed vault while its password is being changed. */
import assert from "node:assert/strict";
import { SystemClock } from "../../../../src/adapters/clock/system.ts";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import {
  announceVaultPassword,
  createVault,
  openVault,
  settleVaultPassword,
} from "../../../../src/adapters/keychain/vault_file/lifecycle.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import type { Files } from "../../../../src/ports/files.ts";
import { isAppError } from "../../../../src/kernel/error.ts";

/** The cheapest cost that a head may name: the change itself is tested, not the derivation. */
const cost = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 };
const OLD = "pässword", NEW = "another";

/** Files that die before their `n`th change. */
function dyingAt(files: Files, n: number): Files {
  let left = n;
  const step = <T>(work: () => Promise<T>): Promise<T> => {
    if (left-- > 0) return work();
    return Promise.reject(new Error("killed"));
  };
  return {
    read: (path) => files.read(path),
    exists: (path) => files.exists(path),
    stamp: (paths) => files.stamp(paths),
    makeFolder: (path, mode) => files.makeFolder(path, mode),
    create: (path, bytes, options) => step(() => files.create(path, bytes, options)),
    write: (path, bytes, options) => step(() => files.write(path, bytes, options)),
    remove: (path) => step(() => files.remove(path)),
    withLock: (path, work, options) => files.withLock(path, work, options),
  };
}

Deno.test("P47 a kill at any moment of a change leaves a vault that opens with the old password or the new one", async () => {
  let finished = false;
  for (let n = 0; !finished; n++) {
    const folder = await Deno.makeTempDir();
    const files = new DiskFiles(systemRandom, new SystemClock());
    const place = { folder, profile: "profile", files, random: systemRandom };
    const unlock = (typed: string) => ({ kind: "password" as const, passphrase: async () => Secret.fromText(typed) });
    const opens = async (typed: string): Promise<boolean> => {
      try {
        (await openVault({ ...place, unlock: unlock(typed) })).dispose();
        return true;
      } catch (error) {
        if (isAppError(error, "vault_password_wrong")) return false;
        throw error;
      }
    };
    await createVault({ ...place, unlock: unlock(OLD), cost });
    // The same password, as another keyboard writes it.
    assert.equal(await opens(OLD.normalize("NFD")), true);
    let announced = false;
    try {
      const dying = { ...place, files: dyingAt(files, n) };
      await announceVaultPassword(dying, Secret.fromText(OLD), Secret.fromText(NEW), cost);
      announced = true;
      await settleVaultPassword(dying);
      finished = true;
    } catch (error) {
      assert.equal((error as Error).message, "killed");
    }
    const [old, next] = [await opens(OLD), await opens(NEW)];
    // Before the account may have been told of the new one, the old one opens; after that, the new one does.
    assert.deepEqual([announced ? next : old, old || next], [true, true], `killed before change ${n}`);
    if (finished) assert.deepEqual([old, next], [false, true]);
    assert.equal(await opens("neither"), false);
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("P45 a sealed vault opens as no other kind, whatever its configuration says", async () => {
  const folder = await Deno.makeTempDir();
  const files = new DiskFiles(systemRandom, new SystemClock());
  const place = { folder, profile: "profile", files, random: systemRandom };
  const passphrase = async (): Promise<Secret> => Secret.fromText(OLD);
  await createVault({ ...place, unlock: { kind: "password", passphrase }, cost });
  await assert.rejects(openVault({ ...place, unlock: { kind: "passphrase", passphrase } }), { code: "vault_damaged" });
  await assert.rejects(openVault({ ...place, unlock: { kind: "key-file" } }), { code: "vault_damaged" });
  // A head that was edited to another kind no longer opens: its kind is authenticated.
  const path = `${folder}/vault.head`;
  const head = await Deno.readFile(path);
  const at = new TextDecoder("latin1").decode(head).indexOf("password");
  const other = "passphrase";
  const edited = new Uint8Array(head.length + 2);
  edited.set(head.subarray(0, at));
  edited.set(new TextEncoder().encode(other), at);
  edited.set(head.subarray(at + 8), at + 10);
  const view = new DataView(edited.buffer);
  view.setUint32(at - 4, other.length);
  view.setUint32(at - 12, view.getUint32(at - 12) + 2);
  await Deno.writeFile(path, edited);
  await assert.rejects(
    openVault({ ...place, unlock: { kind: "passphrase", passphrase } }),
    { code: "vault_passphrase_wrong" },
  );
  await Deno.remove(folder, { recursive: true });
});
