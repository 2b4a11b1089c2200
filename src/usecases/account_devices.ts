/**
 * `account devices`: the devices that the account's own log names, and taking one's rights away.
 *
 * @module
 */

import { signEntry } from "../crypto/sign_entry.ts";
import { AppError } from "../kernel/error.ts";
import { type DeviceId, showable } from "../kernel/names.ts";
import { appendAccountEntries } from "../ledger/account_log.ts";
import type { AccountState, DeviceRecord } from "../ledger/account_state.ts";
import { buildAccountEntry } from "../ledger/build_entry.ts";
import { accountChain, openOwnAccount } from "./open_account.ts";
import { advancePins } from "./pin_store.ts";
import type { AskPassword, Ports } from "./ports.ts";
import { unlockAccount } from "./unlock_account.ts";

export interface DeviceView {
  readonly id: DeviceId;
  readonly label: string;
  /** Whether it is the one that runs this command. */
  readonly current: boolean;
  readonly state: "active" | "revoked";
  /** Milliseconds since the epoch, as the log's entries say. */
  readonly addedAt: number;
  readonly revokedAt?: number;
}

export type ListDevicesPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** Oldest first. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch` */
export async function listDevices(ports: ListDevicesPorts, signal?: AbortSignal): Promise<readonly DeviceView[]> {
  using own = await openOwnAccount(ports, signal);
  return [...own.account.devices.values()].map((record) => view(record, own.device.deviceId));
}

export interface RevokeDeviceInput {
  /** A device's id or, where only one active device has it, its label. */
  readonly device: string;
  readonly password: AskPassword;
}

/** @throws {AppError} `device_not_found`, `last_device` (this very device), `login_refused` */
export async function revokeDevice(
  ports: ListDevicesPorts,
  input: RevokeDeviceInput,
  signal?: AbortSignal,
): Promise<DeviceView> {
  using own = await openOwnAccount(ports, signal);
  const { device, client, account } = own;
  const target = findActive(account, input.device);
  if (target.id === device.deviceId) throw new AppError("last_device");
  return await unlockAccount(device, client, account, input.password, async ({ admin }) => {
    const payload = { device_id: target.id };
    const entry = signEntry(buildAccountEntry(account, "device.revoke", payload, ports.clock.now()), admin);
    const after = appendAccountEntries(account, [entry]);
    await client.appendAccountLog(account.head.seq, [entry], signal);
    await advancePins(ports, device, client, { users: new Map([[device.userId, accountChain(after)]]) }, signal);
    return view(after.devices.get(target.id)!, device.deviceId);
  }, signal);
}

function findActive(account: AccountState, wanted: string): DeviceRecord {
  const active = [...account.devices.values()].filter(({ revokedSeq }) => revokedSeq === undefined);
  const labelled = active.filter(({ label }) => label === wanted);
  const found = active.find(({ id }) => id === wanted) ?? (labelled.length === 1 ? labelled[0] : undefined);
  if (found === undefined) throw new AppError("device_not_found", { device: showable(wanted) });
  return found;
}

function view(record: DeviceRecord, current: DeviceId): DeviceView {
  const { id, label, addedAt, revokedAt } = record;
  return {
    id,
    label,
    current: id === current,
    state: revokedAt === undefined ? "active" : "revoked",
    addedAt,
    ...(revokedAt === undefined ? {} : { revokedAt }),
  };
}
