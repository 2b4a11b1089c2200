/**
 * The ports that the secrets use-cases need.
 *
 * @module
 */

import type { WorkspacePorts } from "../open_workspace.ts";

export type SecretsPorts = WorkspacePorts;
