/**
 * A `.env` file as a third side beside keychain and server: which of its names hold something else than the keychain does, and
 * whether the file or the keychain is known to be the later one.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { dotenvWarnings, readDotenvFile } from "./env_files.ts";
import type { LocalEnvironment } from "./open_known.ts";
import type { SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** One name whose value in the file is not the keychain's. */
export interface DotenvDifference {
  readonly name: SecretName;
  /**
   * `new`: the keychain does not have it. `edited`: it had the keychain's value before, so the file is later. `unclear`: either
   * may be the later one.
   */
  readonly kind: "new" | "edited" | "unclear";
  readonly value: Secret;
}

/** The file, held against the keychain. Disposing wipes its values. */
export interface DotenvSide extends Disposable {
  readonly path: string;
  readonly differences: ReadonlyMap<SecretName, DotenvDifference>;
  /** Names that hold the keychain's value, with it. */
  readonly equal: ReadonlyMap<SecretName, Secret>;
  readonly warnings: readonly SecretsWarning[];
}

/**
 * Reads the environment's `.env` file; undefined when there is none or the command runs outside the project's folder.
 *
 * @throws {AppError} `invalid_input`, `file_unreadable`, the keychain's codes
 */
export async function readDotenvSide(
  ports: SecretsPorts,
  environment: LocalEnvironment,
  signal?: AbortSignal,
): Promise<DotenvSide | undefined> {
  const { files, local, keychain, collection } = environment;
  const content = files === undefined ? undefined : await readDotenvFile(ports.files, files.dotenv);
  if (files === undefined || content === undefined) return undefined;
  const { values } = content;
  const dispose = (): void => values.forEach((value) => value.dispose());
  try {
    const shared = [...values.keys()].filter((name) => local.has(name) && local.get(name)!.state !== "deleted");
    const items = shared.length === 0 ? [] : await keychain.getMany(collection, shared, signal);
    const differences = new Map<SecretName, DotenvDifference>();
    const equal = new Map<SecretName, Secret>();
    for (const item of items) {
      const name = item.name as SecretName, value = values.get(name)!;
      if (value.equals(item.value)) equal.set(name, value);
      item.value.dispose();
    }
    for (const [name, value] of values) {
      if (equal.has(name)) continue;
      const here = local.get(name);
      const kind = here === undefined ? "new" : here.dotenv === files.mark ? "edited" : "unclear";
      differences.set(name, { name, kind, value });
    }
    const warnings = dotenvWarnings(content, files.dotenv);
    return { path: files.dotenv, differences, equal, warnings, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
