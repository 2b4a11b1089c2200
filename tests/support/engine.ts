/**
 * The real engine with real parts around it: the keychain reader over a keychain in memory, the audit log in a temporary folder,
 * connections through the real upstream adapter. Only names are resolved by a table, so that a test can say what DNS answers.
 *
 * @module
 */

import { FileAuditSink } from "../../src/adapters/audit_sink/file.ts";
import { MemoryKeychain } from "../../src/adapters/keychain/memory.ts";
import { PinnedUpstream } from "../../src/adapters/upstream/pinned.ts";
import { SigningKey } from "../../src/crypto/keys.ts";
import { AppError } from "../../src/kernel/error.ts";
import type { EnvironmentId, EnvironmentName, ProjectId, SecretName, WorkspaceId } from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Dns } from "../../src/ports/dns.ts";
import type { SecretBinding } from "../../src/ports/secret_reader.ts";
import type { Upstream } from "../../src/ports/upstream.ts";
import { parseLine } from "../../src/proxy/audit_line.ts";
import { type AuditCheckpoint, ChainedRecorder, type CheckpointStore } from "../../src/proxy/audit_recorder.ts";
import type { AuditRecord } from "../../src/proxy/audit_record.ts";
import type { CallContext, CallRequest, CallResponse, CallSocket, InjectionLine } from "../../src/proxy/door.ts";
import { Engine } from "../../src/proxy/engine.ts";
import { KeychainSecretReader } from "../../src/vault/keychain_secret_reader.ts";
import { collectionOf, metaOf } from "../../src/vault/local_state.ts";
import { FakeClock } from "./fake_clock.ts";
import { seededRandom } from "./seeded_random.ts";

export const SCOPE = {
  workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
  projectId: `p_${"b".repeat(16)}` as ProjectId,
  environmentId: `e_${"c".repeat(16)}` as EnvironmentId,
};

/** Names answered from a table; everything else does not exist. */
export class TableDns implements Dns {
  readonly asked: string[] = [];

  constructor(readonly table: Record<string, readonly string[]>) {}

  resolve(host: string): Promise<readonly string[]> {
    this.asked.push(host);
    const found = this.table[host];
    if (found === undefined) throw new AppError("upstream_dns", { domain: host });
    return Promise.resolve(found);
  }
}

/** A checkpoint in memory. */
export class MemoryCheckpoints implements CheckpointStore {
  checkpoint: AuditCheckpoint | undefined;

  read(): Promise<AuditCheckpoint | undefined> {
    return Promise.resolve(this.checkpoint);
  }

  write(checkpoint: AuditCheckpoint): Promise<void> {
    this.checkpoint = checkpoint;
    return Promise.resolve();
  }
}

/** What a test gives. */
export interface TestEngineOptions {
  readonly caPem?: string;
  /** Allowlist entries. */
  readonly allow: readonly string[];
  readonly dns?: Record<string, readonly string[]>;
  readonly secrets?: Readonly<Record<string, string | Uint8Array>>;
  readonly bindings?: Readonly<Record<string, SecretBinding>>;
  /** In place of the real one. */
  readonly upstream?: Upstream;
}

/** A call, as short as tests want it. */
export interface TestCall extends Partial<Omit<CallRequest, "injections">> {
  readonly target: string;
  readonly inject?: readonly InjectionLine[];
}

/** The engine, running. */
export class TestEngine {
  readonly engine: Engine;
  readonly sink: FileAuditSink;
  readonly keychain = new MemoryKeychain();
  readonly checkpoints = new MemoryCheckpoints();
  readonly dns: TableDns;
  readonly signer = SigningKey.generate(seededRandom("device"));
  readonly folder: string;
  allow: readonly string[];
  readonly #recorder: ChainedRecorder;
  readonly #upstream: Upstream;

  private constructor(options: TestEngineOptions, folder: string) {
    this.folder = folder;
    this.allow = options.allow;
    this.dns = new TableDns(options.dns ?? { localhost: ["127.0.0.1"], "api.example.test": ["127.0.0.1"] });
    this.#upstream = options.upstream ??
      new PinnedUpstream({ caCerts: options.caPem === undefined ? [] : [options.caPem] });
    const clock = new FakeClock();
    this.sink = new FileAuditSink({ path: `${folder}/proxy.log`, lockPath: `${folder}/locks/audit.lock` });
    const signer = { key: this.signer.publicKeyText, sign: (m: Uint8Array) => this.signer.sign(m) };
    this.#recorder = new ChainedRecorder(this.sink, signer, this.checkpoints, clock, seededRandom("ids"));
    const secrets = new KeychainSecretReader(this.keychain);
    const { dns } = this;
    this.engine = new Engine({ secrets, dns, clock, upstream: () => Promise.resolve(this.#upstream) });
  }

  static async start(options: TestEngineOptions): Promise<TestEngine> {
    const test = new TestEngine(options, await Deno.makeTempDir());
    for (const [name, value] of Object.entries(options.secrets ?? {})) {
      await test.set(name, value, options.bindings?.[name]);
    }
    return test;
  }

  async set(name: string, value: string | Uint8Array, binding: SecretBinding = {}): Promise<void> {
    using secret = typeof value === "string" ? Secret.fromText(value) : Secret.copyOf(value);
    const key = { collection: collectionOf(SCOPE), name: name as SecretName };
    const meta = metaOf({ state: "synced", baseVersion: 1, binding });
    await this.keychain.apply([{ op: "put", key, meta, value: secret }]);
  }

  call(call: TestCall, signal?: AbortSignal): Promise<CallResponse> {
    const { request, context } = this.#prepared(call);
    return this.engine.call(request, context, this.#recorder, signal);
  }

  connect(call: TestCall, signal?: AbortSignal): Promise<CallSocket> {
    const { request, context } = this.#prepared(call);
    return this.engine.connect(request, context, this.#recorder, signal);
  }

  #prepared(call: TestCall): { readonly request: CallRequest; readonly context: CallContext } {
    const context: CallContext = {
      scope: SCOPE,
      environment: "development" as EnvironmentName,
      allowlist: { version: 7, entries: this.allow },
      callerRole: "owner",
    };
    const { inject, ...rest } = call;
    const request: CallRequest = {
      method: "GET",
      headers: [],
      caller: { level: "user", agentId: "", tokenId: "", sessionId: "" },
      path: "call",
      ...rest,
      injections: inject ?? [],
    };
    return { request, context };
  }

  /** The records so far, oldest first. */
  async records(): Promise<AuditRecord[]> {
    const lines = await Array.fromAsync(this.sink.lines());
    return lines.map((line) => parseLine(line)!);
  }

  async close(): Promise<void> {
    this.engine[Symbol.dispose]();
    this.signer[Symbol.dispose]();
    await this.#upstream.close();
    await this.sink.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The whole body as text. */
export async function textOf(response: CallResponse): Promise<string> {
  return response.body === null ? "" : await new Response(response.body).text();
}

/** A header of the answer. */
export function headerOf(response: CallResponse, name: string): string | undefined {
  return response.headers.find(([key]) => key === name)?.[1];
}
