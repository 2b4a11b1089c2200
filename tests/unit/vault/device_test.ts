import assert from "node:assert/strict";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import {
  readAccountKey,
  readDeviceKeys,
  readSession,
  removeDevice,
  writeDevice,
  writeSession,
} from "../../../src/vault/device.ts";

const key = (length: number, fill: number): Secret => Secret.take(new Uint8Array(length).fill(fill));

Deno.test("keys and session of a device read back as they were written", async () => {
  const keychain = new MemoryKeychain();
  assert.equal(await readDeviceKeys(keychain), undefined);
  assert.equal(await readSession(keychain), undefined);
  await writeDevice(keychain, { accountKey: key(16, 1), receivingKey: key(32, 2), deviceKey: key(32, 3) });
  await writeSession(keychain, { token: "token", expires: 5 });
  const keys = await readDeviceKeys(keychain);
  assert.ok(keys?.receivingKey.equals(key(32, 2)) && keys.deviceKey.equals(key(32, 3)));
  assert.ok((await readAccountKey(keychain))?.equals(key(16, 1)));
  assert.deepEqual(await readSession(keychain), { token: "token", expires: 5 });
  await writeSession(keychain, undefined);
  assert.equal(await readSession(keychain), undefined);
});

Deno.test("logout leaves the account key, forgetting leaves nothing", async () => {
  const keychain = new MemoryKeychain();
  await writeDevice(keychain, { accountKey: key(16, 1), receivingKey: key(32, 2), deviceKey: key(32, 3) });
  await writeSession(keychain, { token: "token", expires: 5 });
  await removeDevice(keychain, { accountKey: false });
  assert.deepEqual((await keychain.list("device")).map((e) => e.name), ["account-key"]);
  await removeDevice(keychain, { accountKey: true });
  assert.deepEqual(await keychain.collections(), []);
});

Deno.test("one key alone is no device, and a key of another size is refused", async () => {
  const keychain = new MemoryKeychain();
  await writeDevice(keychain, { deviceKey: key(32, 3) });
  assert.equal(await readDeviceKeys(keychain), undefined);
  for (const length of [31, 33]) {
    await writeDevice(keychain, { receivingKey: key(length, 2) });
    await assert.rejects(readDeviceKeys(keychain), (e) => isAppError(e, "decryption_failed"));
  }
});

Deno.test("a session item that cannot be read counts as no session", async () => {
  for (const text of ["", "{", "[]", '{"token":1,"expires":1}', '{"token":"t"}', "null"]) {
    const keychain = new MemoryKeychain();
    const value = Secret.fromText(text);
    await keychain.apply([{ op: "put", key: { collection: "device", name: "session" }, meta: {}, value }]);
    assert.equal(await readSession(keychain), undefined);
  }
});
