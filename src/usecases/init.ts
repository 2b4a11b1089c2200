/**
 * `init`: asks what a new account needs, makes room for it and has it made (src/usecases/make_account.ts); where there is one, keeps it.
 *
 * @module
 */

import { AppError, isAppError } from "../kernel/error.ts";
import type { Email, UserId, WorkspaceName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { KeychainState } from "../ports/keychain.ts";
import { type Config, isSealed, readConfig, type StorageMode, updateConfig } from "../vault/config.ts";
import { lockPath } from "../vault/places.ts";
import { type MadeAccount, makeAccount, type MakeAccountPorts } from "./make_account.ts";
import { askNewPassword } from "./new_password.ts";
import type { AskPassword, NewVault, Ports } from "./ports.ts";

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
  | MadeAccount & {
    readonly outcome: "created";
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

/** What {@linkcode init} works with. */
export type InitPorts = MakeAccountPorts & Pick<Ports, "renameFolder">;

/**
 * @throws {AppError} `already_initialised` (a second run with another e-mail, vault or a sealed one), `weak_password`,
 *   `password_required`, `missing_answer`, `lock_timeout`, those of {@linkcode makeAccount}
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
      const { storageMode = 1, workspaceName } = input;
      const plan = { ...answers, storageMode, ...(workspaceName === undefined ? {} : { workspaceName }) };
      const made = await makeAccount(ports, plan, signal);
      return { outcome: "created", ...made, ...(setAside === undefined ? {} : { setAside }) };
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
