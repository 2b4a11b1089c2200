/**
 * An environment as its verified head commit says it is: which names it holds in which versions, and their values on demand.
 *
 * Nothing here asks the server: {@linkcode VerifiedSnapshot} is made of a state that src/ledger has verified and of envelopes
 * whose hashes that state names (docs/spec/protocol.md §4). A snapshot opens only what it must: names that this machine knows
 * are recognised by their keyed hash, so comparing needs no value.
 *
 * @module
 */

import { envelopeEpoch } from "../crypto/envelope.ts";
import { deriveSid, openSecret, type SecretContent } from "../crypto/secret_envelope.ts";
import { envelopeHash } from "../crypto/verify/snapshot_root.ts";
import { AppError } from "../kernel/error.ts";
import type { SecretName, Sid } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { EnvironmentPlace, EnvironmentState } from "../ledger/environment_state.ts";
import type { RemoteVersion } from "./compare.ts";

/** Keys that open an environment's secrets. */
export interface SnapshotKeys {
  /** K_name of the project. */
  readonly nameKey: Secret;
  /** K_env by epoch. */
  readonly environmentKeys: ReadonlyMap<number, Secret>;
}

/** A secret of a snapshot. */
export interface RemoteSecret extends RemoteVersion {
  readonly name: SecretName;
  readonly sid: Sid;
}

/** An envelope and the version it is of. */
export interface VersionedEnvelope {
  readonly sid: Sid;
  readonly version: number;
  readonly envelope: Uint8Array;
}

/** Opens one version. The caller disposes of the value. @throws {AppError} `decryption_failed`, `unsupported_format` */
export function openVersion(place: EnvironmentPlace, keys: SnapshotKeys, item: VersionedEnvelope): SecretContent {
  // The header's epoch only picks a key: an envelope of another epoch does not open under it.
  const epoch = envelopeEpoch(item.envelope) ?? 0;
  const environment = keys.environmentKeys.get(epoch);
  if (environment === undefined) throw new AppError("decryption_failed", { what: "a secret" });
  const at = { ...place, sid: item.sid, ver: item.version, epoch };
  return openSecret({ environment, name: keys.nameKey }, at, item.envelope);
}

/** A verified environment with the keys to it. Does not own the keys. */
export class VerifiedSnapshot {
  readonly state: EnvironmentState;
  readonly #keys: SnapshotKeys;
  readonly #envelopes: ReadonlyMap<Sid, Uint8Array>;

  /**
   * @param envelopes One for every secret of `state` that is not deleted, no others.
   * @throws {AppError} `snapshot_invalid` when an envelope is missing, added or not the one that the head commit names
   */
  constructor(
    state: EnvironmentState,
    envelopes: ReadonlyMap<Sid, Uint8Array>,
    keys: SnapshotKeys,
    environment: string,
  ) {
    const refuse = (reason: string): AppError => new AppError("snapshot_invalid", { environment, reason });
    let live = 0;
    for (const { sid, h } of state.items.values()) {
      const envelope = envelopes.get(sid);
      if (h === null) continue;
      live += 1;
      if (envelope === undefined) throw refuse("the envelope of a secret is missing");
      if (envelopeHash(envelope) !== h) throw refuse("an envelope is not the one that was committed");
    }
    if (live !== envelopes.size) throw refuse("it holds an envelope that was not committed");
    this.state = state;
    this.#keys = keys;
    this.#envelopes = envelopes;
  }

  /**
   * Every secret, and the deletions of those among `known`: the names of other deletions are gone with their envelopes.
   *
   * @throws {AppError} `decryption_failed`
   */
  secrets(known: Iterable<SecretName>): Map<SecretName, RemoteSecret> {
    const names = new Map<Sid, SecretName>();
    for (const name of known) names.set(this.sidOf(name), name);
    const secrets = new Map<SecretName, RemoteSecret>();
    for (const { sid, ver, h } of this.state.items.values()) {
      const name = names.get(sid) ?? (h === null ? undefined : this.#nameOf(sid));
      if (name !== undefined) secrets.set(name, { name, sid, version: ver, deleted: h === null });
    }
    return secrets;
  }

  /** The server's handle of a name. */
  sidOf(name: SecretName): Sid {
    return deriveSid(this.#keys.nameKey, name);
  }

  /** The current content of a secret that is not deleted. The caller disposes of its value. @throws {AppError} `decryption_failed` */
  open(sid: Sid): SecretContent {
    const envelope = this.#envelopes.get(sid), item = this.state.items.get(sid);
    if (envelope === undefined || item === undefined) throw new RangeError("no such secret in the snapshot");
    return openVersion(this.state.place, this.#keys, { sid, version: item.ver, envelope });
  }

  #nameOf(sid: Sid): SecretName {
    const { name, value } = this.open(sid);
    value.dispose();
    return name;
  }
}
