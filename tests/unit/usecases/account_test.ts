/** One account through its whole life, in order: a step builds on those before it, so that Argon2id runs only where it must. */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { listDevices, revokeDevice } from "../../../src/usecases/account_devices.ts";
import { readEmergencyKit } from "../../../src/usecases/account_kit.ts";
import { changePassword } from "../../../src/usecases/account_password.ts";
import { recoverAccount } from "../../../src/usecases/account_recover.ts";
import { saveEmergencyKit } from "../../../src/usecases/emergency_kit.ts";
import { listWorkspaces } from "../../../src/usecases/list_workspaces.ts";
import { login } from "../../../src/usecases/login.ts";
import { logout } from "../../../src/usecases/logout.ts";
import { readStatus } from "../../../src/usecases/status.ts";
import { requireConfig } from "../../../src/vault/config.ts";
import { EMAIL, initWorld, PASSWORD, textOf, typing, World } from "../../support/world.ts";

const never = () => Promise.reject(new Error("nobody must be asked"));
const codeOf = (code: string) => (error: unknown): boolean => isAppError(error) && error.code === code;
const deviceItems = async (world: World): Promise<string[]> =>
  (await (await world.keychain()).list("device")).map(({ name }) => name);

Deno.test("an account: made, left, entered, changed, recovered", async (t) => {
  await using world = await World.make();
  const made = await initWorld(world);
  let accountKey = textOf(made.kit.accountKey);
  let recoveryCode = textOf(made.kit.recoveryCode!);
  let password = PASSWORD;
  const typed = (text: string) => async () => Secret.fromText(text);

  await t.step("init keeps the device's keys and the account key, and never A, UK, AUK or KEK", async () => {
    assert.deepEqual(await deviceItems(world), ["account-key", "device-key", "receiving-key", "session"]);
    assert.deepEqual(await (await world.keychain()).collections(), ["device", "pins"]);
    assert.equal((await requireConfig(world.files, world.places)).account.email, EMAIL);
  });

  await t.step("the kit names the account and both codes, and is saved for its owner only, once", async () => {
    const text = textOf(made.kit.text);
    for (const part of [accountKey, recoveryCode, EMAIL, made.userId, made.kit.fingerprint, "embedded:local"]) {
      assert.ok(text.includes(part));
    }
    assert.match(made.kit.fingerprint, /^\d{5}( \d{5}){5}$/);
    const path = `${world.base}/kit.txt`;
    await saveEmergencyKit(world, made.kit, path);
    assert.equal(await Deno.readTextFile(path), text);
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(path)).mode! & 0o777, 0o600);
    await assert.rejects(saveEmergencyKit(world, made.kit, path), codeOf("file_exists"));
  });

  await t.step("a session that has ended is renewed by the device, without the password", async () => {
    await (await world.keychain()).apply([{ op: "remove", key: { collection: "device", name: "session" } }]);
    assert.equal((await listWorkspaces(world)).length, 1);
    assert.ok((await deviceItems(world)).includes("session"));
    await world.clock.advance(40 * 24 * 3600_000);
    assert.equal((await listWorkspaces(world)).length, 1);
  });

  await t.step("logging in where nobody logged out keeps the device", async () => {
    const before = (await requireConfig(world.files, world.places)).account.deviceId;
    const result = await login(world, { password: typing(), accountKey: never });
    assert.deepEqual([result.newDevice, result.deviceId], [false, before]);
    assert.ok(result.sessionExpiresAt > world.clock.now());
    assert.equal((await listDevices(world)).length, 1);
  });

  await t.step("logout takes session, X and D from the machine, and commands say so", async () => {
    assert.deepEqual(await logout(world, {}), {
      email: EMAIL,
      sessionEnded: true,
      forgotten: false,
      removedValues: 0,
    });
    assert.deepEqual(await deviceItems(world), ["account-key"]);
    await assert.rejects(listWorkspaces(world), codeOf("not_logged_in"));
    assert.equal((await readStatus(world)).loggedIn, false);
    assert.equal((await logout(world, {})).sessionEnded, false, "twice is fine");
  });

  await t.step("a wrong password is refused and changes nothing", async () => {
    await assert.rejects(login(world, { password: typing("wrong"), accountKey: never }), codeOf("login_refused"));
    assert.deepEqual(await deviceItems(world), ["account-key"]);
  });

  await t.step("login with the account key of the keychain makes a new device, certified in the log", async () => {
    const result = await login(world, { password: typing(), accountKey: never });
    assert.ok(result.newDevice);
    const devices = await listDevices(world);
    assert.deepEqual(devices.map(({ current, state }) => [current, state]), [[false, "active"], [true, "active"]]);
    assert.equal((await listWorkspaces(world))[0]?.name, "Personal");
  });

  await t.step("a device is revoked with the password; the one that asks is not", async () => {
    const [old, own] = await listDevices(world);
    await assert.rejects(revokeDevice(world, { device: own!.id, password: never }), codeOf("last_device"));
    await assert.rejects(revokeDevice(world, { device: "nonsense", password: never }), codeOf("device_not_found"));
    await assert.rejects(revokeDevice(world, { device: "test machine", password: never }), codeOf("device_not_found"));
    const revoked = await revokeDevice(world, { device: old!.id, password: typing() });
    assert.equal(revoked.state, "revoked");
    assert.equal(
      (await revokeDevice(world, { device: old!.id, password: never }).catch((e) => e)).code,
      "device_not_found",
    );
  });

  await t.step("forgetting leaves nothing, and the account key must be typed again", async () => {
    using place = Secret.fromText("my-app");
    await (await world.keychain()).apply([{
      op: "put",
      key: { collection: "places", name: "e" },
      meta: {},
      value: place,
    }]);
    await logout(world, { forget: true });
    assert.deepEqual(await (await world.keychain()).collections(), []);
    const wrong = accountKey.slice(0, -1) + (accountKey.endsWith("0") ? "1" : "0");
    await assert.rejects(
      login(world, { password: typing(), accountKey: typed(wrong) }),
      codeOf("account_key_invalid"),
    );
    const result = await login(world, { password: typing(), accountKey: typed(` ${accountKey.toLowerCase()} `) });
    assert.ok(result.newDevice);
    assert.equal((await listWorkspaces(world)).length, 1, "pins came back from the account's own blob");
  });

  await t.step("a new password replaces the old one and ends the other sessions", async () => {
    await assert.rejects(
      changePassword(world, { password: typing(), newPassword: typing("short") }),
      codeOf("weak_password"),
    );
    const result = await changePassword(world, { password: typing(), newPassword: typing("another long password") });
    assert.equal(result.kit, undefined);
    await assert.rejects(
      changePassword(world, { password: typing(), newPassword: typing("x".repeat(20)) }),
      codeOf("login_refused"),
    );
    password = "another long password";
    assert.equal((await listWorkspaces(world)).length, 1);
  });

  await t.step("a new account key replaces the old one here and in the kit", async () => {
    const input = { password: typing(password), newPassword: typing(password), newAccountKey: true };
    using kit = (await changePassword(world, input)).kit!;
    const old = accountKey;
    accountKey = textOf(kit.accountKey);
    assert.notEqual(accountKey, old);
    assert.equal(kit.hasRecoveryCode, false);
    await logout(world, { forget: true });
    await assert.rejects(login(world, { password: typing(password), accountKey: typed(old) }), codeOf("login_refused"));
    await login(world, { password: typing(password), accountKey: typed(accountKey) });
  });

  await t.step("a change of the account key that was killed locks nobody out", async () => {
    const keychain = await world.keychain();
    using stray = Secret.take(new Uint8Array(16).fill(7));
    await keychain.apply([{
      op: "put",
      key: { collection: "device", name: "account-key-next" },
      meta: {},
      value: stray,
    }]);
    using kit = await readEmergencyKit(world, { password: typing(password) });
    assert.equal(textOf(kit.accountKey), accountKey);
    await login(world, { password: typing(password), accountKey: never });
    assert.ok(!(await deviceItems(world)).includes("account-key-next"));
  });

  await t.step("the kit can be shown again after the password, and a new recovery code ends the old one", async () => {
    using shown = await readEmergencyKit(world, { password: typing(password) });
    assert.equal(textOf(shown.accountKey), accountKey);
    assert.equal(shown.recoveryCode, undefined);
    using renewed = await readEmergencyKit(world, { password: typing(password), newRecoveryCode: true });
    const old = recoveryCode;
    recoveryCode = textOf(renewed.recoveryCode!);
    await assert.rejects(
      recoverAccount(world, { recoveryCode: typed(old), newPassword: typing("x".repeat(20)) }),
      codeOf("login_refused"),
    );
  });

  await t.step("the recovery code leads back in, with everything new and every other device gone", async () => {
    await logout(world, { forget: true });
    const before = accountKey;
    const result = await recoverAccount(world, {
      recoveryCode: typed(recoveryCode),
      newPassword: typing("recovered password"),
    });
    accountKey = textOf(result.kit.accountKey);
    assert.notEqual(accountKey, before);
    assert.notEqual(textOf(result.kit.recoveryCode!), recoveryCode);
    const devices = await listDevices(world);
    assert.deepEqual(devices.filter(({ state }) => state === "active").map(({ id }) => id), [result.deviceId]);
    assert.equal((await listWorkspaces(world))[0]?.name, "Personal");
    await logout(world, { forget: true });
    for (const [pw, key] of [[password, before], ["recovered password", before], [password, accountKey]] as const) {
      await assert.rejects(login(world, { password: typing(pw), accountKey: typed(key) }), codeOf("login_refused"));
    }
    await login(world, { password: typing("recovered password"), accountKey: typed(accountKey) });
  });
});
