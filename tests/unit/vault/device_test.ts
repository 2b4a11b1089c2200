import assert from "node:assert/strict";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import {
  announceAccountKey,
  readAccountKeys,
  readDeviceKeys,
  readSession,
  removeDevice,
  settleAccountKey,
  writeDeviceKeys,
  writeSession,
} from "../../../src/vault/device.ts";

const key = (length: number, fill: number): Secret => Secret.take(new Uint8Array(length).fill(fill));

Deno.test("keys and session of a device read back as they were written", async () => {
  const keychain = new MemoryKeychain();
  assert.equal(await readDeviceKeys(keychain), undefined);
  assert.equal(await readSession(keychain), undefined);
  await settleAccountKey(keychain, key(16, 1));
  await writeDeviceKeys(keychain, { receivingKey: key(32, 2), deviceKey: key(32, 3) });
  await writeSession(keychain, { token: "token", expires: 5 });
  const keys = await readDeviceKeys(keychain);
  assert.ok(keys?.receivingKey.equals(key(32, 2)) && keys.deviceKey.equals(key(32, 3)));
  assert.deepEqual((await readAccountKeys(keychain)).map((k) => k.equals(key(16, 1))), [true]);
  assert.deepEqual(await readSession(keychain), { token: "token", expires: 5 });
  await writeSession(keychain, undefined);
  assert.equal(await readSession(keychain), undefined);
});

Deno.test("logout leaves the account key, forgetting leaves nothing", async () => {
  const keychain = new MemoryKeychain();
  await settleAccountKey(keychain, key(16, 1));
  await writeDeviceKeys(keychain, { receivingKey: key(32, 2), deviceKey: key(32, 3) });
  await writeSession(keychain, { token: "token", expires: 5 });
  await removeDevice(keychain, { accountKey: false });
  assert.deepEqual((await keychain.list("device")).map((e) => e.name), ["account-key"]);
  await removeDevice(keychain, { accountKey: true });
  assert.deepEqual(await keychain.collections(), []);
});

Deno.test("one key alone is no device, and a key of another size is refused", async () => {
  const keychain = new MemoryKeychain();
  await writeDeviceKeys(keychain, { receivingKey: key(32, 2), deviceKey: key(32, 3) });
  await keychain.apply([{ op: "remove", key: { collection: "device", name: "receiving-key" } }]);
  assert.equal(await readDeviceKeys(keychain), undefined);
  for (const length of [31, 33]) {
    await writeDeviceKeys(keychain, { receivingKey: key(length, 2), deviceKey: key(32, 3) });
    await assert.rejects(readDeviceKeys(keychain), (e) => isAppError(e, "decryption_failed"));
  }
});

Deno.test("an account key that is being changed is kept beside the old one until the server has it", async () => {
  const keychain = new MemoryKeychain();
  assert.deepEqual(await readAccountKeys(keychain), []);
  await settleAccountKey(keychain, key(16, 1));
  await announceAccountKey(keychain, key(16, 2));
  const both = await readAccountKeys(keychain);
  assert.ok(both.length === 2 && both[0]!.equals(key(16, 2)) && both[1]!.equals(key(16, 1)));
  await settleAccountKey(keychain, key(16, 2));
  assert.deepEqual((await readAccountKeys(keychain)).map((k) => k.equals(key(16, 2))), [true]);
});

Deno.test("a session item that cannot be read counts as no session", async () => {
  for (const text of ["", "{", "[]", '{"token":1,"expires":1}', '{"token":"t"}', "null"]) {
    const keychain = new MemoryKeychain();
    const value = Secret.fromText(text);
    await keychain.apply([{ op: "put", key: { collection: "device", name: "session" }, meta: {}, value }]);
    assert.equal(await readSession(keychain), undefined);
  }
});
