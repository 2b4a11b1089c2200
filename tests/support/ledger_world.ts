/** Real accounts and a real workspace with real keys, for tests that need signed logs. Nothing here is mocked. */
import type { RecipientId, SignedEntry, UserAuthor } from "../../src/contract/entry_fields.ts";
import type { CommitChange } from "../../src/contract/environment_commits.ts";
import type { WorkspaceEntryType, WorkspacePayload } from "../../src/contract/workspace_entries.ts";
import type { GrantRef, WorkspacePolicy } from "../../src/contract/workspace_terms.ts";
import {
  type EnvironmentEpoch,
  generateKey,
  keyCommit,
  nameKeyCommit,
  sealEnvironmentGrant,
  sealWorkspaceGrant,
} from "../../src/crypto/grants.ts";
import { ReceivingKey, SigningKey } from "../../src/crypto/keys.ts";
import { sealNames } from "../../src/crypto/sealed_names.ts";
import { deriveSid, sealSecret, type SecretKeys } from "../../src/crypto/secret_envelope.ts";
import { signEntry } from "../../src/crypto/sign_entry.ts";
import { envelopeHash } from "../../src/crypto/verify/snapshot_root.ts";
import { appendAccountEntries, replayAccountLog } from "../../src/ledger/account_log.ts";
import type { AccountState } from "../../src/ledger/account_state.ts";
import {
  authorOf,
  buildAccountEntry,
  buildCommit,
  buildWorkspaceEntry,
  buildWorkspaceGenesis,
  type UnsignedEntry,
} from "../../src/ledger/build_entry.ts";
import { nextVersion } from "../../src/ledger/changes.ts";
import type { EnvironmentState } from "../../src/ledger/environment_state.ts";
import { appendWorkspaceEntries, replayWorkspaceLog } from "../../src/ledger/workspace_log.ts";
import type { WorkspaceState } from "../../src/ledger/workspace_state.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { fromBase64Url, toBase32, toBase64Url } from "../../src/kernel/encoding.ts";
import {
  type DeviceId,
  type EnvironmentId,
  parseSecretName,
  type ProjectId,
  type UserId,
} from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { seededRandom } from "./seeded_random.ts";

/** Milliseconds; the world's clock stands still. */
export const NOW = 1_700_000_000_000;

/** The policy of a new workspace. */
export const POLICY: WorkspacePolicy = {
  invite_confirm: "sensitive",
  offline_grace: { standard: 604_800, protected: 86_400 },
  audit_mode: "local",
};

/** Someone with an account, one device and a log. */
export class Person {
  readonly a: SigningKey;
  readonly d: SigningKey;
  readonly x: ReceivingKey;
  readonly entries: SignedEntry[];
  account: AccountState;

  constructor(name: string) {
    const random = seededRandom(`person ${name}`);
    this.a = SigningKey.generate(random);
    this.d = SigningKey.generate(random);
    this.x = ReceivingKey.generate(random);
    const payload = { sig_pk: this.a.publicKeyText, enc_pk: this.x.publicKeyText };
    const genesis = { v: 1, seq: 1, prev: null, ts: NOW, type: "account.genesis", payload };
    this.entries = [signEntry({ type: genesis.type, body: utf8(JSON.stringify(genesis)) }, this.a)];
    this.account = replayAccountLog(this.entries);
    this.append("device.add", deviceOf(`d ${name}`, this.d), this.a, this.d);
  }

  get id(): UserId {
    return this.account.userId;
  }

  /** Appends to the account log for real. */
  append(type: Parameters<typeof buildAccountEntry>[1], payload: unknown, ...keys: SigningKey[]): void {
    const entry = signEntry(buildAccountEntry(this.account, type, payload as never, NOW), ...keys);
    this.account = appendAccountEntries(this.account, [entry]);
    this.entries.push(entry);
  }

  /** As an author, at the account's head. */
  author(key: SigningKey = this.a): UserAuthor {
    return authorOf(this.account, key.publicKeyText);
  }
}

