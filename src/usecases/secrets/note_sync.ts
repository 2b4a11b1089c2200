/** When an environment was last pulled and pushed on this machine, for `status`. @module */

import type { EnvironmentId } from "../../kernel/names.ts";
import { updateConfig } from "../../vault/config.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/**
 * Notes that a pull or a push (by any command that stores) of `environment` has just succeeded.
 *
 * @throws {AppError} those of {@linkcode updateConfig}
 */
export async function noteSync(
  ports: Pick<SecretsPorts, "clock" | "files" | "places">,
  what: "pull" | "push",
  environment: EnvironmentId,
): Promise<void> {
  const now = ports.clock.now();
  await updateConfig(ports.files, ports.places, (config) => {
    return { ...config, last: { ...config.last, [what]: { ...config.last[what], [environment]: now } } };
  });
}
