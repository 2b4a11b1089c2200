/**
 * Where pins rest: in the keychain, and sealed for the account's other devices in its pins blob on the server
 * (docs/spec/protocol.md §4). Pins move forward only, under a lock, and only after what they speak of was verified.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { ReceivingKey } from "../crypto/keys.ts";
import { openPins, sealPins } from "../crypto/sealed_names.ts";
import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { EnvironmentId, UserId, WorkspaceId } from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import type { Keychain } from "../ports/keychain.ts";
import {
  advancedPin,
  decodePins,
  encodePins,
  mergePins,
  type Pin,
  type Pins,
  type UserPin,
  type VerifiedChain,
  type WorkspacePin,
} from "../vault/pins.ts";
import { lockPath } from "../vault/places.ts";
import type { Ports } from "./ports.ts";

const KEY = { collection: "pins", name: "pins" } as const;

/** Chains that were just verified, by id. */
export interface PinAdvances {
  readonly users?: ReadonlyMap<UserId, VerifiedChain<UserPin>>;
  readonly workspaces?: ReadonlyMap<WorkspaceId, VerifiedChain<WorkspacePin>>;
  readonly environments?: ReadonlyMap<EnvironmentId, VerifiedChain<Pin>>;
}

/** Whose pins they are. */
export interface PinOwner {
  readonly userId: UserId;
  readonly keychain: Keychain;
  readonly receivingKey: ReceivingKey;
}

export type PinPorts = Pick<Ports, "files" | "places" | "random">;

/**
 * This device's pins.
 *
 * @throws {AppError} `pin_mismatch` when they are missing or damaged: a device that was set up has pins, so nothing is
 *   trusted without them. `login` makes them anew with the password.
 */
export async function readPins(keychain: Keychain, signal?: AbortSignal): Promise<Pins> {
  const stored = await readStored(keychain, signal);
  if (stored !== undefined) return stored.pins;
  throw new AppError("pin_mismatch", { what: "to go on without this device's pins", reason: "they are missing" });
}

/** This device's pins, or undefined when it has none. For `login` and `recover`, which have the password as their root of trust. */
export async function findPins(keychain: Keychain, signal?: AbortSignal): Promise<Pins | undefined> {
  return (await readStored(keychain, signal))?.pins;
}

/**
 * Moves pins forward to what was just verified. Writes nothing when nothing moved. The copy on the server is best effort: a
 * server that cannot be reached does not undo what was done.
 *
 * @throws {AppError} `pin_mismatch`, `lock_timeout`, the keychain's codes
 */
export async function advancePins(
  ports: PinPorts,
  owner: PinOwner,
  client: SyncClient,
  advances: PinAdvances,
  signal?: AbortSignal,
): Promise<void> {
  if (!moves(await readPins(owner.keychain, signal), advances)) return;
  await ports.files.withLock(lockPath(ports.places, "pins"), async () => {
    // Read again: another process may have moved them while this one waited.
    const { pins, blobVersion } = (await readStored(owner.keychain, signal))!;
    const next = moves(pins, advances);
    if (next === undefined) return;
    await writeStored(owner.keychain, next, blobVersion, signal);
    await share(ports, owner, client, next, blobVersion, signal);
  }, signal === undefined ? {} : { signal });
}

/**
 * The first pins of a device: what it has just verified, and what the account's other devices had verified.
 *
 * @throws {AppError} `pin_mismatch`, the keychain's codes
 */
export async function startPins(
  ports: PinPorts,
  owner: PinOwner,
  client: SyncClient,
  pins: Pins,
  blob: { readonly version: number; readonly data: Uint8Array | null },
  signal?: AbortSignal,
): Promise<void> {
  await ports.files.withLock(lockPath(ports.places, "pins"), async () => {
    const known = blob.data === null ? pins : mergePins(pins, openBlob(owner, blob.data));
    await writeStored(owner.keychain, known, blob.version, signal);
    await share(ports, owner, client, known, blob.version, signal);
  }, signal === undefined ? {} : { signal });
}

/** Removes this device's pins: for `logout --forget`. */
export async function forgetPins(keychain: Keychain, signal?: AbortSignal): Promise<void> {
  await keychain.apply([{ op: "remove", key: KEY }], signal);
}

/** What the account's other devices had verified. @throws {AppError} `decryption_failed`, `pin_mismatch` */
export function openBlob(owner: Pick<PinOwner, "userId" | "receivingKey">, data: Uint8Array): Pins {
  using privateKey = owner.receivingKey.privateKey();
  return decodePins(utf8(openPins(privateKey, owner.userId, toBase64Url(data))));
}

interface Stored {
  readonly pins: Pins;
  /** Version of the server's copy that was last seen. */
  readonly blobVersion: number;
}

async function readStored(keychain: Keychain, signal?: AbortSignal): Promise<Stored | undefined> {
  const item = await keychain.get(KEY, signal);
  if (item === undefined) return undefined;
  using value = item.value;
  // EXPOSE: pins are public facts; they rest in the keychain so that a change of files cannot lower them
  return { pins: value.expose(decodePins), blobVersion: Number(item.meta["blob"] ?? 0) };
}

async function writeStored(keychain: Keychain, pins: Pins, blobVersion: number, signal?: AbortSignal): Promise<void> {
  using value = Secret.take(encodePins(pins));
  const meta = { blob: String(blobVersion) };
  await keychain.apply([{ op: "put", key: KEY, meta, value, label: "agentsecrets pins" }], signal);
}

/** The pins after `advances`, or undefined when nothing moves. */
function moves(pins: Pins, advances: PinAdvances): Pins | undefined {
  const next: Pins = {
    users: forward("the account log", pins.users, advances.users),
    workspaces: forward("the workspace log", pins.workspaces, advances.workspaces),
    environments: forward("the environment", pins.environments, advances.environments),
  };
  const same = (["users", "workspaces", "environments"] as const).every((kind) => next[kind] === pins[kind]);
  return same ? undefined : next;
}

function forward<P extends Pin>(
  what: string,
  pinned: Readonly<Record<string, P>>,
  chains: ReadonlyMap<string, VerifiedChain<P>> | undefined,
): Readonly<Record<string, P>> {
  let out = pinned;
  for (const [id, chain] of chains ?? []) {
    const pin = advancedPin(what, pinned[id], chain);
    if (pin.seq !== pinned[id]?.seq) out = { ...out, [id]: pin };
  }
  return out;
}

/** Puts the pins, sealed, where the account's other devices find them. */
async function share(
  ports: PinPorts,
  owner: PinOwner,
  client: SyncClient,
  pins: Pins,
  blobVersion: number,
  signal?: AbortSignal,
): Promise<void> {
  const put = async (shared: Pins, version: number): Promise<void> => {
    using privateKey = owner.receivingKey.privateKey();
    const data = sealPins(privateKey, owner.userId, fromUtf8(encodePins(shared)), ports.random);
    const stored = await client.putPins(version, fromBase64Url(data)!, signal);
    await writeStored(owner.keychain, pins, stored, signal);
  };
  try {
    await put(pins, blobVersion).catch(async (error: unknown) => {
      if (!isAppError(error, "head_moved")) throw error;
      // Another device was here: its pins are kept in the shared copy, and nothing of them is believed on this device.
      const { version, data } = await client.pins(signal);
      await put(data === null ? pins : mergePins(openBlob(owner, data), pins), version);
    });
  } catch (error) {
    if (!isAppError(error, "server_unreachable", "server_error", "head_moved", "rate_limited")) throw error;
  }
}
