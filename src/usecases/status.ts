/**
 * `status`: who, where and in which state, without a password and without failing: what cannot be told is a warning.
 *
 * @module
 */

import { type AppError, isAppError } from "../kernel/error.ts";
import type { DeviceId, Email, EnvironmentName, ProjectId, ProjectName, UserId } from "../kernel/names.ts";
import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { KeychainState } from "../ports/keychain.ts";
import { type Config, EMBEDDED_ORIGIN, isSealed, readConfig, type StorageMode } from "../vault/config.ts";
import type { FoundProjectFile } from "../vault/project_file.ts";
import type { EnvironmentPlace } from "./open_environment.ts";
import type { OpenWorkspace, WorkspacePorts } from "./open_workspace.ts";
import type { Ports } from "./ports.ts";
import { leftOver, readJournal } from "./storage_journal.ts";
import { folderProject, type Selection } from "./scope.ts";

/** Differences of the active environment: names are counted, never listed here. */
export interface Drift {
  readonly synced: number;
  readonly localOnly: number;
  readonly remoteOnly: number;
  readonly outOfSync: number;
}

/** Something the person should know, with the error catalog's code and hint where it comes from there. */
export interface StatusWarning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface StatusResult {
  readonly initialised: boolean;
  readonly loggedIn: boolean;
  readonly home: string;
  readonly user?: { readonly id: UserId; readonly email: Email; readonly deviceId?: DeviceId };
  readonly server?: { readonly origin: string; readonly embedded: boolean; readonly reachable: boolean };
  readonly storageMode?: StorageMode;
  readonly workspace?: {
    readonly id: WorkspaceId;
    readonly name?: WorkspaceName;
    readonly role?: string;
    readonly allowlistEntries?: number;
  };
  readonly project?: { readonly id: ProjectId; readonly name: ProjectName; readonly folder?: string };
  readonly environment?: { readonly name: EnvironmentName };
  readonly keychain?: { readonly backend: string; readonly state: KeychainState["state"]; readonly reason?: string };
  readonly proxy?: { readonly running: boolean; readonly address?: string };
  readonly drift?: Drift;
  /** Milliseconds since the epoch; undefined when never. */
  readonly lastPull?: number;
  readonly lastPush?: number;
  readonly warnings: readonly StatusWarning[];
}

export type StatusPorts = WorkspacePorts & Pick<Ports, "broker" | "machine">;

/** Never throws for a state it can describe. @throws {AppError} `config_damaged`, `unsupported_format` of config.json */
export async function readStatus(
  ports: StatusPorts,
  signal?: AbortSignal,
  selection: Selection = {},
): Promise<StatusResult> {
  const { home } = ports.places;
  const config = await readConfig(ports.files, ports.places);
  if (config === undefined) return { initialised: false, loggedIn: false, home, warnings: [] };
  const notes = new Notes();
  const file = await notes.attempt(() => folderProject(ports));
  // A sealed vault opens for a password, which `status` never asks for.
  const sealed = isSealed(config);
  using workspace = sealed ? undefined : await notes.attempt(async () => {
    const { openWorkspace } = await import("./open_workspace.ts");
    return await openWorkspace(ports, {}, signal);
  });
  const place = workspace && await notes.attempt(() => placeIn(ports, workspace, selection, signal));
  if (file !== undefined && file.workspaceId !== config.active.workspaceId) notes.add(OTHER_WORKSPACE);
  const journal = await notes.attempt(() => readJournal(ports));
  if (journal !== undefined && leftOver(journal, config) !== undefined) notes.add(STORAGE_LEFT_OVER);
  const gap = sealed
    ? await notes.attempt(async () => await (await import("./broker/start_up_gap.ts")).startUpGap(ports))
    : undefined;
  if (gap !== undefined) notes.add(gap);
  const drift = place && await notes.attempt(() => driftOf(ports, workspace, selection, signal));
  const { userId: id, email, deviceId } = config.account;
  return {
    initialised: true,
    loggedIn: deviceId !== undefined && !notes.has("not_logged_in"),
    home,
    user: { id, email, ...(deviceId === undefined ? {} : { deviceId }) },
    server: {
      origin: config.server,
      embedded: config.server === EMBEDDED_ORIGIN,
      reachable: !notes.has("server_unreachable", "server_error"),
    },
    storageMode: config.storageMode,
    ...workspaceOf(config, file, workspace),
    ...projectOf(file, place),
    ...lastOf(config, place),
    keychain: sealed ? await sealedVault(ports) : await keychainOf(ports, config, notes, signal),
    ...await proxyOf(ports, notes),
    ...(drift === undefined ? {} : { drift }),
    warnings: notes.warnings(),
  };
}

const OTHER_WORKSPACE: StatusWarning = {
  code: "other_workspace",
  message: "This folder's project belongs to another workspace than the active one",
  hint: "Commands in this folder mean the folder's; agentsecrets workspace switch changes the active one",
};

const STORAGE_LEFT_OVER: StatusWarning = {
  code: "storage_left_over",
  message: "A move of the storage was cut off, and the vault that is not in force is still there",
  hint: "agentsecrets account storage says which command removes it",
};

/** States that the result shows in their own place; everything else that failed is a warning. */
const SHOWN: ReadonlySet<string> = new Set(["not_logged_in", "no_project"]);

