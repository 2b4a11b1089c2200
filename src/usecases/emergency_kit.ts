/**
 * The Emergency Kit: what a person prints and puts away. Its text holds the account key and, when it was just made, the
 * recovery code, so it travels as a `Secret` and goes to a terminal or into a 0600 file, nowhere else.
 *
 * @module
 */

import type { Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Ports } from "./ports.ts";

export interface EmergencyKit extends Disposable {
  readonly email: Email;
  readonly userId: UserId;
  readonly server: string;
  /** The account's fingerprint: 30 digits in groups of five. Public. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Whether the text has a recovery code: only where one was just made. */
  readonly hasRecoveryCode: boolean;
  /** `AS1-…` */
  readonly accountKey: Secret;
  /** `ASR1-…`, only where it was just made: no copy is kept anywhere. */
  readonly recoveryCode?: Secret;
  /** The whole page, ready to print, ending with a newline. */
  readonly text: Secret;
}

/** Writes the kit's page to a new file with mode 0600. @throws {AppError} `file_exists`, `file_unwritable`, `disk_full` */
export declare function saveEmergencyKit(ports: Pick<Ports, "files">, kit: EmergencyKit, path: string): Promise<void>;
