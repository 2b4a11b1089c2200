/**
 * `init`: makes an account on this machine. Account key, recovery code, master key, identity, receiving and device keys are all
 * made here; the (embedded) server gets public keys, signatures and envelopes only (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { Session } from "../contract/auth.ts";
import { createAccount, type NewAccount } from "../crypto/account_creation.ts";
import { formatAccountKey, formatRecoveryCode } from "../crypto/account_key.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import { toBase32 } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import { type Email, parseWorkspaceName, type UserId, type WorkspaceId, type WorkspaceName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { replayAccountLog } from "../ledger/account_log.ts";
import type { Keychain, KeychainState } from "../ports/keychain.ts";
import {
  type Config,
  isSealed,
  readConfig,
  type StorageMode,
  updateConfig,
  type VaultChoice,
  writeConfig,
} from "../vault/config.ts";
import { removeDevice, settleAccountKey, writeDeviceKeys } from "../vault/device.ts";
import { NO_PINS } from "../vault/pins.ts";
import { lockPath } from "../vault/places.ts";
import { encodeKeyset, passwordBlobs, recoveryBlobs } from "./credential_blobs.ts";
import { type EmergencyKit, makeEmergencyKit } from "./emergency_kit.ts";
import { foundWorkspace } from "./found_workspace.ts";
import { askNewPassword } from "./new_password.ts";
import { accountChain } from "./open_account.ts";
import { openBareClient } from "./open_client.ts";
import { workspaceChain } from "./open_workspace.ts";
import { startPins } from "./pin_store.ts";
import type { AskPassword, NewVault, Ports } from "./ports.ts";

/** The first workspace unless another name is given. */
const FIRST_WORKSPACE: WorkspaceName = parseWorkspaceName("Personal");

/** What `init` asks for, each when it is needed and not before: a second run asks nothing. */
export interface InitAnswers {
  /** @throws {AppError} `missing_answer` naming `--email` */
  email(): Promise<Email>;
  /** A new password, asked twice. @throws {AppError} `password_required`, `missing_answer` */
  password: AskPassword;
  /**
   * Which vault to make. Called only when no `vault` is given and no system keychain answers.
   *
   * @throws {AppError} `missing_answer` naming `--vault`
   */
  vault(system: KeychainState): Promise<NewVault>;
}

export interface InitInput {
  readonly answers: InitAnswers;
  /** Checked against the existing account's on a second run. */
  readonly email?: Email;
  readonly vault?: NewVault;
  /**
   * Default 1. 3 makes a sealed vault, whatever `vault` says. On a second run 1 and 2 may be exchanged, nothing else changes; to
   * and from 3 there is no way but a new start.
   */
  readonly storageMode?: StorageMode;
  /** Name of the first workspace; default `Personal`. */
  readonly workspaceName?: WorkspaceName;
  /** Starts anew; the old home folder is renamed, never deleted. */
  readonly force?: boolean;
}

export type InitResult =
  | {
    readonly outcome: "created";
    readonly userId: UserId;
    readonly email: Email;
    readonly server: string;
    readonly workspace: { readonly id: WorkspaceId; readonly name: WorkspaceName };
    readonly storageMode: StorageMode;
    /** Name of the keychain backend in use. */
    readonly vault: string;
    /** Shown once; the caller disposes of it. */
    readonly kit: EmergencyKit;
    /** Where the former home folder is now, after `force`. `AGENTSECRETS_HOME` set to it brings that account back. */
    readonly setAside?: string;
  }
  | {
    /** There was an account already and it was kept. */
    readonly outcome: "kept";
    readonly userId: UserId;
    readonly email: Email;
    readonly server: string;
    readonly storageMode: StorageMode;
    readonly vault: string;
  };

export type InitPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "vaults" | "keychain" | "transport" | "renameFolder"
>;

/**
 * @throws {AppError} `already_initialised` (a second run with another e-mail, vault or a sealed one), `weak_password`, `missing_answer`,
 *   the keychain's codes, `file_unwritable`, `disk_full`
 */
