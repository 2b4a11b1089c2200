/**
 * The ports that the secrets use-cases need.
 *
 * @module
 */

import type { Clock } from "../../ports/clock.ts";
import type { Files } from "../../ports/files.ts";
import type { Keychain } from "../../ports/keychain.ts";
import type { Random } from "../../ports/random.ts";
import type { SyncTransport } from "../../ports/sync_transport.ts";

export interface SecretsPorts {
  readonly home: string;
  readonly clock: Clock;
  readonly files: Files;
  readonly random: Random;
  keychain(): Promise<Keychain>;
  transport(): Promise<SyncTransport>;
}