/** The payload that adds a device with `key`. */
export function deviceOf(name: string, key: SigningKey): { device_id: DeviceId; sig_pk: string; label: string } {
  return { device_id: `d_${toBase32(seededRandom(name)(10))}` as DeviceId, sig_pk: key.publicKeyText, label: name };
}

/** A workspace of `owner` with a project and one environment, everything sealed to its recipients. */
export class World {
  readonly random = seededRandom("world");
  readonly owner = new Person("owner");
  readonly people: Person[] = [this.owner];
  readonly project = `p_${toBase32(this.random(10))}` as ProjectId;
  readonly env = `e_${toBase32(this.random(10))}` as EnvironmentId;
  readonly workspaceKey = generateKey(this.random);
  readonly keys: SecretKeys = { environment: generateKey(this.random), name: generateKey(this.random) };
  readonly entries: SignedEntry[] = [];
  ws: WorkspaceState;

  constructor() {
    const { owner, project, env } = this;
    const nonce = toBase64Url(this.random(32));
    const genesis = buildWorkspaceGenesis({ author: owner.author(), nonce, policy: POLICY, ts: NOW });
    this.entries.push(signEntry(genesis, owner.a));
    this.ws = replayWorkspaceLog(this.entries, this.accounts, genesis.id);
    this.append(owner, "ws.rotate", this.wsRotation(1, [owner]), owner.d);
    this.append(owner, "ws.update", { names: this.names("acme", this.ws.id) }, owner.d);
    const name_key_commit = nameKeyCommit(project, this.keys.name);
    this.append(owner, "project.create", { project, names: this.names("shop", project), name_key_commit }, owner.d);
    this.append(
      owner,
      "env.create",
      { project, env, names: this.names("development", env), protected: false },
      owner.d,
    );
    this.append(owner, "env.rotate", this.envRotation(1, [owner]), owner.d);
  }

  /** Everyone's account. */
  get accounts(): Map<UserId, AccountState> {
    return new Map(this.people.map((person) => [person.id, person.account]));
  }

  /** A new person with an account; no member yet. */
  meet(name: string): Person {
    const person = new Person(name);
    this.people.push(person);
    return person;
  }

  names(name: string, id: Parameters<typeof sealNames>[1]["id"], epoch = 1): string {
    return sealNames(this.workspaceKey, { ws: this.ws.id, id, epoch }, { name }, this.random);
  }

  /** An unsigned entry after the head. */
  build<T extends Exclude<WorkspaceEntryType, "ws.create">>(
    by: Person,
    type: T,
    payload: WorkspacePayload<T>,
    key: SigningKey = by.a,
  ): UnsignedEntry {
    return buildWorkspaceEntry(this.ws, by.author(key), type, payload, NOW);
  }

  /** A signed entry after the head. */
  sign<T extends Exclude<WorkspaceEntryType, "ws.create">>(
    by: Person,
    type: T,
    payload: WorkspacePayload<T>,
    key: SigningKey = by.a,
    ...more: SigningKey[]
  ): SignedEntry {
    return signEntry(this.build(by, type, payload, key), key, ...more);
  }

  /** Appends one entry for real. */
  append<T extends Exclude<WorkspaceEntryType, "ws.create">>(
    by: Person,
    type: T,
    payload: WorkspacePayload<T>,
    key: SigningKey = by.a,
    ...more: SigningKey[]
  ): void {
    this.take(this.sign(by, type, payload, key, ...more));
  }

  /** Appends `entry` for real. */
  take(entry: SignedEntry): void {
    this.ws = appendWorkspaceEntries(this.ws, [entry], this.accounts);
    this.entries.push(entry);
  }

  envPlace(epoch = 1): EnvironmentEpoch {
    return { ws: this.ws.id, project: this.project, env: this.env, epoch };
  }

  envGrant(to: ReceivingKey, epoch = 1): { enc_pk_hash: string; grant_hash: string } {
    const { enc_pk_hash, grant_hash } = sealEnvironmentGrant(
      this.envPlace(epoch),
      this.keys,
      to.publicKey,
      this.random,
    );
    return { enc_pk_hash, grant_hash };
  }