export async function init(ports: InitPorts, input: InitInput, signal?: AbortSignal): Promise<InitResult> {
  const existing = await readConfig(ports.files, ports.places).catch((error: unknown) => {
    // Starting anew must work for a home whose configuration is damaged; without force it stays an error.
    if (input.force === true && isAppError(error, "config_damaged", "unsupported_format")) return undefined;
    throw error;
  });
  if (existing !== undefined && input.force !== true) return await keep(ports, existing, input);
  const answers = await ask(ports, input, signal);
  try {
    return await ports.files.withLock(lockPath(ports.places, "init"), async () => {
      // Another init may have been faster while the person was typing.
      if (input.force !== true && await ports.files.exists(ports.places.config)) {
        throw new AppError("already_initialised", { home: ports.places.home });
      }
      const setAside = await makeRoom(ports);
      const created = await create(ports, input, answers, signal);
      return setAside === undefined ? created : { ...created, setAside };
    });
  } finally {
    answers.password.dispose();
  }
}

/** A second run: everything stays, but for the storage mode when another one was named. */
async function keep(ports: InitPorts, config: Config, input: InitInput): Promise<InitResult> {
  const { account, vault, server } = config;
  const other = (input.email !== undefined && input.email !== account.email) ||
    (input.vault !== undefined && input.vault.kind !== vault.kind);
  if (other) throw new AppError("already_initialised", { home: ports.places.home });
  const storageMode = input.storageMode ?? config.storageMode;
  if ((storageMode === 3) !== isSealed(config)) throw new AppError("already_initialised", { home: ports.places.home });
  await updateConfig(ports.files, ports.places, (current) => ({ ...current, storageMode }));
  return { outcome: "kept", userId: account.userId, email: account.email, server, storageMode, vault: vault.kind };
}

interface Answers {
  readonly email: Email;
  /** Undefined: sealed by the password. */
  readonly vault: NewVault | undefined;
  readonly password: Secret;
}

/** Everything the person must say, before anything is changed. */
async function ask(ports: InitPorts, input: InitInput, signal?: AbortSignal): Promise<Answers> {
  const email = input.email ?? await input.answers.email();
  const vault = input.storageMode === 3 ? undefined : input.vault ?? await chooseVault(ports, input, signal);
  return { email, vault, password: await askNewPassword(input.answers.password) };
}

async function chooseVault(ports: InitPorts, input: InitInput, signal?: AbortSignal): Promise<NewVault> {
  const system = await ports.vaults.probeSystem(signal);
  return system.state === "ready" ? { kind: "system" } : await input.answers.vault(system);
}

/**
 * Makes sure that nothing of a former account lies where the new one goes: the whole home is renamed in one step, so its
 * account goes on working under its new path (the keychain's items belong to the profile in its config.json).
 */
async function makeRoom(ports: InitPorts): Promise<string | undefined> {
  const { files, places, clock } = ports;
  const inUse = await Promise.all([places.config, places.database, places.vaultFolder].map((p) => files.exists(p)));
  if (!inUse.includes(true)) return undefined;
  const stamp = new Date(clock.now()).toISOString().replace(/\D/g, "").slice(0, 14);
  for (let n = 1;; n++) {
    const aside = `${places.home}.before-${stamp}${n === 1 ? "" : `-${n}`}`;
    if (await files.exists(aside)) continue;
    await ports.renameFolder(places.home, aside);
    return aside;
  }
}

type Created = Extract<InitResult, { outcome: "created" }>;

