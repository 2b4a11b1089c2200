/**
 * A sync server that lies about secrets (docs/spec/protocol.md §8). Each lie meets one specific refusal, for reading and for
 * writing; nothing changes here and nothing is sent.
 */
import assert from "node:assert/strict";
import { sealEnvironmentGrant } from "../../src/crypto/grants.ts";
import { ReceivingKey, SigningKey } from "../../src/crypto/keys.ts";
import { signEntry } from "../../src/crypto/sign_entry.ts";
import { sha256Text } from "../../src/crypto/verify/sha256.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../src/kernel/encoding.ts";
import { isAppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { copySecrets } from "../../src/usecases/secrets/copy.ts";
import { deleteSecrets } from "../../src/usecases/secrets/delete.ts";
import { diffSecrets } from "../../src/usecases/secrets/diff.ts";
import { secretHistory } from "../../src/usecases/secrets/history.ts";
import { pullSecrets } from "../../src/usecases/secrets/pull.ts";
import { pushSecrets } from "../../src/usecases/secrets/push.ts";
import { rollbackSecret } from "../../src/usecases/secrets/rollback.ts";
import type { SyncRequest } from "../../src/ports/sync_transport.ts";
import { CanarySearch } from "../support/canary.ts";
import { json, type Lie } from "../support/evil_transport.ts";
import { SecretsMachine } from "../support/secrets_machine.ts";

const SNAPSHOT = { method: "GET", path: /\/v1\/envs\/[^/]+\/snapshot$/ } as const;
const COMMITS = { method: "GET", path: /\/v1\/envs\/[^/]+\/commits/ } as const;
const POST = { method: "POST", path: /\/commits$/ } as const;
const VERSIONS = { method: "GET", path: /\/versions/ } as const;

// deno-lint-ignore no-explicit-any -- what a server says has no type here
type Json = any;

interface Refusal {
  readonly code: string;
  readonly message: RegExp;
}

/** Every command that asks the server must refuse, and leave machine and server as they were. */
async function refusedEverywhere(machine: SecretsMachine, { code, message }: Refusal): Promise<void> {
  const { ports, folder } = machine;
  const commands: Record<string, () => Promise<unknown>> = {
    pull: () => pullSecrets(ports, { folder }),
    "pull --force": () => pullSecrets(ports, { folder, force: true }),
    push: () => pushSecrets(ports, { folder }),
    diff: () => diffSecrets(ports, { folder }),
    set: () => machine.set({ KEY: "overwritten" }),
    "set --force": () => machine.set({ KEY: "overwritten" }, { force: true }),
    delete: () => deleteSecrets(ports, { folder, names: ["KEY"] }),
    copy: () => copySecrets(ports, { folder, from: "development", to: "staging" }),
  };
  const before = await machine.state();
  const sent = machine.evil.sent(POST).length;
  for (const [name, command] of Object.entries(commands)) {
    const error = await command().then(() => undefined, (e) => e);
    assert.ok(isAppError(error) && error.code === code && message.test(error.message), `${name}: ${error}`);
    assert.equal(error.exit, 8, name);
    assert.equal(await machine.state(), before, name);
  }
  assert.equal(machine.evil.sent(POST).length, sent);
}

/** A machine with three versions of history: KEY changed, GONE deleted. */
async function started(): Promise<SecretsMachine> {
  const machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value", OTHER: "other-value", GONE: "gone-value" });
  await machine.set({ KEY: "second-value" });
  await deleteSecrets(machine.ports, { folder: machine.folder, names: ["GONE"] });
  return machine;
}

/** The newest honest answer to a request. */
function honest(machine: SecretsMachine, match: { readonly method: "GET"; readonly path: RegExp }, from = -1): Json {
  return JSON.parse(machine.evil.sent(match).at(from)!.response.body);
}

interface LieCase extends Refusal {
  readonly what: string;
  /** Prepares the lie about the snapshot of development. */
  readonly lie: (machine: SecretsMachine) => Promise<Lie> | Lie;
}

const live = (items: Json[]): Json[] => items.filter((item) => item.envelope !== null);

const SNAPSHOT_LIES: readonly LieCase[] = [
  {
    what: "swaps two envelopes",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => {
      const [a, b] = live(answer.items);
      [a.envelope, b.envelope] = [b.envelope, a.envelope];
      return answer;
    },
  },
  {
    what: "swaps two envelopes with their hashes",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => {
      const [a, b] = live(answer.items);
      [a.envelope, b.envelope, a.h, b.h] = [b.envelope, a.envelope, b.h, a.h];
      return answer;
    },
  },
  {
    what: "rolls one secret back",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: async (machine) => {
      const { commits } = await commitsOf(machine);
      const old = JSON.parse(machine.evil.sent(POST)[0]!.request.body!) as Json;
      const first = bodyOf(commits[0]), changed = bodyOf(commits[1]).changes[0].sid as string;
      const { ver, h } = first.changes.find((change: Json) => change.sid === changed);
      const envelope = old.envelopes[first.changes.findIndex((change: Json) => change.sid === changed)];
      return (answer) => {
        Object.assign(answer.items.find((item: Json) => item.sid === changed), { ver, h, envelope });
        return answer;
      };
    },
  },
  {
    what: "omits a secret",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => ({ ...answer, items: answer.items.filter((item: Json) => item !== live(answer.items)[0]) }),
  },
  {
    what: "omits a deletion",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => ({ ...answer, items: live(answer.items) }),
  },
  {
    what: "resurrects a deleted secret",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: (machine) => {
      const old = JSON.parse(machine.evil.sent(POST)[0]!.request.body!) as Json;
      return (answer) => {
        const item = answer.items.find((i: Json) => i.envelope === null);
        const first = bodyOf(old.commit).changes.findIndex((change: Json) => change.sid === item.sid);
        Object.assign(item, { envelope: old.envelopes[first], h: bodyOf(old.commit).changes[first].h });
        return answer;
      };
    },
  },
  {
    what: "adds a secret of its own",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => {
      answer.items.push({ ...live(answer.items)[0], sid: "f".repeat(32) });
      return answer;
    },
  },
  {
    what: "lists a secret twice",
    code: "snapshot_invalid",
    message: /lists a secret twice/,
    lie: () => (answer) => ({ ...answer, items: [...answer.items, live(answer.items)[0]] }),
  },
  {
    what: "downgrades an envelope's suite",
    code: "snapshot_invalid",
    message: /not those that were signed/,
    lie: () => (answer) => {
      const item = live(answer.items)[0], bytes = fromBase64Url(item.envelope)!;
      bytes[2] = 0;
      item.envelope = toBase64Url(bytes);
      return answer;
    },
  },
  {
    what: "flips a bit in the head commit",
    code: "signature_invalid",
    message: /signature is not valid/,
    lie: () => (answer) => {
      const bytes = fromBase64Url(answer.commit.body)!;
      bytes[bytes.length - 3]! ^= 1;
      answer.commit.body = toBase64Url(bytes);
      return answer;
    },
  },
  {
    what: "signs a head commit with a key of its own",
    code: "log_invalid",
    message: /not signed by its author/,
    lie: () => (answer) => {
      using own = SigningKey.generate((n) => crypto.getRandomValues(new Uint8Array(n)));
      answer.commit = signEntry({ type: "env.commit", body: fromBase64Url(answer.commit.body)! }, own);
      return answer;
    },
  },
  {
    what: "signs a head commit with a key of its own, as the member",
    code: "log_invalid",
    message: /does not have that key/,
    lie: () => (answer) => {
      using own = SigningKey.generate((n) => crypto.getRandomValues(new Uint8Array(n)));
      const body = bodyOf(answer.commit);
      body.author.key = own.publicKeyText;
      answer.commit = signEntry({ type: "env.commit", body: utf8(JSON.stringify(body)) }, own);
      return answer;
    },
  },
  {
    what: "shows an environment without commits",
    code: "pin_mismatch",
    message: /older than what was seen before/,
    lie: () => (answer) => ({ ...answer, head: null, commit: null, items: [] }),
  },
  {
    what: "rolls the whole environment back",
    code: "pin_mismatch",
    message: /older than what was seen before/,
    lie: (machine) => {
      // What the second set was shown: the environment after the first.
      const old = machine.evil.sent(SNAPSHOT).map(({ response }) => JSON.parse(response.body) as Json)
        .find(({ head }) => head?.seq === 1);
      assert.ok(old !== undefined);
      return () => old;
    },
  },
];

/** The head commit's JSON. */
function bodyOf(entry: Json): Json {
  return JSON.parse(new TextDecoder().decode(fromBase64Url(entry.body)!));
}

/** Every commit, fetched by a history. */
async function commitsOf(machine: SecretsMachine): Promise<Json> {
  await secretHistory(machine.ports, { folder: machine.folder, name: "KEY" });
  return honest(machine, COMMITS);
}

for (const { what, lie, ...refusal } of SNAPSHOT_LIES) {
  Deno.test(`P23 a server that ${what} is refused`, async () => {
    await using machine = await started();
    using _lie = machine.evil.lie(SNAPSHOT, await lie(machine));
    await refusedEverywhere(machine, refusal);
  });
}

Deno.test("P23 a server that serves development as production is refused", async () => {
  await using machine = await started();
  await machine.set({ KEY: "production-value" }, { environment: "production" });
  await diffSecrets(machine.ports, { folder: machine.folder });
  const development = honest(machine, SNAPSHOT);
  const { environmentId } = await machine.scope("production");
  using _lie = machine.evil.lie({ method: "GET", path: new RegExp(`${environmentId}/snapshot`) }, () => development);
  const before = await machine.state("production");
  const input = { folder: machine.folder, environment: "production" };
  const refused = (error: unknown): boolean =>
    isAppError(error, "log_invalid") && /belongs to another environment/.test(error.message);
  await assert.rejects(pullSecrets(machine.ports, input), refused);
  await assert.rejects(machine.set({ KEY: "x-overwritten" }, { environment: "production", force: true }), refused);
  assert.equal(await machine.state("production"), before);
});

Deno.test("P23 a server that hands out an environment key of its own is refused", async () => {
  await using machine = await started();
  const random = (n: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(n));
  const item = (await machine.keychain.get({ collection: "device", name: "receiving-key" }))!;
  using receiving = ReceivingKey.fromPrivate(item.value);
  const { workspaceId: ws, projectId: project, environmentId: env } = await machine.scope();
  const keys = { environment: Secret.take(random(32)), name: Secret.take(random(32)) };
  const forged = sealEnvironmentGrant({ ws, project, env, epoch: 1 }, keys, receiving.publicKey, random);
  // Under the genuine grant's name: the recipient looks it up by the hash in the signed log.
  using _lie = machine.evil.lie({ method: "GET", path: /\/grants/ }, (answer) => ({
    ...answer,
    grants: answer.grants.map((grant: Json) => ({ ...grant, sealed: toBase64Url(forged.grant) })),
  }));
  await refusedEverywhere(machine, { code: "decryption_failed", message: /key/ });
});

/** A page that claims to be all there is, so that the client asks for no more. */
function pageOf(commits: Json[], request: SyncRequest): Json {
  const after = Number(/after=(\d+)/.exec(request.path)?.[1] ?? 0), last = commits.at(-1);
  return { commits, head: last === undefined ? null : { seq: after + commits.length, hash: hashOf(last) } };
}

function hashOf(entry: Json): string {
  return sha256Text(fromBase64Url(entry.body)!);
}

/** A server that takes this device's commits and stores them nowhere. */
function forkFrom(machine: SecretsMachine): Disposable {
  return machine.evil.answer(POST, (request) => {
    const { commit } = JSON.parse(request.body!) as Json;
    const { seq } = bodyOf(commit);
    const head = { seq, hash: hashOf(commit) };
    return { status: 201, headers: { "content-type": "application/json" }, body: JSON.stringify({ head }) };
  });
}

const PINS = { path: /\/pins$/ } as const;

Deno.test("P23 a server that shows two devices two histories is refused by the one that comes back", async () => {
  await using machine = await started();
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  {
    using _fork = forkFrom(other);
    // It also keeps from the other devices what this one has seen.
    using _hidden = other.evil.answer({ ...PINS, method: "PUT" }, () => json(200, { version: 99 }));
    await other.set({ KEY: "value-on-the-fork" });
  }
  await machine.set({ KEY: "value-on-the-trunk" });
  await refusedEverywhere(other, { code: "pin_mismatch", message: /contradicts what was seen before/ });
  await machine.set({ OTHER: "one-more-value" });
  await refusedEverywhere(other, { code: "pin_mismatch", message: /contradicts what was seen before/ });
});

Deno.test("a server that shows two devices two histories is found out by the pins that they share", async () => {
  await using machine = await started();
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  {
    using _fork = forkFrom(other);
    await other.set({ KEY: "value-on-the-fork" });
  }
  await assert.rejects(machine.set({ KEY: "value-on-the-trunk" }), (error) => {
    return isAppError(error, "pin_mismatch") && /different histories/.test(error.message);
  });
});

Deno.test("P23 a server that leaves out commits between what was seen and what it shows is refused", async () => {
  await using machine = await started();
  await using other = await machine.twin();
  await pullSecrets(other.ports, { folder: other.folder });
  for (const value of ["third", "fourth", "fifth"]) await machine.set({ KEY: `${value}-value` });
  const lies: ((commits: Json[]) => Json[])[] = [
    (commits) => commits.slice(0, -1),
    (commits) => [commits[0], commits[2]],
    (commits) => [commits[0], commits[2], commits[1]],
    () => [],
  ];
  for (const lie of lies) {
    using _lie = other.evil.lie(COMMITS, (answer, request) => pageOf(lie(answer.commits), request));
    const before = await other.state();
    await assert.rejects(pullSecrets(other.ports, { folder: other.folder }), { code: "pin_mismatch" });
    assert.equal(await other.state(), before);
  }
  await pullSecrets(other.ports, { folder: other.folder });
  assert.equal((await other.values()).KEY, "fifth-value");
});

Deno.test("a rollback that the pins were rolled back for is refused by the versions in the keychain", async () => {
  await using machine = await SecretsMachine.start();
  await machine.set({ KEY: "first-value" });
  const key = { collection: "pins", name: "pins" };
  const old = (await machine.keychain.get(key))!;
  await diffSecrets(machine.ports, { folder: machine.folder });
  const snapshot = honest(machine, SNAPSHOT);
  await machine.set({ KEY: "second-value" });
  await machine.keychain.apply([{ op: "put", key, meta: old.meta, value: old.value }]);
  using _lie = machine.evil.lie(SNAPSHOT, () => snapshot);
  await refusedEverywhere(machine, { code: "pin_mismatch", message: /older version of 'KEY' than this machine had/ });
});

Deno.test("history and rollback refuse old versions that were not committed", async () => {
  await using machine = await started();
  const { ports, folder } = machine;
  const before = await machine.state();
  {
    using _lie = machine.evil.lie(VERSIONS, (answer) => {
      const [newest, oldest] = answer.versions;
      [newest.envelope, oldest.envelope] = [oldest.envelope, newest.envelope];
      return answer;
    });
    await assert.rejects(rollbackSecret(ports, { folder, name: "KEY", to: 1 }), { code: "snapshot_invalid" });
  }
  {
    using _lie = machine.evil.lie(VERSIONS, (answer) => ({ ...answer, versions: [] }));
    await assert.rejects(rollbackSecret(ports, { folder, name: "KEY", to: 1 }), { code: "version_not_found" });
  }
  const lies: [(commits: Json[]) => Json[], string][] = [
    [(commits) => commits.slice(0, -1), "pin_mismatch"],
    [(commits) => [commits[0], commits[2]], "log_invalid"],
    [() => [], "pin_mismatch"],
  ];
  for (const [lie, code] of lies) {
    using _lie = machine.evil.lie(COMMITS, (answer, request) => pageOf(lie(answer.commits), request));
    await assert.rejects(secretHistory(ports, { folder, name: "KEY" }), { code });
    await assert.rejects(rollbackSecret(ports, { folder, name: "KEY", to: 1 }), { code });
  }
  assert.equal(await machine.state(), before);
});

Deno.test("P19 no value and no secret name is in anything that the server received or stored", async () => {
  await using machine = await SecretsMachine.start({ storageMode: 2 });
  const { ports, folder } = machine;
  await machine.set({ CANARY_NAME_ONE: "canary-value-number-one", CANARY_NAME_TWO: "canary value\nnumber two" });
  await machine.write(".env", `${await machine.read(".env")}CANARY_NAME_THREE=canary-value-number-three\n`);
  await pushSecrets(ports, { folder });
  await machine.set({ CANARY_NAME_ONE: "canary-value-number-four" });
  await rollbackSecret(ports, { folder, name: "CANARY_NAME_ONE", to: 1 });
  await copySecrets(ports, { folder, from: "development", to: "production" });
  await deleteSecrets(ports, { folder, names: ["CANARY_NAME_TWO"] });
  const search = new CanarySearch({
    "a value": "canary-value-number",
    "a value of several lines": "canary value\nnumber two",
    "a name": "CANARY_NAME_",
    "a word of a value": "canary-value",
  });
  for (const { request } of machine.evil.exchanges) {
    search.text("a path", request.path);
    search.text("a header", JSON.stringify(request.headers));
    const body = request.body ?? "";
    search.text("a body", body);
    // Inside what is encoded, too.
    for (const [text] of body.matchAll(/[A-Za-z0-9_-]{16,}/g)) {
      const bytes = fromBase64Url(text);
      if (bytes !== undefined) search.bytes("a decoded field", bytes);
    }
  }
  await search.folder(machine.server.folder);
  assert.deepEqual(search.found, []);
  // The search would have found it.
  const found = new CanarySearch({ "a value": "canary-value-number" });
  found.text(".env", (await machine.read(".env"))!);
  assert.deepEqual(found.found, ["a value in .env"]);
});
