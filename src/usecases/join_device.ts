/**
 * Making this machine a device of an account whose keys were just opened: its key D is certified by A in the account's log, X and D
 * go to the keychain, and the session becomes the device's.
 *
 * @module
 */

import { generateDeviceId } from "../crypto/account_creation.ts";
import type { AccountKeys } from "../crypto/account_wraps.ts";
import { SigningKey } from "../crypto/keys.ts";
import { type SignedBody, signEntry } from "../crypto/sign_entry.ts";
import type { DeviceId } from "../kernel/names.ts";
import type { AccountState } from "../ledger/account_state.ts";
import { buildAccountEntry } from "../ledger/build_entry.ts";
import type { Keychain } from "../ports/keychain.ts";
import { writeDeviceKeys } from "../vault/device.ts";
import { updateConfig } from "../vault/config.ts";
import type { Ports } from "./ports.ts";

/** A device that the account's log does not know yet. Dispose of its key. */
export interface NewDevice {
  readonly id: DeviceId;
  readonly key: SigningKey;
  /** `device.add`, signed by A and by D itself. */
  readonly entry: SignedBody;
}

/** Makes D and its certificate, on `account`'s head. */
export function makeDevice(
  ports: Pick<Ports, "clock" | "random" | "machine">,
  account: Pick<AccountState, "userId" | "head">,
  admin: SigningKey,
): NewDevice {
  const key = SigningKey.generate(ports.random);
  const id = generateDeviceId(ports.random);
  const payload = { device_id: id, sig_pk: key.publicKeyText, label: ports.machine.name };
  const entry = signEntry(buildAccountEntry(account, "device.add", payload, ports.clock.now()), admin, key);
  return { id, key, entry };
}

/** Keeps X and D in the keychain and names the device in config.json. */
export async function keepDevice(
  ports: Pick<Ports, "files" | "places">,
  keychain: Keychain,
  device: { readonly id: DeviceId; readonly key: SigningKey },
  keys: Pick<AccountKeys, "receiving">,
  signal?: AbortSignal,
): Promise<void> {
  using receivingKey = keys.receiving.privateKey();
  using deviceKey = device.key.seed();
  await writeDeviceKeys(keychain, { receivingKey, deviceKey }, signal);
  await updateConfig(ports.files, ports.places, (config) => ({
    ...config,
    account: { ...config.account, deviceId: device.id },
  }));
}
