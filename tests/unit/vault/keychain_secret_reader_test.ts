import assert from "node:assert/strict";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { fromUtf8 } from "../../../src/kernel/bytes.ts";
import {
  type EnvironmentId,
  parseSecretName,
  type ProjectId,
  type SecretName,
  type WorkspaceId,
} from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { KeychainSecretReader } from "../../../src/vault/keychain_secret_reader.ts";
import { collectionOf, type LocalSecret, metaOf } from "../../../src/vault/local_state.ts";

const scope = {
  workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
  projectId: `p_${"a".repeat(16)}` as ProjectId,
  environmentId: `e_${"a".repeat(16)}` as EnvironmentId,
};
const [A, B, GONE, X] = ["A", "B", "GONE", "X"].map(parseSecretName) as [
  SecretName,
  SecretName,
  SecretName,
  SecretName,
];

async function reader(): Promise<{ keychain: MemoryKeychain; reader: KeychainSecretReader }> {
  const keychain = new MemoryKeychain();
  const put = async (name: SecretName, value: string, secret: Omit<LocalSecret, "name">): Promise<void> => {
    using held = Secret.fromText(value);
    const key = { collection: collectionOf(scope), name };
    await keychain.apply([{ op: "put", key, meta: metaOf(secret), value: held }]);
  };
  const binding = { domains: ["api.example.com"], methods: ["GET"] };
  await put(A, "value-of-a", { state: "synced", baseVersion: 3, binding });
  await put(B, "value-of-b", { state: "modified", baseVersion: 0, binding: {} });
  await put(GONE, "-", { state: "deleted", baseVersion: 2, binding: {} });
  return { keychain, reader: new KeychainSecretReader(keychain) };
}

Deno.test("the reader gives names, bindings and values, and nothing of what was deleted here", async () => {
  const { reader: r } = await reader();
  assert.deepEqual(await r.names(scope), ["A", "B"]);
  assert.deepEqual(await r.describe(scope, [B, A, GONE, X]), [
    { name: "A", binding: { domains: ["api.example.com"], methods: ["GET"] } },
    { name: "B", binding: {} },
  ]);
  const values = await r.read(scope, [A, B, A]);
  assert.deepEqual([...values].map(([name, v]) => [name, v.expose((b) => fromUtf8(b))]).sort(), [
    ["A", "value-of-a"],
    ["B", "value-of-b"],
  ]);
  for (const name of [GONE, X]) {
    await assert.rejects(r.read(scope, [A, name]), {
      code: "secret_not_found",
      message: new RegExp(`'${name}' not found`),
    });
  }
  await assert.rejects(r.read(scope, [X, GONE, A]), { code: "secrets_not_found", message: /'X', 'GONE'/ });
  assert.deepEqual(await r.names({ ...scope, projectId: `p_${"b".repeat(16)}` as ProjectId }), []);
});

Deno.test("describe() reads no value", async () => {
  const { keychain, reader: r } = await reader();
  const refuse = (): Promise<never> => Promise.reject(new Error("a value was read"));
  Object.assign(keychain, { get: refuse, getMany: refuse });
  assert.equal((await r.describe(scope, [A])).length, 1);
});

Deno.test("a refused read leaves no value behind undisposed", async () => {
  const { keychain, reader: r } = await reader();
  const seen: Secret[] = [];
  const getMany = keychain.getMany.bind(keychain);
  keychain.getMany = async (...args) => {
    const items = await getMany(...args);
    seen.push(...items.map(({ value }) => value));
    return items;
  };
  await assert.rejects(r.read(scope, [A, GONE]), { code: "secret_not_found" });
  assert.equal(seen.length, 2);
  for (const value of seen) assert.throws(() => value.expose(() => 0), TypeError);
});