/** What could not be told, each once. */
class Notes {
  readonly #failures = new Map<string, AppError>();
  readonly #added: StatusWarning[] = [];

  /** The result of `work`, or undefined with its failure noted. */
  async attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (!isAppError(error) || error.code === "cancelled") throw error;
      this.#failures.set(error.code, error);
      return undefined;
    }
  }

  add(warning: StatusWarning): void {
    this.#added.push(warning);
  }

  has(...codes: readonly string[]): boolean {
    return codes.some((code) => this.#failures.has(code));
  }

  /** The failure of a keychain that was asked, if it failed. */
  keychainFailure(): AppError | undefined {
    return [...this.#failures.values()].find((error) => error.exit === 6);
  }

  warnings(): StatusWarning[] {
    const failures = [...this.#failures.values()].filter(({ code }) => !SHOWN.has(code));
    return [
      ...failures.map(({ code, message, hint }) => ({ code, message, ...(hint === undefined ? {} : { hint }) })),
      ...this.#added,
    ];
  }
}

async function placeIn(
  ports: StatusPorts,
  workspace: OpenWorkspace,
  selection: Selection,
  signal?: AbortSignal,
): Promise<EnvironmentPlace> {
  const { findEnvironment } = await import("./open_environment.ts");
  return await findEnvironment(ports, workspace, selection, signal);
}

async function driftOf(
  ports: StatusPorts,
  workspace: OpenWorkspace,
  selection: Selection,
  signal?: AbortSignal,
): Promise<Drift> {
  const [{ diffIn }, { openIn }] = await Promise.all([
    import("./secrets/diff.ts"),
    import("./secrets/open_secrets.ts"),
  ]);
  // The workspace was verified a moment ago: nothing is fetched and checked twice.
  const input = { folder: ports.workingFolder, ...selection };
  using environment = await openIn(ports, workspace, input, () => {}, signal);
  const { differences, synced } = await diffIn(ports, environment, signal);
  const count = (status: string): number => differences.filter((difference) => difference.status === status).length;
  return {
    synced,
    localOnly: count("local_only"),
    remoteOnly: count("remote_only"),
    outOfSync: count("out_of_sync"),
  };
}

function workspaceOf(
  config: Config,
  file: FoundProjectFile | undefined,
  workspace: OpenWorkspace | undefined,
): Pick<StatusResult, "workspace"> {
  if (workspace !== undefined) {
    const { id, name, role, allowlist } = workspace;
    return { workspace: { id, name, role, allowlistEntries: allowlist.rules.length } };
  }
  const id = file?.workspaceId ?? config.active.workspaceId;
  return id === undefined ? {} : { workspace: { id } };
}

/** Verified names where there are any, else what the project file says. */
function projectOf(
  file: FoundProjectFile | undefined,
  place: EnvironmentPlace | undefined,
): Pick<StatusResult, "project" | "environment"> {
  const folder = file === undefined ? {} : { folder: file.folder };
  if (place !== undefined) {
    return {
      project: { id: place.projectId, name: place.project, ...folder },
      environment: { name: place.environment },
    };
  }
  return file === undefined ? {} : { project: { id: file.projectId, name: file.project, ...folder } };
}

function lastOf(
  { last }: Config,
  place: EnvironmentPlace | undefined,
): Pick<StatusResult, "lastPull" | "lastPush"> {
  if (place === undefined) return {};
  const pull = last.pull[place.environmentId], push = last.push[place.environmentId];
  return { ...(pull === undefined ? {} : { lastPull: pull }), ...(push === undefined ? {} : { lastPush: push }) };
}

async function keychainOf(
  ports: StatusPorts,
  { vault }: Config,
  notes: Notes,
  signal?: AbortSignal,
): Promise<NonNullable<StatusResult["keychain"]>> {
  const named = vault.kind === "system" ? "system keychain" : "vault file";
  const failure = notes.keychainFailure();
  if (failure !== undefined) {
    const state = failure.code === "keychain_absent" ? "absent" : "locked";
    return { backend: named, state, reason: failure.message };
  }
  const keychain = await notes.attempt(() => ports.keychain());
  if (keychain === undefined) return { backend: named, state: "absent" };
  const probed = await notes.attempt(() => keychain.probe(signal));
  return { backend: keychain.backend, ...(probed ?? { state: "absent" as const }) };
}

/** Open in the broker, or closed to everyone. */
async function sealedVault(ports: StatusPorts): Promise<NonNullable<StatusResult["keychain"]>> {
  const { brokerStatus } = await import("./broker/client.ts");
  const broker = await brokerStatus(ports.broker).catch(() => undefined);
  if (broker?.state === "unlocked") return { backend: "sealed vault", state: "ready", reason: "open in the proxy" };
  const reason = broker === undefined ? "no proxy has it open" : "the proxy has locked it";
  return { backend: "sealed vault", state: "locked", reason };
}

async function proxyOf(ports: StatusPorts, notes: Notes): Promise<Pick<StatusResult, "proxy">> {
  const proxy = await notes.attempt(async () => await (await import("./proxy_control.ts")).proxyStatus(ports));
  if (proxy === undefined) return {};
  if (!proxy.running) return { proxy: { running: false } };
  const address = proxy.addresses[0];
  return { proxy: { running: true, ...(address === undefined ? {} : { address }) } };
}
