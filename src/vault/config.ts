/**
 * `config.json`: which account, server, vault and active workspace this home has. No credential is in it, and nothing that is
 * read from it is trusted: a wrong id leads to a log that does not verify.
 *
 * The parser is written by hand: every command reads this file, and a schema library would be most of its start-up time. It is
 * strict: an unknown version or field is an error, never "empty".
 *
 * @module
 */

import { utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import {
  type DeviceId,
  type Email,
  type EnvironmentId,
  type EnvironmentName,
  isDeviceId,
  isEnvironmentId,
  isProjectId,
  isUserId,
  isWorkspaceId,
  parseEmail,
  parseEnvironmentName,
  type ProjectId,
  type UserId,
  type WorkspaceId,
} from "../kernel/names.ts";
import type { Files } from "../ports/files.ts";
import { lockPath, type Places } from "./places.ts";
import { accepted, StrictJson } from "./strict_json.ts";

/** The server that runs in this process: what login signatures are bound to. */
export const EMBEDDED_ORIGIN = "embedded:local";
const VERSION = 1;

/** Which vault holds this home's items. */
export type VaultChoice =
  | { readonly kind: "system" }
  | {
    readonly kind: "file";
    readonly unlock: "passphrase" | "password" | "key-file";
    /** Name of its folder in the home, of the form that {@linkcode vaultFolderName} gives; absent: {@linkcode Places.vaultFolder}. */
    readonly folder?: string;
  };

/** 1: keychain and `.env.example`. 2: also the values in `.env`. 3: a vault that only the account's password opens. */
export type StorageMode = 1 | 2 | 3;

/** Whether both are one and the same vault. */
export function isSameVault(a: VaultChoice, b: VaultChoice): boolean {
  return JSON.stringify(vaultToFile(a)) === JSON.stringify(vaultToFile(b));
}

/** The name of a vault's folder beside the others; `id` is base32. */
export function vaultFolderName(id: string): string {
  return `vault-${id}`;
}

/** Absolute path of a vault file's folder. */
export function vaultFolderOf(places: Places, vault: VaultChoice): string {
  return vault.kind === "file" && vault.folder !== undefined ? `${places.home}/${vault.folder}` : places.vaultFolder;
}

/** Whether this home's vault opens with the account's password alone (docs/adr/0006-sealed-mode.md). */
export function isSealed({ vault }: Pick<Config, "vault">): boolean {
  return vault.kind === "file" && vault.unlock === "password";
}

/** The account of this home. `deviceId` is absent after `logout`. */
export interface AccountReference {
  readonly userId: UserId;
  readonly email: Email;
  readonly deviceId?: DeviceId;
}

/** The file's content. */
export interface Config {
  /** Base32 of 10 random bytes: separates the keychain items of different homes. */
  readonly profile: string;
  /** `embedded:local`, or a server's origin. */
  readonly server: string;
  readonly account: AccountReference;
  readonly storageMode: StorageMode;
  readonly vault: VaultChoice;
  readonly active: {
    readonly workspaceId?: WorkspaceId;
    /** The person's own choice per project; without one the project file's default stands. */
    readonly environments: Readonly<Record<ProjectId, EnvironmentName>>;
  };
  /** When an environment was last pulled and pushed on this machine: ms since the epoch. */
  readonly last: {
    readonly pull: Readonly<Record<EnvironmentId, number>>;
    readonly push: Readonly<Record<EnvironmentId, number>>;
  };
  readonly proxy: {
    readonly port?: number;
    /** What calls go through: `env`, or an http or https origin. No password has a place here. */
    readonly upstreamProxy?: string;
  };
}

/** The home's configuration, or undefined when there is no file. @throws {AppError} `config_damaged`, `unsupported_format`, `file_unreadable` */
export async function readConfig(files: Files, places: Places): Promise<Config | undefined> {
  const bytes = await files.read(places.config, { regularOnly: true });
  return bytes === undefined ? undefined : parseConfig(places.config, bytes);
}

/** The home's configuration. @throws {AppError} `not_initialised`; those of {@linkcode readConfig} */
export async function requireConfig(files: Files, places: Places): Promise<Config> {
  const config = await readConfig(files, places);
  if (config === undefined) throw new AppError("not_initialised");
  return config;
}

/** Replaces the configuration. For `init`, which has just made the home; everything else changes it by {@linkcode updateConfig}. */
export async function writeConfig(files: Files, places: Places, config: Config): Promise<void> {
  await files.write(places.config, utf8(`${JSON.stringify(toFile(config), undefined, 2)}\n`), { mode: 0o600 });
}

/**
 * Reads, changes and writes the configuration under its lock, so that two commands lose nothing of each other's.
 *
 * @throws {AppError} `not_initialised`, `lock_timeout`, `file_unwritable`, `disk_full`; those of {@linkcode readConfig}
 */
export async function updateConfig(
  files: Files,
  places: Places,
  change: (config: Config) => Config,
): Promise<Config> {
  return await files.withLock(lockPath(places, "config"), async () => {
    const before = await requireConfig(files, places);
    const after = change(before);
    if (JSON.stringify(toFile(after)) !== JSON.stringify(toFile(before))) await writeConfig(files, places, after);
    return after;
  });
}

/** Strict reading of the file's bytes. @throws {AppError} `config_damaged`, `unsupported_format` */
export function parseConfig(path: string, bytes: Uint8Array): Config {
  const root = StrictJson.parse(path, bytes);
  root.version(VERSION);
  root.onlyFields("version", "profile", "server", "account", "storage_mode", "vault", "active", "last", "proxy");
  const vault = parseVault(root.field("vault"));
  const storageMode = root.field("storage_mode").integer(1, 3) as StorageMode;
  // Else an edited line would let the next pull write a sealed vault's values to a file.
  if (isSealed({ vault }) !== (storageMode === 3)) {
    root.field("storage_mode").refuse("it does not fit the vault: mode 3 and the sealed vault go together");
  }
  return {
    profile: root.field("profile").text(isProfile),
    server: root.field("server").text(isServer),
    account: parseAccount(root.field("account")),
    storageMode,
    vault,
    active: parseActive(root.field("active")),
    last: parseLast(root.field("last")),
    proxy: parseProxy(root.field("proxy")),
  };
}

function parseAccount(json: StrictJson): AccountReference {
  json.onlyFields("user_id", "email", "device_id");
  const deviceId = json.optional("device_id")?.text(isDeviceId);
  return {
    userId: json.field("user_id").text(isUserId),
    email: json.field("email").text(accepted(parseEmail)),
    ...(deviceId === undefined ? {} : { deviceId }),
  };
}

/** @throws {AppError} `config_damaged` */
export function parseVault(json: StrictJson): VaultChoice {
  const kind = json.field("kind").text((text): text is VaultChoice["kind"] => text === "system" || text === "file");
  if (kind === "system") {
    json.onlyFields("kind");
    return { kind };
  }
  json.onlyFields("kind", "unlock", "folder");
  const unlock = json.field("unlock").text((text): text is "passphrase" | "password" | "key-file" =>
    text === "passphrase" || text === "password" || text === "key-file"
  );
  const folder = json.optional("folder")?.text((text): text is string => /^vault-[a-z2-7]{16}$/.test(text));
  return { kind, unlock, ...(folder === undefined ? {} : { folder }) };
}

/** The form of a vault in a file, which {@linkcode parseVault} reads. */
export function vaultToFile(vault: VaultChoice): Readonly<Record<string, string>> {
  if (vault.kind === "system") return { kind: vault.kind };
  const { kind, unlock, folder } = vault;
  return { kind, unlock, ...(folder === undefined ? {} : { folder }) };
}

function parseActive(json: StrictJson): Config["active"] {
  json.onlyFields("workspace_id", "environments");
  const workspaceId = json.optional("workspace_id")?.text(isWorkspaceId);
  const environments: Record<ProjectId, EnvironmentName> = {};
  for (const [project, name] of json.field("environments").entries()) {
    if (!isProjectId(project)) return name.refuse("it is not a project's id");
    environments[project] = name.text(accepted(parseEnvironmentName));
  }
  return { ...(workspaceId === undefined ? {} : { workspaceId }), environments };
}

function parseLast(json: StrictJson): Config["last"] {
  json.onlyFields("pull", "push");
  return { pull: parseTimes(json.field("pull")), push: parseTimes(json.field("push")) };
}

function parseTimes(json: StrictJson): Record<EnvironmentId, number> {
  const times: Record<EnvironmentId, number> = {};
  for (const [environment, time] of json.entries()) {
    if (!isEnvironmentId(environment)) return time.refuse("it is not an environment's id");
    times[environment] = time.integer(0, Number.MAX_SAFE_INTEGER);
  }
  return times;
}

function parseProxy(json: StrictJson): Config["proxy"] {
  json.onlyFields("port", "upstream_proxy");
  const port = json.optional("port")?.integer(1, 65535);
  const upstreamProxy = json.optional("upstream_proxy")?.text(isUpstreamProxy);
  return { ...(port === undefined ? {} : { port }), ...(upstreamProxy === undefined ? {} : { upstreamProxy }) };
}

function isUpstreamProxy(text: string): text is string {
  return text === "env" || (/^https?:/.test(text) && URL.parse(text)?.origin === text);
}

const isProfile = (text: string): text is string => /^[a-z2-7]{16}$/.test(text);

/** The embedded server, or the origin of one that is reached by https (http on loopback for tests and tunnels). */
function isServer(text: string): text is string {
  if (text === EMBEDDED_ORIGIN) return true;
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  return url.origin === text && (url.protocol === "https:" || (url.protocol === "http:" && loopback));
}

function toFile(config: Config): Readonly<Record<string, unknown>> {
  const { account, active, proxy: { upstreamProxy, ...proxy } } = config;
  return {
    version: VERSION,
    profile: config.profile,
    server: config.server,
    account: {
      user_id: account.userId,
      email: account.email,
      ...(account.deviceId === undefined ? {} : { device_id: account.deviceId }),
    },
    storage_mode: config.storageMode,
    vault: vaultToFile(config.vault),
    active: {
      ...(active.workspaceId === undefined ? {} : { workspace_id: active.workspaceId }),
      environments: active.environments,
    },
    last: config.last,
    proxy: { ...proxy, ...(upstreamProxy === undefined ? {} : { upstream_proxy: upstreamProxy }) },
  };
}
