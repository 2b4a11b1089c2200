/**
 * A new account on this machine, with its first workspace (docs/spec/protocol.md §1). Account key, recovery code, master key,
 * identity, receiving and device keys are all made here; the server gets public keys, signatures and envelopes only.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { Session } from "../contract/auth.ts";
import { createAccount, type NewAccount } from "../crypto/account_creation.ts";
import { formatAccountKey, formatRecoveryCode } from "../crypto/account_key.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import { toBase32 } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import { type Email, parseWorkspaceName, type UserId, type WorkspaceId, type WorkspaceName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { replayAccountLog } from "../ledger/account_log.ts";
import type { Keychain } from "../ports/keychain.ts";
import { type StorageMode, type VaultChoice, writeConfig } from "../vault/config.ts";
import { removeDevice, settleAccountKey, writeDeviceKeys } from "../vault/device.ts";
import { NO_PINS } from "../vault/pins.ts";
import { encodeKeyset, passwordBlobs, recoveryBlobs } from "./credential_blobs.ts";
import { type EmergencyKit, makeEmergencyKit } from "./emergency_kit.ts";
import { foundWorkspace } from "./found_workspace.ts";
import { accountChain } from "./open_account.ts";
import { openBareClient } from "./open_client.ts";
import { workspaceChain } from "./open_workspace.ts";
import { startPins } from "./pin_store.ts";
import type { NewVault, Ports } from "./ports.ts";

/** The first workspace unless another name is given. */
const FIRST_WORKSPACE: WorkspaceName = parseWorkspaceName("Personal");

/** What a new account is made of. */
export interface AccountPlan {
  readonly email: Email;
  /** Lent: the caller disposes of it. */
  readonly password: Secret;
  /** Undefined: a file that the password seals. */
  readonly vault: NewVault | undefined;
  readonly storageMode: StorageMode;
  /** Default `Personal`. */
  readonly workspaceName?: WorkspaceName;
}

/** What was made. */
export interface MadeAccount {
  readonly userId: UserId;
  readonly email: Email;
  readonly server: string;
  readonly workspace: { readonly id: WorkspaceId; readonly name: WorkspaceName };
  readonly storageMode: StorageMode;
  /** Name of the keychain backend in use. */
  readonly vault: string;
  /** Shown once; the caller disposes of it. */
  readonly kit: EmergencyKit;
}

export type MakeAccountPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "vaults" | "keychain" | "transport"
>;

/**
 * Makes the account in an empty home. The order matters: config.json comes last, so that a kill on the way leaves no account that
 * half exists.
 *
 * @throws {AppError} `registration_refused`, `name_taken`, `server_unreachable`, `server_error`, `log_invalid`, `signature_invalid`,
 *   `file_unwritable`, `disk_full`, the keychain's codes
 */
export async function makeAccount(
  ports: MakeAccountPorts,
  plan: AccountPlan,
  signal?: AbortSignal,
): Promise<MadeAccount> {
  await ports.files.makeFolder(ports.places.home, 0o700);
  const profile = toBase32(ports.random(10));
  const vault: NewVault = plan.vault ?? { kind: "file", unlock: "password", passphrase: plan.password.clone() };
  const keychain = await ports.vaults.make(profile, vault, signal);
  using made = await createAccount(
    { password: plan.password, deviceLabel: ports.machine.name, now: ports.clock.now() },
    ports.random,
  );
  try {
    await storeKeys(keychain, made, signal);
    return await settle(ports, plan, { profile, keychain, made, vault: vaultChoice(vault) }, signal);
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

/** Registers the keys, founds the workspace, pins both, and writes the configuration. */
async function settle(
  ports: MakeAccountPorts,
  plan: AccountPlan,
  { profile, keychain, made, vault }: Making,
  signal?: AbortSignal,
): Promise<MadeAccount> {
  const { email, storageMode, workspaceName: name = FIRST_WORKSPACE } = plan;
  const client = await openBareClient(ports, keychain);
  const account = replayAccountLog([made.genesis, made.deviceAdd], made.userId);
  const stepUp = await register(client, made, email, signal);
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
