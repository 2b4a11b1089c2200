/**
 * A real sync server on a database in a temporary folder, and people who speak its protocol with real keys. What they seal is
 * filler: the server cannot tell, which is the point of it.
 */
import { EmbeddedTransport } from "../../src/adapters/sync_transport/embedded.ts";
import { SqliteBlobStore } from "../../src/adapters/blob_store/sqlite.ts";
import { SyncClient } from "../../src/cloud/client.ts";
import type { SessionStore } from "../../src/cloud/session.ts";
import type { RegisterRequest, Session } from "../../src/contract/auth.ts";
import type { SignedEntry } from "../../src/contract/entry_fields.ts";
import type { CommitChange } from "../../src/contract/environment_commits.ts";
import type { AppendWorkspace, GrantUpload } from "../../src/contract/workspaces.ts";
import { ReceivingKey, SigningKey } from "../../src/crypto/keys.ts";
import { signChallenge, signEntry } from "../../src/crypto/sign_entry.ts";
import { sha256Text } from "../../src/crypto/verify/sha256.ts";
import { type Bytes, concat, type RandomBytes, u32be, utf8 } from "../../src/kernel/bytes.ts";
import { toBase32, toBase64Url, toHex } from "../../src/kernel/encoding.ts";
import type { DeviceId, Email, EnvironmentId, ProjectId, Sid, UserId, WorkspaceId } from "../../src/kernel/names.ts";
import { appendAccountEntries, replayAccountLog } from "../../src/ledger/account_log.ts";
import type { AccountState } from "../../src/ledger/account_state.ts";
import {
  authorOf,
  buildAccountEntry,
  buildCommit,
  buildWorkspaceEntry,
  buildWorkspaceGenesis,
} from "../../src/ledger/build_entry.ts";
import { nextVersion } from "../../src/ledger/changes.ts";
import { appendCommits, emptyEnvironment } from "../../src/ledger/environment_chain.ts";
import type { EnvironmentState } from "../../src/ledger/environment_state.ts";
import { appendWorkspaceEntries, replayWorkspaceLog } from "../../src/ledger/workspace_log.ts";
import { keyEpoch, type WorkspaceState } from "../../src/ledger/workspace_state.ts";
import { createSyncServer, type SyncServer } from "../../src/server/app.ts";
import type { ServerParts } from "../../src/server/context.ts";
import { FakeClock } from "./fake_clock.ts";
import { seededRandom } from "./seeded_random.ts";

/** A server, its database and its clock. Dispose of it to remove the folder. */
export class TestServer implements AsyncDisposable {
  readonly folder: string;
  readonly clock: FakeClock;
  readonly random: RandomBytes;
  readonly store: SqliteBlobStore;
  readonly handle: SyncServer;
  readonly transport: EmbeddedTransport;

  private constructor(
    folder: string,
    clock: FakeClock,
    random: RandomBytes,
    store: SqliteBlobStore,
    handle: SyncServer,
  ) {
    this.folder = folder;
    this.clock = clock;
    this.random = random;
    this.store = store;
    this.handle = handle;
    this.transport = new EmbeddedTransport(async () => ({ handle, close: () => store.close() }));
  }

  static async start(parts: Partial<ServerParts> = {}): Promise<TestServer> {
    const folder = await Deno.makeTempDir();
    const clock = new FakeClock(), random = seededRandom(folder);
    const store = await SqliteBlobStore.open({ path: `${folder}/server.db`, suffix: "test", clock });
    const handle = createSyncServer({
      store: async () => store,
      clock,
      random,
      origin: "embedded:local",
      registration: { kind: "open" },
      version: "0.0.0-test",
      showStorageFailures: true,
      ...parts,
    });
    return new TestServer(folder, clock, random, store, handle);
  }

  get path(): string {
    return `${this.folder}/server.db`;
  }

