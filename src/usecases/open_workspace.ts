/**
 * A workspace as its own signed log says it is. Every command that depends on members, projects or the allowlist opens it anew:
 * the log is fetched, checked against the id, replayed, held against the pins, and only then are the pins advanced. What files,
 * database rows or the server's other answers claim has no influence (docs/spec/protocol.md §4, §6).
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { Role } from "../contract/workspace_terms.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { UserId, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { type AccountState, deviceByKey } from "../ledger/account_state.ts";
import { checkPin } from "../ledger/pin.ts";
import { usersIn } from "../ledger/workspace_log.ts";
import { currentAllowlist, roleOf, type WorkspaceState } from "../ledger/workspace_state.ts";
import type { Pins, VerifiedChain, WorkspacePin } from "../vault/pins.ts";
import { byHash, disposeAll, type SealedByHash } from "./key_epochs.ts";
import { accountChain, openAccount, readLog } from "./open_account.ts";
import { openClient } from "./open_client.ts";
import { type Device, openDevice } from "./open_device.ts";
import { advancePins, readPins } from "./pin_store.ts";
import type { Ports } from "./ports.ts";
import { chosenWorkspace, folderProject } from "./scope.ts";
import { VerifiedLogs } from "./verified_logs.ts";
import { openWorkspaceKeys, openWorkspaceNames, type WorkspaceNames } from "./workspace_names.ts";

/** A verified workspace. Disposing of it disposes of its device and keys. */
export interface OpenWorkspace extends Disposable {
  readonly device: Device;
  /** A client with this device's session. */
  readonly client: SyncClient;
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  /** This person's own. */
  readonly role: Role;
  /** The replayed log; `state.head` is the place up to which everything here was verified. */
  readonly state: WorkspaceState;
  /** The replayed account logs of everyone whom the log names, this person's own among them. */
  readonly accounts: ReadonlyMap<UserId, AccountState>;
  /** This person's own account. */
  readonly account: AccountState;
  /** Names of what exists, opened. */
  readonly names: WorkspaceNames;
  /** The workspace key W by epoch. */
  readonly keys: ReadonlyMap<number, Secret>;
  /** What the server says was sealed to this person: trusted only where the log names its hash. */
  readonly sealed: SealedByHash;
  readonly allowlist: {
    /** 0 when none was ever signed. */
    readonly version: number;
    /** Normalised entries of the newest `allowlist.set`, which only A of an admin can sign. */
    readonly rules: readonly string[];
  };
}

export interface OpenWorkspaceOptions {
  /** Default: the project file's (searched from `folder`), else the active one. */
  readonly workspaceId?: WorkspaceId;
  /** Where the search for the project file begins; default: the working folder. */
  readonly folder?: string;
  /** What this process has verified before. */
  readonly logs?: VerifiedLogs;
}

/** What checking a workspace takes once the device is open. */
export type VerifyPorts = Pick<Ports, "files" | "places" | "random">;

export type WorkspacePorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "workingFolder" | "keychain" | "transport"
>;

/**
 * @throws {AppError} `not_initialised`, `not_logged_in`, `workspace_not_found`, `log_invalid`, `signature_invalid`,
 *   `pin_mismatch`, `decryption_failed`, `server_unreachable`, the keychain's codes
 */
export async function openWorkspace(
  ports: WorkspacePorts,
  options: OpenWorkspaceOptions = {},
  signal?: AbortSignal,
): Promise<OpenWorkspace> {
  const device = await openDevice(ports, signal);
  try {
    const id = options.workspaceId ?? chosenWorkspace(device.config, await folderProject(ports, options));
    return await verifyWorkspace(ports, device, await openClient(ports, device), id, signal, options.logs);
  } catch (error) {
    device[Symbol.dispose]();
    throw error;
  }
}

/**
 * The workspace `id` by an opened device, which the result owns from then on.
 *
 * @throws {AppError} as {@linkcode openWorkspace}
 */
export async function verifyWorkspace(
  ports: VerifyPorts,
  device: Device,
  client: SyncClient,
  id: WorkspaceId,
  signal?: AbortSignal,
  logs = new VerifiedLogs(),
): Promise<OpenWorkspace> {
  const pins = await readPins(device.keychain, signal);
  const account = await openAccount(client, device.userId, true, pins, signal, logs);
  // A revoked device cannot speak for its account any more, whatever session it still holds.
  if (deviceByKey(account, device.deviceKey.publicKeyText) === undefined) throw new AppError("not_logged_in");
  const [entries, sealed] = await Promise.all([
    readLog("workspace log", () => client.workspaceLog(id, 0, signal)),
    client.grants(id, 0, signal),
  ]);
  const accounts = new Map([[device.userId, account]]);
  for (const user of usersIn(entries)) {
    if (accounts.has(user)) continue;
    const other = await otherAccount(client, user, pins, signal, logs);
    if (other !== undefined) accounts.set(user, other);
  }
  const state = logs.workspace(entries, accounts, id);
  const chain = workspaceChain(state);
  checkPin("the workspace log", state.hashes, pins.workspaces[id]);
  const role = roleOf(state, device.userId);
  if (role === undefined || state.deleted !== undefined) throw new AppError("workspace_not_found", { name: id });
  const keys = openWorkspaceKeys(state, device.userId, device.receivingKey, byHash(sealed));
  const names = openWorkspaceNames(state, keys);
  await advancePins(ports, device, client, {
    users: new Map([...accounts].map(([user, log]) => [user, accountChain(log)])),
    workspaces: new Map([[id, chain]]),
  }, signal);
  return {
    device,
    client,
    id,
    name: names.workspace,
    names,
    role,
    state,
    accounts,
    account,
    keys,
    sealed: byHash(sealed),
    allowlist: currentAllowlist(state),
    [Symbol.dispose]: () => {
      disposeAll(keys);
      device[Symbol.dispose]();
    },
  };
}

/** The workspace's log as a chain to pin. */
export function workspaceChain(state: WorkspaceState): VerifiedChain<WorkspacePin> {
  return {
    pin: { ...state.head, allowlist: currentAllowlist(state).version },
    hashAt: (seq) => state.hashes[seq - 1],
  };
}

/**
 * A colleague's account, or undefined when the server says that there is none: the bodies that named it are not verified yet, and
 * a replay that misses the log of somebody who really signed refuses.
 */
async function otherAccount(
  client: SyncClient,
  user: UserId,
  pins: Pins,
  signal: AbortSignal | undefined,
  logs: VerifiedLogs,
): Promise<AccountState | undefined> {
  try {
    return await openAccount(client, user, false, pins, signal, logs);
  } catch (error) {
    if (isAppError(error, "not_on_server")) return undefined;
    throw error;
  }
}
