/**
 * Environments that this machine has opened before, kept in the keychain: names and ids only. They let `list` answer without
 * the server, and `set` and `delete` keep a change while the server cannot be reached.
 *
 * @module
 */

import { fromUtf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import {
  isEnvironmentId,
  isProjectId,
  isWorkspaceId,
  parseEnvironmentName,
  type ProjectId,
  type WorkspaceId,
} from "../../kernel/names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Keychain } from "../../ports/keychain.ts";
import { requireConfig } from "../../vault/config.ts";
import { findProjectFile } from "../../vault/project_file.ts";
import { activeEnvironment } from "../scope.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

const COLLECTION = "places";

/** A place as it was when the server last named it. */
export interface KnownPlace {
  readonly place: EnvironmentPlace;
  /** The project's folder, when the command runs inside it. */
  readonly folder: string | undefined;
}

/** Keeps what an opened workspace said. Writes only when something is new. */
export async function rememberPlace(keychain: Keychain, place: EnvironmentPlace, signal?: AbortSignal): Promise<void> {
  const key = { collection: COLLECTION, name: place.environmentId };
  using known = (await keychain.get(key, signal))?.value;
  using value = Secret.fromText(encode(place));
  if (known?.equals(value) === true) return;
  await keychain.apply([{ op: "put", key, meta: {}, value, label: "agentsecrets place" }], signal);
}

/**
 * The environment that `input` means, as far as this machine knows; undefined when it does not.
 *
 * @throws {AppError} `not_initialised`, `config_damaged`, `no_project`, the keychain's codes
 */
export async function recallPlace(
  ports: Pick<SecretsPorts, "files" | "places" | "keychain">,
  input: EnvironmentInput,
  signal?: AbortSignal,
): Promise<KnownPlace | undefined> {
  const config = await requireConfig(ports.files, ports.places);
  const file = await findProjectFile(ports.files, input.folder);
  const workspaceId = file?.workspaceId ?? config.active.workspaceId;
  const known = (await knownPlaces(await ports.keychain(), signal)).filter((p) => p.workspaceId === workspaceId);
  const projectId = projectOf(input, file, known);
  if (projectId === undefined || workspaceId === undefined) return undefined;
  const environment = input.environment ?? activeEnvironment(config, projectId, file);
  const place = known.find((p) => p.projectId === projectId && p.environment === environment);
  if (place === undefined) return undefined;
  return { place, folder: file?.projectId === projectId ? file.folder : undefined };
}

function projectOf(
  input: EnvironmentInput,
  file: { readonly projectId: ProjectId; readonly workspaceId: WorkspaceId } | undefined,
  known: readonly EnvironmentPlace[],
): ProjectId | undefined {
  if (input.project !== undefined) {
    return known.find((p) => p.project === input.project || p.projectId === input.project)?.projectId;
  }
  if (file === undefined) throw new AppError("no_project");
  return file.projectId;
}

async function knownPlaces(keychain: Keychain, signal?: AbortSignal): Promise<EnvironmentPlace[]> {
  const names = (await keychain.list(COLLECTION, signal)).map(({ name }) => name);
  const items = names.length === 0 ? [] : await keychain.getMany(COLLECTION, names, signal);
  return items.flatMap((item) => {
    using value = item.value;
    // EXPOSE: the item holds names and ids of a place, no secret value
    const place = value.expose((bytes) => decode(fromUtf8(bytes)));
    return place === undefined ? [] : [place];
  });
}

function encode(place: EnvironmentPlace): string {
  const { workspaceId, workspace, projectId, project, environmentId, environment } = place;
  return JSON.stringify([1, workspaceId, workspace, projectId, project, environmentId, environment]);
}

/** A place that cannot be read counts as not known: the server names it again. */
function decode(text: string): EnvironmentPlace | undefined {
  try {
    const list: unknown = JSON.parse(text);
    if (!Array.isArray(list) || list.length !== 7 || list[0] !== 1) return undefined;
    const [, workspaceId, workspace, projectId, project, environmentId, environment] = list.map(String) as [
      string,
      ...string[],
    ];
    if (!isWorkspaceId(workspaceId!) || !isProjectId(projectId!) || !isEnvironmentId(environmentId!)) return undefined;
    return {
      workspaceId,
      workspace: workspace!,
      projectId,
      project: project!,
      environmentId,
      environment: parseEnvironmentName(environment!),
    };
  } catch {
    return undefined;
  }
}