  /** Sends what no well-behaved client would. */
  async raw(
    method: string,
    path: string,
    options: { readonly headers?: Record<string, string>; readonly body?: unknown; readonly token?: string } = {},
  ): Promise<{ readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> }> {
    const { headers = {}, body, token } = options;
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const request = new Request(`http://test.invalid${path}`, {
      method,
      headers: {
        ...(text !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(text !== undefined && { body: text }),
    });
    const response = await this.handle(request);
    const answer = await response.text();
    return { status: response.status, headers: response.headers, json: answer === "" ? {} : JSON.parse(answer) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
    await this.store.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A session kept in memory, renewed by the person's device. */
export class MemorySession implements SessionStore {
  session: Session | undefined;
  renewals = 0;
  readonly #person: Person;

  constructor(person: Person) {
    this.#person = person;
  }

  async load(): Promise<Session | undefined> {
    return this.session;
  }

  async save(session: Session | undefined): Promise<void> {
    this.session = session;
  }

  async renewal(): Promise<Awaited<ReturnType<SessionStore["renewal"]>>> {
    const { userId, deviceId, device } = this.#person;
    return {
      userId,
      deviceId,
      prove: (challenge) => {
        this.renewals++;
        return signChallenge(device, challenge);
      },
    };
  }
}

/** A person with one device. */
export class Person {
  readonly server: TestServer;
  readonly random: RandomBytes;
  readonly admin: SigningKey;
  readonly receiving: ReceivingKey;
  device: SigningKey;
  deviceId: DeviceId;
  login: SigningKey;
  recovery: SigningKey;
  akId: Bytes;
  rcId: Bytes;
  account: AccountState;
  readonly entries: SignedEntry[];
  readonly session: MemorySession;
  readonly client: SyncClient;
  stepUp: Session | undefined;

  constructor(server: TestServer) {
    this.server = server;
    const random = this.random = server.random;
    this.admin = SigningKey.generate(random);
    this.receiving = ReceivingKey.generate(random);
    this.device = SigningKey.generate(random);
    this.deviceId = newId("d_", random);
    this.login = SigningKey.generate(random);
    this.recovery = SigningKey.generate(random);
    this.akId = random(16);
    this.rcId = random(16);
    const payload = { sig_pk: this.admin.publicKeyText, enc_pk: this.receiving.publicKeyText };
    const body = { v: 1, seq: 1, prev: null, type: "account.genesis", ts: server.clock.now(), payload };
    const genesis = signEntry({ type: "account.genesis", body: utf8(JSON.stringify(body)) }, this.admin);
    const first = replayAccountLog([genesis]);
    const added = this.deviceAdd(first, this.deviceId, this.device);
    this.account = appendAccountEntries(first, [added]);
    this.entries = [genesis, added];
    this.session = new MemorySession(this);
    const { transport, clock } = server;
    this.client = new SyncClient({ transport, clock, random, session: this.session });
  }

  get userId(): UserId {
    return this.account.userId;
  }

  /** The session's token. */
  get token(): string {
    return this.session.session!.token;
  }

  deviceAdd(account: AccountState, device_id: DeviceId, device: SigningKey): SignedEntry {
    const payload = { device_id, sig_pk: device.publicKeyText, label: "laptop" };
    return signEntry(buildAccountEntry(account, "device.add", payload, this.server.clock.now()), this.admin, device);
  }

  registration(): Omit<RegisterRequest, "challenge"> {
    return {
      email: "ada@example.com" as Email,
      entries: this.entries,
      password: { ak_id: this.akId, login_pk: this.login.publicKey, wrap_pw: this.random(120) },
      recovery: { rc_id: this.rcId, recover_pk: this.recovery.publicKey, wrap_rc: this.random(120) },
      keyset: this.random(300),
      device_id: this.deviceId,
    };
  }

  /** Signs with L, or with another key. */
  prover(key: SigningKey = this.login): (challenge: Parameters<typeof signChallenge>[1]) => Bytes {
    return (challenge) => signChallenge(key, challenge);
  }

  async register(): Promise<this> {
    const { step_up } = await this.client.register(this.registration(), this.prover());
    this.stepUp = step_up;
    return this;
  }
}

function newId<T extends string>(prefix: string, random: RandomBytes): T {
  return `${prefix}${toBase32(random(10))}` as T;
}

/** 160 characters that look like a sealed names envelope. */
const NAMES = "A".repeat(160);

/** A workspace of one owner, as its owner sees it. */
export class TestWorkspace {
  readonly owner: Person;
  state: WorkspaceState;

  private constructor(owner: Person, state: WorkspaceState) {
    this.owner = owner;
    this.state = state;
  }

  get id(): WorkspaceId {
    return this.state.id;
  }

  static async found(owner: Person): Promise<TestWorkspace> {
    const genesis = buildWorkspaceGenesis({
      author: authorOf(owner.account, owner.admin.publicKeyText),
      nonce: toBase64Url(owner.random(32)),
      policy: { invite_confirm: "always", offline_grace: { standard: 1, protected: 1 }, audit_mode: "local" },
      ts: owner.server.clock.now(),
    });
    const entry = signEntry(genesis, owner.admin);
    await owner.client.createWorkspace({ entries: [entry], grants: [], blobs: [] }, { stepUp: owner.stepUp! });
    return new TestWorkspace(owner, replayWorkspaceLog([entry], new Map([[owner.userId, owner.account]])));
  }

  /** Signs an entry with A or D at the workspace's head and takes it into the local state. */
  entry(
    key: SigningKey,
    type: Parameters<typeof buildWorkspaceEntry>[2],
    payload: Parameters<typeof buildWorkspaceEntry>[3],
  ): SignedEntry {
    const { account, server: { clock } } = this.owner;
    const entry = signEntry(
      buildWorkspaceEntry(this.state, authorOf(account, key.publicKeyText), type, payload, clock.now()),
      key,
    );
    this.state = appendWorkspaceEntries(this.state, [entry], new Map([[account.userId, account]]));
    return entry;
  }

  /** A project with one environment and its first key, as one batch that is not sent yet. */
  environmentBatch(): { batch: AppendWorkspace; project: ProjectId; env: EnvironmentId; after: number } {
    const { owner } = this, after = this.state.head.seq;
    const project = newId<ProjectId>("p_", owner.random), env = newId<EnvironmentId>("e_", owner.random);
    const create = this.entry(owner.device, "project.create", {
      project,
      names: NAMES,
      name_key_commit: toBase64Url(owner.random(32)),
    });
    const created = this.entry(owner.device, "env.create", { project, env, names: NAMES, protected: false });
    const { entry: rotated, grant } = this.rotation(project, env, 1, null);
    return { batch: { entries: [create, created, rotated], grants: [grant], blobs: [] }, project, env, after };
  }

  /** A rotation with its grant. */
  rotation(
    project: ProjectId,
    env: EnvironmentId,
    epoch: number,
    prev_wrap_hash: string | null,
  ): { entry: SignedEntry; grant: GrantUpload } {
    const { owner } = this, sealed = owner.random(140);
    const recipients = [{
      id: owner.userId,
      enc_pk_hash: sha256Text(owner.receiving.publicKey),
      grant_hash: sha256Text(sealed),
    }];
    const key_commit = toBase64Url(owner.random(32));
    const payload = { project, env, epoch, key_commit, prev_wrap_hash, recipients };
    return { entry: this.entry(owner.device, "env.rotate", payload), grant: { recipient: owner.userId, sealed } };
  }

  /** A new environment, stored on the server. */
  async createEnvironment(): Promise<TestEnvironment> {
    const { batch, project, env, after } = this.environmentBatch();
    await this.owner.client.appendWorkspaceLog(this.id, after, batch);
    return new TestEnvironment(this, emptyEnvironment({ ws: this.id, project, env }));
  }
}

/** What looks like a secret's envelope of `epoch`. */
export function fillerEnvelope(random: RandomBytes, epoch = 1, bytes = 344): Bytes {
  return concat(new Uint8Array([0x41, 0x53, 1, 1]), u32be(epoch), random(bytes - 8));
}

/** A secret's handle. */
export function sidOf(name: string): Sid {
  return toHex(utf8(sha256Text(utf8(name))).subarray(0, 16)) as Sid;
}

/** An environment as its writer sees it. */
export class TestEnvironment {
  readonly workspace: TestWorkspace;
  state: EnvironmentState;

  constructor(workspace: TestWorkspace, state: EnvironmentState) {
    this.workspace = workspace;
    this.state = state;
  }

  get id(): EnvironmentId {
    return this.state.place.env;
  }

  get seq(): number {
    return this.state.head?.seq ?? 0;
  }

  /** A commit that sets and deletes, not sent yet. */
  commit(
    set: Readonly<Record<string, Bytes>>,
    deleted: readonly string[] = [],
    options: { readonly key?: SigningKey; readonly epoch?: number } = {},
  ): { readonly commit: SignedEntry; readonly envelopes: Bytes[]; readonly next: EnvironmentState } {
    const { owner, state: workspace } = this.workspace;
    const { key = owner.device, epoch = keyEpoch(workspace.environments.get(this.id)!)!.epoch } = options;
    const changes: CommitChange[] = Object.entries(set).map(([name, envelope]) => {
      const sid = sidOf(name);
      return { sid, ver: nextVersion(this.state, sid), op: "set", h: sha256Text(envelope) };
    });
    for (const name of deleted) {
      const sid = sidOf(name);
      changes.push({ sid, ver: nextVersion(this.state, sid), op: "delete", h: null });
    }
    const author = authorOf(owner.account, key.publicKeyText);
    const wsHead = workspace.head, ts = owner.server.clock.now();
    const commit = signEntry(buildCommit(this.state, { epoch, wsHead, author, changes, ts }), key);
    const context = { workspace, accounts: new Map([[owner.userId, owner.account]]) };
    let next = this.state;
    if (key === owner.device && options.epoch === undefined) next = appendCommits(this.state, [commit], context);
    return { commit, envelopes: Object.values(set), next };
  }

  /** Commits and remembers. */
  async push(set: Readonly<Record<string, Bytes>>, deleted: readonly string[] = []): Promise<void> {
    const { commit, envelopes, next } = this.commit(set, deleted);
    await this.workspace.owner.client.postCommit(this.id, this.seq, commit, envelopes);
    this.state = next;
  }
}
