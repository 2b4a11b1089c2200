/**
 * {@linkcode RemoteEnvironment}: the server's side of one environment. What it gives out has been verified against the workspace
 * log and this device's pin; what it sends is signed by the device (docs/spec/protocol.md §4).
 *
 * @module
 */

import type { SignedEntry } from "../../contract/entry_fields.ts";
import type { Snapshot } from "../../contract/environments.ts";
import { deriveSid, type SecretContent } from "../../crypto/secret_envelope.ts";
import { signEntry } from "../../crypto/sign_entry.ts";
import { sha256Text } from "../../crypto/verify/sha256.ts";
import { envelopeHash } from "../../crypto/verify/snapshot_root.ts";
import { fromBase64Url } from "../../kernel/encoding.ts";
import { AppError, isAppError } from "../../kernel/error.ts";
import type { SecretName, Sid } from "../../kernel/names.ts";
import { authorOf, buildCommit } from "../../ledger/build_entry.ts";
import {
  appendCommits,
  type CommitContext,
  replayEnvironment,
  verifySnapshot,
} from "../../ledger/environment_chain.ts";
import type { ChangeRecord, EnvironmentPlace as ChainPlace, EnvironmentState } from "../../ledger/environment_state.ts";
import { checkPin } from "../../ledger/pin.ts";
import { keyEpoch, needsRotation } from "../../ledger/workspace_state.ts";
import type { Pin } from "../../vault/pins.ts";
import { type PlannedChange, sealChanges, type SealedChange } from "../../vault/seal.ts";
import { openVersion, VerifiedSnapshot } from "../../vault/snapshot.ts";
import type { EnvironmentKeys } from "../open_environment.ts";
import { type OpenWorkspace, verifyWorkspace } from "../open_workspace.ts";
import { advancePins, readPins } from "../pin_store.ts";
import type { EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** What judges commits: the log that was verified when the command began, or a longer one. */
type Verified = Pick<OpenWorkspace, "state" | "accounts" | "account">;

/** One environment on the server, as an opened workspace reaches it. Does not own workspace and keys. */
export class RemoteEnvironment {
  readonly place: EnvironmentPlace;
  readonly #ports: SecretsPorts;
  readonly #workspace: OpenWorkspace;
  readonly #keys: EnvironmentKeys;
  readonly #chainPlace: ChainPlace;
  #verified: Verified;
  /** Hashes of the commits that were verified here, by their number; the last one is what the pin may advance to. */
  readonly #hashes = new Map<number, string>();
  #head: Pin | undefined;

  constructor(ports: SecretsPorts, workspace: OpenWorkspace, place: EnvironmentPlace, keys: EnvironmentKeys) {
    this.place = place;
    this.#ports = ports;
    this.#workspace = workspace;
    this.#keys = keys;
    this.#verified = workspace;
    this.#chainPlace = { ws: place.workspaceId, project: place.projectId, env: place.environmentId };
  }

  /**
   * The environment now.
   *
   * @throws {AppError} `signature_invalid`, `log_invalid`, `snapshot_invalid`, `pin_mismatch`, `server_unreachable`
   */
  async fetch(signal?: AbortSignal): Promise<VerifiedSnapshot> {
    // The pin before the snapshot: another command may advance it meanwhile, and that is no rollback.
    const pin = await this.#pin(signal);
    const wire = await this.#workspace.client.snapshot(this.place.environmentId, signal);
    const since = await this.#since(wire, pin, signal);
    const state = await this.#judged((context) => stateOf(this.#chainPlace, wire, since, context, pin), signal);
    if (pin !== undefined) this.#hashes.set(pin.seq, pin.hash);
    for (const [i, entry] of since.entries()) this.#hashes.set(pin!.seq + 1 + i, hashOf(entry));
    this.#reached(state);
    const envelopes = new Map<Sid, Uint8Array>();
    for (const { sid, envelope } of wire.items) if (envelope !== null) envelopes.set(sid, envelope);
    return new VerifiedSnapshot(state, envelopes, this.#keys, this.place.environment);
  }

  /** The server's handle of a name. */
  sidOf(name: SecretName): Sid {
    return deriveSid(this.#keys.nameKey, name);
  }

  /** Seals changes under the environment's current key. @throws {AppError} `stale_epoch`, `role_required`, `invalid_value` */
  seal(changes: readonly PlannedChange[]): SealedChange[] {
    return sealChanges(this.#chainPlace, this.#keys, this.#epoch(), changes, this.#ports.random);
  }

  /**
   * Commits `changes` after `state` and gives the state after them. Durable on the server when it returns.
   *
   * @throws {AppError} `head_moved` when somebody else was first, `stale_epoch`, `role_required`, `server_unreachable`
   */
  async append(
    state: EnvironmentState,
    changes: readonly SealedChange[],
    signal?: AbortSignal,
  ): Promise<EnvironmentState> {
    const { device, client } = this.#workspace;
    const commit = signEntry(
      buildCommit(state, {
        epoch: this.#epoch(),
        wsHead: this.#verified.state.head,
        author: authorOf(this.#verified.account, device.deviceKey.publicKeyText),
        changes: changes.map(({ change }) => change),
        ts: this.#ports.clock.now(),
      }),
      device.deviceKey,
    );
    // By our own rules first: what we would refuse to read must never be written.
    const next = appendCommits(state, [commit], contextOf(this.#verified));
    const envelopes = changes.flatMap(({ envelope }) => (envelope === undefined ? [] : [envelope]));
    try {
      await client.postCommit(this.place.environmentId, state.head?.seq ?? 0, commit, envelopes, signal);
    } catch (error) {
      // A longer workspace or account log: the next attempt must name it.
      if (isAppError(error, "head_moved")) await this.#refresh(signal);
      throw error;
    }
    this.#reached(next);
    return next;
  }

  /** Pins the newest head that was verified or written here. Only after everything else is done. @throws {AppError} `pin_mismatch` */
  async advancePin(signal?: AbortSignal): Promise<void> {
    const pin = this.#head;
    if (pin === undefined) return;
    const chain = { pin, hashAt: (seq: number) => this.#hashes.get(seq) };
    const { device, client } = this.#workspace;
    const environments = new Map([[this.place.environmentId, chain]]);
    await advancePins(this.#ports, device, client, { environments }, signal);
  }

  /**
   * Every change of one secret, oldest first, from the whole verified chain.
   *
   * @throws {AppError} `signature_invalid`, `log_invalid`, `pin_mismatch`, `server_unreachable`
   */
  async changesOf(sid: Sid, signal?: AbortSignal): Promise<readonly ChangeRecord[]> {
    const pin = await this.#pin(signal);
    const { commits } = await this.#workspace.client.commits(this.place.environmentId, 0, signal);
    const { changes } = await this.#judged((context) => replayEnvironment(this.#chainPlace, commits, context), signal);
    checkPin(`the environment ${this.place.environment}`, commits.map(hashOf), pin);
    return changes.filter((change) => change.sid === sid);
  }

  /**
   * The content of one version, whose hash must be the one that its commit names. Undefined when the server has no envelope for
   * it. The caller disposes of the value.
   *
   * @throws {AppError} `snapshot_invalid`, `decryption_failed`, `server_unreachable`
   */
  async contentOf(change: ChangeRecord, signal?: AbortSignal): Promise<SecretContent | undefined> {
    const versions = await this.#workspace.client.versions(this.place.environmentId, change.sid, signal);
    const envelope = versions.find(({ ver }) => ver === change.ver)?.envelope;
    if (envelope === undefined || envelope === null) return undefined;
    if (envelopeHash(envelope) !== change.h) {
      const reason = "an old version is not the one that was committed";
      throw new AppError("snapshot_invalid", { environment: this.place.environment, reason });
    }
    return openVersion(this.#chainPlace, this.#keys, { sid: change.sid, version: change.ver, envelope });
  }

  async #pin(signal?: AbortSignal): Promise<Pin | undefined> {
    return (await readPins(this.#workspace.device.keychain, signal)).environments[this.place.environmentId];
  }

  /** The commits between the pin and the snapshot's head: they must lead from one to the other. */
  async #since(wire: Snapshot, pin: Pin | undefined, signal?: AbortSignal): Promise<readonly SignedEntry[]> {
    if (pin === undefined || wire.head === null || wire.head.seq <= pin.seq) return [];
    const { commits } = await this.#workspace.client.commits(this.place.environmentId, pin.seq, signal);
    return commits.slice(0, wire.head.seq - pin.seq);
  }

  /** Runs a verification; when it fails and the workspace log has grown since, once more with the longer one. */
  async #judged<T>(verify: (context: CommitContext) => T, signal?: AbortSignal): Promise<T> {
    try {
      return verify(contextOf(this.#verified));
    } catch (error) {
      if (!isAppError(error, "log_invalid") || !await this.#refresh(signal)) throw error;
      return verify(contextOf(this.#verified));
    }
  }

  /** Verifies the workspace anew; whether its log or the account's has grown. */
  async #refresh(signal?: AbortSignal): Promise<boolean> {
    const { device, client, id } = this.#workspace;
    const { state, accounts, account } = await verifyWorkspace(this.#ports, device, client, id, signal);
    const before = this.#verified;
    this.#verified = { state, accounts, account };
    return state.head.seq > before.state.head.seq || account.head.seq > before.account.head.seq;
  }

  #epoch(): number {
    const environment = this.#verified.state.environments.get(this.place.environmentId);
    const epoch = environment === undefined ? undefined : keyEpoch(environment)?.epoch;
    if (environment === undefined || epoch === undefined || needsRotation(this.#verified.state, environment)) {
      throw new AppError("stale_epoch", { environment: this.place.environment });
    }
    return epoch;
  }

  #reached({ head }: EnvironmentState): void {
    if (head === undefined) return;
    this.#hashes.set(head.seq, head.hash);
    this.#head = head;
  }
}

function contextOf({ state, accounts }: Verified): CommitContext {
  return { workspace: state, accounts };
}

function hashOf(entry: SignedEntry): string {
  return sha256Text(fromBase64Url(entry.body)!);
}

/** Hashes are computed from the bytes that came; the server's own are never used. */
function stateOf(
  place: ChainPlace,
  wire: Snapshot,
  since: readonly SignedEntry[],
  context: CommitContext,
  pin: Pin | undefined,
): EnvironmentState {
  const items = wire.items.map(({ sid, ver, envelope }) => {
    return { sid, ver, h: envelope === null ? null : envelopeHash(envelope) };
  });
  return verifySnapshot(place, { head: wire.commit ?? undefined, items, since }, context, pin);
}
