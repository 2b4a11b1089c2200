/**
 * The audit log of this machine as its device writes it: signed by D, its checkpoint in the keychain.
 *
 * @module
 */

import { Secret } from "../kernel/secret.ts";
import type { Keychain } from "../ports/keychain.ts";
import {
  type AuditCheckpoint,
  type AuditRecorder,
  ChainedRecorder,
  type CheckpointStore,
  type NewestPlace,
} from "../proxy/audit_recorder.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import type { Device } from "./open_device.ts";

const KEY = { collection: "audit", name: "checkpoint" } as const;

/** The checkpoint as a keychain item: its facts are public and stand in the item's meta. */
export class KeychainCheckpoints implements CheckpointStore {
  readonly #keychain: Keychain;

  constructor(keychain: Keychain) {
    this.#keychain = keychain;
  }

  async read(): Promise<AuditCheckpoint | undefined> {
    const item = await this.#keychain.get(KEY);
    if (item === undefined) return undefined;
    item.value.dispose();
    return { seq: Number(item.meta.seq), hash: item.meta.hash ?? "" };
  }

  async write({ seq, hash }: AuditCheckpoint): Promise<void> {
    using value = Secret.fromText("-");
    const change = { op: "put", key: KEY, meta: { seq: String(seq), hash }, value } as const;
    await this.#keychain.apply([{ ...change, label: "agentsecrets audit checkpoint" }]);
  }
}

/**
 * A recorder that signs with the device's key: usable until the device is disposed of.
 *
 * @param newest Told of every place that it reaches, with the keychain that vouches for it
 */
export async function openRecorder(
  ports: Pick<WorldWithEngine, "auditSink" | "clock" | "random">,
  device: Device,
  newest?: NewestPlace,
): Promise<AuditRecorder> {
  const { deviceKey, keychain } = device;
  const signer = { key: deviceKey.publicKeyText, sign: (message: Uint8Array) => deviceKey.sign(message) };
  const checkpoints = new KeychainCheckpoints(keychain);
  return new ChainedRecorder(await ports.auditSink(), signer, checkpoints, ports.clock, ports.random, newest);
}