/** The order matters: config.json comes last, so that a kill on the way leaves no account that half exists. */
async function create(ports: InitPorts, input: InitInput, answers: Answers, signal?: AbortSignal): Promise<Created> {
  await ports.files.makeFolder(ports.places.home, 0o700);
  const profile = toBase32(ports.random(10));
  const vault: NewVault = answers.vault ??
    { kind: "file", unlock: "password", passphrase: answers.password.clone() };
  const keychain = await ports.vaults.make(profile, vault, signal);
  using made = await createAccount(
    { password: answers.password, deviceLabel: ports.machine.name, now: ports.clock.now() },
    ports.random,
  );
  try {
    await storeKeys(keychain, made, signal);
    return await found(ports, input, answers.email, { profile, keychain, made, vault: vaultChoice(vault) }, signal);
  } catch (error) {
    // Without an account on the server these keys open nothing; a keychain that cannot remove them changes no outcome.
    await removeDevice(keychain, { accountKey: true }).catch(() => {});
    throw error;
  }
}

interface Making {
  readonly profile: string;
  readonly keychain: Keychain;
  readonly made: NewAccount;
  readonly vault: VaultChoice;
}

async function found(
  ports: InitPorts,
  input: InitInput,
  email: Email,
  { profile, keychain, made, vault }: Making,
  signal?: AbortSignal,
): Promise<Created> {
  const client = await openBareClient(ports, keychain);
  const account = replayAccountLog([made.genesis, made.deviceAdd], made.userId);
  const stepUp = await register(client, made, email, signal);
  const name = input.workspaceName ?? FIRST_WORKSPACE;
  const workspace = await foundWorkspace(ports, client, { account, admin: made.keys.admin, stepUp }, name, signal);
  await startPins(
    ports,
    { userId: made.userId, keychain, receivingKey: made.keys.receiving },
    client,
    {
      ...NO_PINS,
      users: { [made.userId]: accountChain(account).pin },
      workspaces: { [workspace.id]: workspaceChain(workspace).pin },
    },
    { version: 0, data: null },
    signal,
  );
  const storageMode = input.storageMode ?? 1;
  await writeConfig(ports.files, ports.places, {
    profile,
    server: client.origin,
    account: { userId: made.userId, email, deviceId: made.deviceId },
    storageMode,
    vault,
    active: { workspaceId: workspace.id, environments: {} },
    last: { pull: {}, push: {} },
    proxy: {},
  });
  return {
    outcome: "created",
    userId: made.userId,
    email,
    server: client.origin,
    workspace: { id: workspace.id, name },
    storageMode,
    vault: keychain.backend,
    kit: makeEmergencyKit({
      email,
      userId: made.userId,
      server: client.origin,
      fingerprint: made.fingerprint,
      createdAt: ports.clock.now(),
      accountKey: formatAccountKey(made.accountKey),
      recoveryCode: formatRecoveryCode(made.recoveryCode),
    }),
  };
}

async function storeKeys(keychain: Keychain, made: NewAccount, signal?: AbortSignal): Promise<void> {
  using receivingKey = made.keys.receiving.privateKey();
  using deviceKey = made.device.seed();
  await settleAccountKey(keychain, made.accountKey, signal);
  await writeDeviceKeys(keychain, { receivingKey, deviceKey }, signal);
}

/** Tells the server: public keys, signatures and envelopes. Gives the step-up that comes with having proved the password. */
async function register(
  client: SyncClient,
  made: NewAccount,
  email: Email,
  signal?: AbortSignal,
): Promise<Session> {
  const registered = await client.register(
    {
      email,
      entries: [made.genesis, made.deviceAdd],
      password: passwordBlobs(made.passwordCredentials),
      recovery: recoveryBlobs(made.recoveryCredentials),
      keyset: encodeKeyset(made.keyset),
      device_id: made.deviceId,
    },
    (challenge) => signChallenge(made.login, challenge),
    signal,
  );
  if (registered.user_id !== made.userId) {
    throw new AppError("log_invalid", {
      log: "account log",
      seq: 1,
      reason: "the server took it for another account's",
    });
  }
  return registered.step_up;
}

function vaultChoice(vault: NewVault): VaultChoice {
  return vault.kind === "system" ? { kind: "system" } : { kind: "file", unlock: vault.unlock };
}