  wsGrant(to: ReceivingKey, epoch = 1): { enc_pk_hash: string; grant_hash: string } {
    const place = { ws: this.ws.id, epoch };
    const { enc_pk_hash, grant_hash } = sealWorkspaceGrant(place, this.workspaceKey, to.publicKey, this.random);
    return { enc_pk_hash, grant_hash };
  }

  wsRotation(epoch: number, to: readonly Person[]): WorkspacePayload<"ws.rotate"> {
    const recipients = to.map((person): GrantRef => ({ id: person.id, ...this.wsGrant(person.x, epoch) }));
    const key_commit = keyCommit({ ws: this.ws.id, epoch }, this.workspaceKey);
    return {
      epoch,
      key_commit,
      prev_wrap_hash: epoch === 1 ? null : envelopeHash(utf8("wrap")),
      recipients: sorted(recipients),
    };
  }

  envRotation(
    epoch: number,
    to: readonly { readonly id: RecipientId; readonly x: ReceivingKey }[],
  ): WorkspacePayload<"env.rotate"> {
    const recipients = to.map(({ id, x }): GrantRef => ({ id, ...this.envGrant(x, epoch) }));
    return {
      project: this.project,
      env: this.env,
      epoch,
      key_commit: keyCommit(this.envPlace(epoch), this.keys.environment),
      prev_wrap_hash: epoch === 1 ? null : envelopeHash(utf8("wrap")),
      recipients: sorted(recipients),
    };
  }

  /** The payload that admits `person`, with rights in the environment unless `write` is undefined. */
  addition(person: Person, role: "owner" | "admin" | "member", write?: boolean): WorkspacePayload<"member.add"> {
    const wsGrant = this.wsGrant(person.x), envGrant = this.envGrant(person.x);
    return {
      user_id: person.id,
      account_head: person.account.head,
      role,
      enc_pk_hash: wsGrant.enc_pk_hash,
      ws_grant: { epoch: 1, grant_hash: wsGrant.grant_hash },
      grants: write === undefined
        ? []
        : [{ project: this.project, env: this.env, write, epoch: 1, grant_hash: envGrant.grant_hash }],
    };
  }

  /** Meets and admits someone. */
  admit(name: string, role: "owner" | "admin" | "member", write?: boolean): Person {
    const person = this.meet(name);
    this.append(this.owner, "member.add", this.addition(person, role, write));
    return person;
  }

  /** A change that sets `name`, with its envelope. */
  set(at: EnvironmentState, name: string, value: string): { change: CommitChange; envelope: Uint8Array } {
    const sid = deriveSid(this.keys.name, parseSecretName(name));
    const ver = nextVersion(at, sid);
    const content = { name: parseSecretName(name), value: Secret.fromText(value) };
    const envelope = sealSecret(this.keys, { ...this.envPlace(), sid, ver }, content, this.random);
    return { change: { sid, ver, op: "set", h: envelopeHash(envelope) }, envelope };
  }

  /** A signed commit of `changes` after `at`. */
  commit(
    at: EnvironmentState,
    changes: readonly CommitChange[],
    by: Person = this.owner,
    key: SigningKey = by.d,
    wsHead = this.ws.head,
    epoch = 1,
  ): SignedEntry {
    const input = { epoch, wsHead, author: by.author(key), changes, ts: NOW };
    return signEntry(buildCommit(at, input), key);
  }
}

function sorted(recipients: readonly GrantRef[]): GrantRef[] {
  return [...recipients].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** `entry` with other JSON in its body, signed anew by `keys`: what someone with those keys but bad intentions sends. */
export function forge(
  entry: SignedEntry,
  change: (body: Record<string, unknown>) => unknown,
  ...keys: readonly SigningKey[]
): SignedEntry {
  const body = JSON.parse(new TextDecoder().decode(fromBase64Url(entry.body)!));
  const changed = change(body) ?? body;
  const type = (changed as { type?: string }).type ?? entry.type;
  return signEntry({ type, body: utf8(JSON.stringify(changed)) }, ...keys);
}
