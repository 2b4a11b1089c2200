import assert from "node:assert/strict";
import type { CommitChange } from "../../../src/contract/environment_commits.ts";
import { deriveSid } from "../../../src/crypto/secret_envelope.ts";
import { fromUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import {
  type EnvironmentId,
  parseSecretName,
  type ProjectId,
  type SecretName,
  type Sid,
  type WorkspaceId,
} from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import type { EnvironmentState } from "../../../src/ledger/environment_state.ts";
import { type PlannedChange, sealChanges } from "../../../src/vault/seal.ts";
import { openVersion, type SnapshotKeys, VerifiedSnapshot } from "../../../src/vault/snapshot.ts";
import { checkValue } from "../../../src/vault/value.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const place = {
  ws: `w_${"a".repeat(32)}` as WorkspaceId,
  project: `p_${"a".repeat(16)}` as ProjectId,
  env: `e_${"a".repeat(16)}` as EnvironmentId,
};
const random = seededRandom();
const keys: SnapshotKeys = {
  nameKey: Secret.take(random(32)),
  environmentKeys: new Map([[1, Secret.take(random(32))], [2, Secret.take(random(32))]]),
};
const [A, B, GONE] = ["A", "B", "GONE"].map(parseSecretName) as [SecretName, SecretName, SecretName];

function set(name: SecretName, version: number, text: string): PlannedChange {
  const sid = deriveSid(keys.nameKey, name);
  return { op: "set", name, sid, version, value: Secret.fromText(text), binding: { methods: ["GET"] } };
}

/** A state of sealed changes, as a verified commit would leave it. */
function stateOf(changes: readonly CommitChange[]): EnvironmentState {
  return { place, head: { seq: 1, hash: "x" }, wsSeq: 1, items: new Map(changes.map((c) => [c.sid, c])) };
}

function sealed(): { readonly state: EnvironmentState; readonly envelopes: Map<Sid, Uint8Array> } {
  const first = sealChanges(place, keys, 1, [set(A, 1, "value-of-a")], random);
  const second = sealChanges(
    place,
    keys,
    2,
    [set(B, 7, "value-of-b"), { op: "delete", name: GONE, sid: deriveSid(keys.nameKey, GONE), version: 2 }],
    random,
  );
  const all = [...first, ...second];
  return {
    state: stateOf(all.map(({ change }) => change)),
    envelopes: new Map(all.flatMap(({ change, envelope }) => (envelope ? [[change.sid, envelope]] : []))),
  };
}

Deno.test("a snapshot names secrets of every epoch, and deletions whose names are known", () => {
  const { state, envelopes } = sealed();
  const snapshot = new VerifiedSnapshot(state, envelopes, keys, "development");
  const listed = (known: SecretName[]): string[] =>
    [...snapshot.secrets(known).values()].map(({ name, version, deleted }) => `${name} ${version} ${deleted}`).sort();
  assert.deepEqual(listed([]), ["A 1 false", "B 7 false"]);
  assert.deepEqual(listed([A, GONE, parseSecretName("X")]), ["A 1 false", "B 7 false", "GONE 2 true"]);
  const content = snapshot.open(snapshot.sidOf(B));
  assert.equal(content.value.expose((b) => fromUtf8(b)), "value-of-b");
  assert.deepEqual(content.binding, { methods: ["GET"] });
});

Deno.test("a snapshot whose names are all known is compared without opening an envelope", () => {
  const { state, envelopes } = sealed();
  const blind = { ...keys, environmentKeys: new Map<number, Secret>() };
  const snapshot = new VerifiedSnapshot(state, envelopes, blind, "development");
  assert.equal(snapshot.secrets([A, B]).size, 2);
  assert.throws(() => snapshot.secrets([A]), { code: "decryption_failed" });
});

Deno.test("a snapshot refuses envelopes that are missing, added or changed", () => {
  const { state, envelopes } = sealed();
  const [a, b] = [deriveSid(keys.nameKey, A), deriveSid(keys.nameKey, B)];
  const refused = (change: (copy: Map<Sid, Uint8Array>) => void): void => {
    const copy = new Map(envelopes);
    change(copy);
    assert.throws(() => new VerifiedSnapshot(state, copy, keys, "development"), { code: "snapshot_invalid" });
  };
  refused((copy) => copy.delete(a));
  refused((copy) => copy.set("f".repeat(32) as Sid, envelopes.get(a)!));
  refused((copy) => copy.set(deriveSid(keys.nameKey, GONE), envelopes.get(a)!));
  refused((copy) => copy.set(a, envelopes.get(b)!));
  refused((copy) => copy.set(a, envelopes.get(a)!.with(20, envelopes.get(a)![20]! ^ 1)));
});

Deno.test("an envelope opens at its own place, version and epoch only", () => {
  const { envelopes } = sealed();
  const sid = deriveSid(keys.nameKey, A), envelope = envelopes.get(sid)!;
  openVersion(place, keys, { sid, version: 1, envelope }).value.dispose();
  const refused = (at: typeof place, version: number, bytes = envelope, s = sid): void => {
    assert.throws(() => openVersion(at, keys, { sid: s, version, envelope: bytes }), { code: "decryption_failed" });
  };
  refused(place, 2);
  refused({ ...place, env: `e_${"b".repeat(16)}` as EnvironmentId }, 1);
  refused({ ...place, project: `p_${"b".repeat(16)}` as ProjectId }, 1);
  refused({ ...place, ws: `w_${"b".repeat(32)}` as WorkspaceId }, 1);
  refused(place, 1, envelope, deriveSid(keys.nameKey, B));
  refused(place, 1, envelope.with(7, 2));
  refused(place, 1, envelope.with(7, 9));
});

Deno.test("sealing needs the key of the epoch", () => {
  assert.throws(() => sealChanges(place, keys, 3, [set(A, 1, "x")], random), { code: "role_required" });
});

Deno.test("checkValue() takes any UTF-8 up to 64 KiB and says what follows from it", () => {
  const facts = (bytes: Uint8Array): string => {
    const { redactable, fitsEnvironment } = checkValue(A, Secret.copyOf(bytes));
    return `${redactable} ${fitsEnvironment}`;
  };
  assert.equal(facts(utf8("12345678")), "true true");
  assert.equal(facts(utf8("1234567")), "false true");
  assert.equal(facts(utf8("")), "true true");
  assert.equal(facts(utf8("with a \0 in it")), "true false");
  assert.equal(facts(new Uint8Array(65_536).fill(65)), "true true");
  assert.throws(() => facts(new Uint8Array(65_537).fill(65)), { code: "value_too_large" });
  for (const bad of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
    assert.throws(() => facts(new Uint8Array(bad)), { code: "invalid_value" });
  }
});
