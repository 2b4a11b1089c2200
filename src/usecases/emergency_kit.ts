/**
 * The Emergency Kit: what a person prints and puts away. Its text holds the account key and, when it was just made, the
 * recovery code, so it travels as a `Secret` and goes to a terminal or into a 0600 file, nowhere else.
 *
 * @module
 */

import { concat, utf8 } from "../kernel/bytes.ts";
import type { Email, UserId } from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import { EMBEDDED_ORIGIN } from "../vault/config.ts";
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

/** A local account's server data exist once: the kit alone brings nothing back. */
const BACKUP = `
This account lives on one machine: back up its data folder (~/.agentsecrets) too.`;

/** What a kit is made of. The kit owns the two secrets. */
export type EmergencyKitParts = Omit<EmergencyKit, "hasRecoveryCode" | "text" | typeof Symbol.dispose>;

/** Lays out the page. */
export function makeEmergencyKit(parts: EmergencyKitParts): EmergencyKit {
  const { accountKey, recoveryCode } = parts;
  const text = page(parts);
  return {
    ...parts,
    hasRecoveryCode: recoveryCode !== undefined,
    text,
    [Symbol.dispose]: () => {
      for (const secret of [accountKey, recoveryCode, text]) secret?.dispose();
    },
  };
}

/** Writes the kit's page to a new file with mode 0600. @throws {AppError} `file_exists`, `file_unwritable`, `disk_full` */
export async function saveEmergencyKit(ports: Pick<Ports, "files">, kit: EmergencyKit, path: string): Promise<void> {
  const { files } = ports;
  // EXPOSE: the page's bytes go into a new file that only its owner can read
  await kit.text.expose((bytes) => files.create(path, bytes, { mode: 0o600 }));
}

function page(kit: EmergencyKitParts): Secret {
  const head = `AgentSecrets Emergency Kit

Keep this on paper or on a drive in a safe place. With the account key and your password you
log in again; with the recovery code you get back in when the password is forgotten.
Nobody else has a copy, and nobody can make one.${kit.server === EMBEDDED_ORIGIN ? BACKUP : ""}

  E-mail          ${kit.email}
  Server          ${kit.server}
  Account         ${kit.userId}
  Fingerprint     ${kit.fingerprint}
  Made on         ${new Date(kit.createdAt).toISOString().slice(0, 10)}

  Account key     `;
  const none = "shown once, when it was made (agentsecrets account kit --new-recovery-code makes another)";
  const parts: Uint8Array[] = [utf8(head)];
  // EXPOSE: the account key becomes part of the page, a Secret itself
  kit.accountKey.expose((bytes) => parts.push(bytes.slice()));
  parts.push(utf8("\n  Recovery code   "));
  if (kit.recoveryCode === undefined) parts.push(utf8(none));
  // EXPOSE: the recovery code becomes part of the page, a Secret itself
  else kit.recoveryCode.expose((bytes) => parts.push(bytes.slice()));
  parts.push(utf8("\n\n  Password        ______________________________ (only if you must write it down)\n"));
  const text = concat(...parts);
  for (const part of parts) part.fill(0);
  return Secret.take(text);
}
