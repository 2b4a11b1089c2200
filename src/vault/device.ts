/**
 * What of an account rests in this machine's keychain (docs/spec/protocol.md §1): the account key, the receiving key X, the
 * device key D and the session. Never A, UK, AUK or KEK: they exist for the seconds after the password only (§6).
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import { Secret } from "../kernel/secret.ts";
import type { Keychain, KeychainChange, KeychainKey } from "../ports/keychain.ts";

/** Collection of the device's items. */
export const DEVICE_COLLECTION = "device";

type DeviceItem = "account-key" | "account-key-next" | "receiving-key" | "device-key" | "session";

/** Sizes of the items that are keys. */
const KEY_BYTES: Readonly<Record<Exclude<DeviceItem, "session">, number>> = {
  "account-key": 16,
  "account-key-next": 16,
  "receiving-key": 32,
  "device-key": 32,
};

const LABELS: Readonly<Record<DeviceItem, string>> = {
  "account-key": "agentsecrets account key",
  "account-key-next": "agentsecrets account key, being changed",
  "receiving-key": "agentsecrets receiving key",
  "device-key": "agentsecrets device key",
  "session": "agentsecrets session",
};

/** A session with the sync server, as its contract has it. */
export interface StoredSession {
  /** Opaque; the server stores its hash. It opens sealed data and public facts only, and ends when the device is revoked. */
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** The keys a logged-in device has. The caller disposes of them. */
export interface DeviceKeys {
  readonly receivingKey: Secret;
  readonly deviceKey: Secret;
}

/** Both keys, or undefined when one is missing (after `logout`). @throws {AppError} `decryption_failed`, the keychain's codes */
export async function readDeviceKeys(keychain: Keychain, signal?: AbortSignal): Promise<DeviceKeys | undefined> {
  const items = await keychain.getMany(DEVICE_COLLECTION, ["receiving-key", "device-key"], signal);
  const value = (name: DeviceItem): Secret | undefined => items.find((item) => item.name === name)?.value;
  const receivingKey = value("receiving-key"), deviceKey = value("device-key");
  if (receivingKey === undefined || deviceKey === undefined) {
    for (const item of items) item.value.dispose();
    return undefined;
  }
  return { receivingKey: checked("receiving-key", receivingKey), deviceKey: checked("device-key", deviceKey) };
}

/**
 * The account keys that this machine has, the likelier first: one, or two when a change of the account key was interrupted and
 * nobody knows which of them the server took. Empty after `logout --forget`. The caller disposes of them.
 *
 * @throws {AppError} `decryption_failed` for one of another size, the keychain's codes
 */
export async function readAccountKeys(keychain: Keychain, signal?: AbortSignal): Promise<Secret[]> {
  const names = ["account-key-next", "account-key"] as const;
  const items = await keychain.getMany(DEVICE_COLLECTION, names, signal);
  return names.flatMap((name) => {
    const item = items.find((candidate) => candidate.name === name);
    return item === undefined ? [] : [checked(name, item.value)];
  });
}

/** Keeps the new account key beside the old one before the server is told, so that a kill in between locks nobody out. */
export async function announceAccountKey(keychain: Keychain, accountKey: Secret, signal?: AbortSignal): Promise<void> {
  await keychain.apply([put("account-key-next", accountKey)], signal);
}

/** The server knows this account key: it is the only one from now on. */
export async function settleAccountKey(keychain: Keychain, accountKey: Secret, signal?: AbortSignal): Promise<void> {
  await keychain.apply([put("account-key", accountKey), { op: "remove", key: keyOf("account-key-next") }], signal);
}

/** The session, or undefined. One that cannot be read counts as none: it is renewed, and nothing is lost. */
export async function readSession(keychain: Keychain, signal?: AbortSignal): Promise<StoredSession | undefined> {
  const item = await keychain.get(keyOf("session"), signal);
  if (item === undefined) return undefined;
  using value = item.value;
  try {
    // EXPOSE: the session's JSON is parsed; its token goes to the sync client only
    const parsed: unknown = value.expose((bytes) => JSON.parse(fromUtf8(bytes)));
    const { token, expires } = parsed as { readonly token?: unknown; readonly expires?: unknown };
    return typeof token === "string" && typeof expires === "number" ? { token, expires } : undefined;
  } catch {
    return undefined;
  }
}

/** Stores a session; undefined removes it. */
export async function writeSession(
  keychain: Keychain,
  session: StoredSession | undefined,
  signal?: AbortSignal,
): Promise<void> {
  if (session === undefined) return await keychain.apply([{ op: "remove", key: keyOf("session") }], signal);
  using value = Secret.fromText(JSON.stringify({ token: session.token, expires: session.expires }));
  await keychain.apply([put("session", value)], signal);
}

/** Stores both keys. Values stay the caller's. */
export async function writeDeviceKeys(keychain: Keychain, keys: DeviceKeys, signal?: AbortSignal): Promise<void> {
  await keychain.apply([put("receiving-key", keys.receivingKey), put("device-key", keys.deviceKey)], signal);
}

/** Removes what makes this machine a device of the account; with `accountKey` also AK. */
export async function removeDevice(
  keychain: Keychain,
  options: { readonly accountKey: boolean },
  signal?: AbortSignal,
): Promise<void> {
  const names: readonly DeviceItem[] = options.accountKey
    ? ["session", "device-key", "receiving-key", "account-key", "account-key-next"]
    : ["session", "device-key", "receiving-key"];
  await keychain.apply(names.map((name) => ({ op: "remove", key: keyOf(name) })), signal);
}

function keyOf(name: DeviceItem): KeychainKey {
  return { collection: DEVICE_COLLECTION, name };
}

function put(name: DeviceItem, value: Secret): KeychainChange {
  return { op: "put", key: keyOf(name), meta: {}, value, label: LABELS[name] };
}

/** Refuses a key of the wrong size: it was not written by us. */
function checked(name: keyof typeof KEY_BYTES, value: Secret): Secret {
  if (!value.isShorterThan(KEY_BYTES[name]) && value.isShorterThan(KEY_BYTES[name] + 1)) return value;
  value.dispose();
  throw new AppError("decryption_failed", { what: `the ${name.replaceAll("-", " ")} in the keychain` });
}
