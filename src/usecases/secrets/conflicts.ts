/** Conflicts as results show them. @module */

import type { SecretName } from "../../kernel/names.ts";
import type { RemoteVersion } from "../../vault/compare.ts";
import type { LocalSecret } from "../../vault/local_state.ts";
import type { SecretConflict } from "./outcome.ts";

/**
 * A conflict between this machine's side and the server's. `here` is `"file"` where a `.env` file holds something else than the
 * keychain; then `base` is the keychain's version.
 */
export function conflictOf(
  name: SecretName,
  here: LocalSecret | "file",
  remote: RemoteVersion | undefined,
  base: number = here === "file" ? 0 : here.baseVersion,
): SecretConflict {
  const moved = remote !== undefined && remote.version !== base;
  return {
    name,
    here: here === "file" ? "file" : here.state === "deleted" ? "deleted" : "modified",
    there: !moved ? "unchanged" : remote.deleted ? "deleted" : "modified",
    baseVersion: base,
    ...(remote === undefined ? {} : { remoteVersion: remote.version }),
  };
}
