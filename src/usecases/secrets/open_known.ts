/**
 * An environment as this machine knows it, without the server. Loads nothing of the ledger: `secrets list` needs no more than this.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { Keychain } from "../../ports/keychain.ts";
import { requireConfig, type StorageMode } from "../../vault/config.ts";
import { collectionOf, type LocalSecret, localSecrets } from "../../vault/local_state.ts";
import { type EnvFiles, envFilesOf } from "./env_files.ts";
import { recallPlace } from "./known_places.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** What an environment is on this machine. */
export interface LocalEnvironment {
  readonly place: EnvironmentPlace;
  readonly keychain: Keychain;
  /** The keychain's collection. */
  readonly collection: string;
  readonly storageMode: StorageMode;
  /** The project's files; undefined when the command runs outside the project's folder. */
  readonly files: EnvFiles | undefined;
  /**
   * This machine's copies when the command began, before the server was asked: whatever changes afterwards, here or there, is
   * a change in the meantime.
   */
  readonly local: ReadonlyMap<SecretName, LocalSecret>;
}

/** What this machine knows without the server, or undefined when it has not seen the environment yet. */
export async function openKnown(
  ports: SecretsPorts,
  input: EnvironmentInput,
  signal?: AbortSignal,
): Promise<LocalEnvironment | undefined> {
  const known = await recallPlace(ports, input, signal);
  return known === undefined ? undefined : await openLocal(ports, known.place, known.folder, signal);
}

/** This machine's side of `place`; `folder` is the project's, when the command runs inside it. */
export async function openLocal(
  ports: SecretsPorts,
  place: EnvironmentPlace,
  folder: string | undefined,
  signal?: AbortSignal,
): Promise<LocalEnvironment> {
  const [config, keychain] = [await requireConfig(ports.files, ports.places), await ports.keychain()];
  const collection = collectionOf(place);
  return {
    place,
    keychain,
    collection,
    storageMode: config.storageMode,
    files: folder === undefined ? undefined : await envFilesOf(ports.files, folder, place.environment),
    local: localSecrets(await keychain.list(collection, signal)),
  };
}
