/**
 * A malicious server against one member: each case is one lie, one specific refusal, and nothing changed on the device. Cases about
 * single secrets are in secrets_test.ts.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { createAccount, type NewAccount } from "../../src/crypto/account_creation.ts";
import { generateKey, sealWorkspaceGrant } from "../../src/crypto/grants.ts";
import { signEntry } from "../../src/crypto/sign_entry.ts";
import { fromBase64Url, toBase64Url } from "../../src/kernel/encoding.ts";
import { type ErrorCode, isAppError } from "../../src/kernel/error.ts";
import { parseEmail } from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { authorOf, buildAccountEntry, buildWorkspaceEntry } from "../../src/ledger/build_entry.ts";
import { listDevices } from "../../src/usecases/account_devices.ts";
import { addAllowlistEntries } from "../../src/usecases/change_allowlist.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import { createWorkspace } from "../../src/usecases/create_workspace.ts";
import { encodeKeyset } from "../../src/usecases/credential_blobs.ts";
import { init } from "../../src/usecases/init.ts";
import { login } from "../../src/usecases/login.ts";
import { logout } from "../../src/usecases/logout.ts";
import { openOwnAccount } from "../../src/usecases/open_account.ts";
import { openWorkspace } from "../../src/usecases/open_workspace.ts";
import { switchWorkspace } from "../../src/usecases/switch_workspace.ts";
import { recoverAccount } from "../../src/usecases/account_recover.ts";
import { unlockAccount } from "../../src/usecases/unlock_account.ts";
import { EMAIL, initWorld, textOf, typing, World } from "../support/world.ts";

const WORKSPACE_LOG = { method: "GET", path: /^\/v1\/workspaces\/w_[a-z2-7]+\/log/ } as const;
const ACCOUNT_LOG = { method: "GET", path: /^\/v1\/account\/log/ } as const;
const GRANTS = { method: "GET", path: /\/grants/ } as const;
const STEP_UP = { method: "POST", path: /^\/v1\/auth\/stepup/ } as const;
const LOGIN = { method: "POST", path: /^\/v1\/auth\/login/ } as const;
const never = () => Promise.reject(new Error("nobody must be asked"));

interface Page {
  entries: { type: string; body: string; sigs: unknown[] }[];
  head: { seq: number; hash: string };
}

/** A page that ends earlier and says so. */
function truncated(page: Page, keep: number): Page {
  const entries = page.entries.slice(0, keep);
  return { entries, head: headOf(entries) };
}

function headOf(entries: Page["entries"]): Page["head"] {
  const body = fromBase64Url(entries.at(-1)!.body)!;
  return { seq: entries.length, hash: toBase64Url(new Uint8Array(sha256(body))) };
}
function sha256(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes).digest();
}

/** Everything on the device that a lie might have changed. */
async function stateOf(world: World): Promise<string> {
  const keychain = await world.keychain();
  const items: string[] = [];
  for (const collection of await keychain.collections()) {
    for (const { name } of await keychain.list(collection)) {
      if (name === "session") continue; // renewing a session is no change
      using value = (await keychain.get({ collection, name }))!.value;
      items.push(`${collection}/${name} ${value.expose((bytes) => bytes.toHex())}`);
    }
  }
  return [...items, await Deno.readTextFile(world.places.config)].join("\n");
}

async function refuses(world: World, code: ErrorCode, work: () => Promise<unknown>): Promise<void> {
  const before = await stateOf(world);
  await assert.rejects(work(), (error) => {
    assert.ok(isAppError(error), `${error}`);
    assert.equal(error.code, code);
    return true;
  });
  assert.equal(await stateOf(world), before, "nothing changed");
}

async function opened(world: World): Promise<void> {
  (await openWorkspace(world))[Symbol.dispose]();
}

async function stranger(): Promise<NewAccount> {
  using password = Secret.fromText("somebody else's password");
  return await createAccount({ password, deviceLabel: "x", now: 1 }, systemRandom);
}

Deno.test("P23 a malicious server and one member", async (t) => {
  await using world = await World.make();
  const made = await initWorld(world);
  const { evil } = world;
  await createProject(world, { name: "my-app" });
  await addAllowlistEntries(world, { entries: ["api.stripe.com"], password: typing() });
  using other = await stranger();

  await t.step("a workspace log that ends early", async () => {
    for (const keep of [1, 3, -1]) {
      using _lie = evil.lie(WORKSPACE_LOG, (page: Page) => truncated(page, keep));
      await refuses(world, "pin_mismatch", () => opened(world));
    }
  });

  await t.step("a workspace log with an entry left out, doubled, or in another place", async () => {
    const wrong: ((entries: Page["entries"]) => Page["entries"])[] = [
      (entries) => entries.toSpliced(3, 1),
      (entries) => entries.toSpliced(3, 0, entries[3]!),
      (entries) => entries.toSpliced(3, 2, entries[4]!, entries[3]!),
      () => [],
    ];
    for (const change of wrong) {
      using _lie = evil.lie(WORKSPACE_LOG, (page: Page) => ({ ...page, entries: change(page.entries) }));
      await refuses(world, "log_invalid", () => opened(world));
    }
  });

  await t.step("a workspace log that says more than it shows", async () => {
    using _lie = evil.lie(WORKSPACE_LOG, (page: Page) => ({ ...page, entries: page.entries.slice(0, -1) }));
    await refuses(world, "log_invalid", () => opened(world));
  });

  await t.step("a fork: another entry of this person's own device in the place of one that was seen", async () => {
    using workspace = await openWorkspace(world);
    const { account, device, id } = workspace;
    const answer = JSON.parse(evil.sent(WORKSPACE_LOG).at(-1)!.response.body) as Page;
    const base = { id, head: headOf(answer.entries.slice(0, -1)) };
    const names = workspace.state.names!;
    const entry = buildWorkspaceEntry(
      base,
      authorOf(account, device.deviceKey.publicKeyText),
      "ws.update",
      { names },
      1,
    );
    const entries = [...answer.entries.slice(0, -1), signEntry(entry, device.deviceKey)];
    using _lie = evil.lie(WORKSPACE_LOG, () => ({ entries, head: headOf(entries) }));
    await refuses(world, "pin_mismatch", () => opened(world));
  });

  await t.step("the log of another workspace of the same person", async () => {
    await createWorkspace(world, { name: "Other", password: typing() });
    const of = (id: string) => ({ ...WORKSPACE_LOG, path: new RegExp(`${id}/log`) });
    await openWorkspace(world, { workspaceId: made.workspace.id }).then((w) => w[Symbol.dispose]());
    const answer = evil.sent(of(made.workspace.id)).at(-1)!.response;
    using workspace = await openWorkspace(world, {});
    assert.equal(workspace.id, made.workspace.id, "the folder's");
    const config = JSON.parse(await Deno.readTextFile(world.places.config));
    using _lie = evil.lie(of(config.active.workspace_id), () => JSON.parse(answer.body));
    await refuses(world, "log_invalid", () => openWorkspace(world, { workspaceId: config.active.workspace_id }));
    await switchWorkspace(world, { workspace: made.workspace.id });
  });

  await t.step("an account log that ends early, and one of somebody else", async () => {
    {
      using _lie = evil.lie(ACCOUNT_LOG, (page: Page) => truncated(page, 1));
      await refuses(world, "pin_mismatch", () => opened(world));
    }
    using _lie = evil.lie(ACCOUNT_LOG, () => {
      const entries = [other.genesis, other.deviceAdd];
      return { entries, head: headOf(entries) };
    });
    await refuses(world, "log_invalid", () => opened(world));
    await refuses(world, "log_invalid", () => listDevices(world));
  });

  await t.step("a signature that is missing, doubled, or another one's", async () => {
    const lies: ((sigs: unknown[]) => unknown[])[] = [
      (sigs) => [...sigs, ...sigs],
      () => other.genesis.sigs,
    ];
    for (const change of lies) {
      using _lie = evil.lie(WORKSPACE_LOG, (page: Page) => ({
        ...page,
        entries: page.entries.map((entry, i) => i === 2 ? { ...entry, sigs: change(entry.sigs) } : entry),
      }));
      await refuses(world, "signature_invalid", () => opened(world));
    }
  });

  await t.step("a workspace key of the server's own, sealed correctly to the member", async () => {
    using workspace = await openWorkspace(world);
    using key = generateKey(systemRandom);
    const place = { ws: workspace.id, epoch: 1 };
    const { grant } = sealWorkspaceGrant(place, key, workspace.device.receivingKey.publicKey, systemRandom);
    using _lie = evil.lie(GRANTS, (answer) => ({
      ...answer,
      grants: answer.grants.map((each: object) => ({ ...each, sealed: toBase64Url(grant) })),
    }));
    await refuses(world, "decryption_failed", () => opened(world));
  });

  await t.step("no key, or somebody else's", async () => {
    using _lie = evil.lie(GRANTS, (answer) => ({ ...answer, grants: [] }));
    await refuses(world, "decryption_failed", () => opened(world));
  });

  await t.step("a server that acknowledges an entry and forgets it", async () => {
    const before = evil.sent(WORKSPACE_LOG).at(-1)!.response;
    await createProject(world, { name: "kept", use: false });
    using _lie = evil.lie(
      WORKSPACE_LOG,
      (page: Page) => truncated(page, (JSON.parse(before.body) as Page).entries.length),
    );
    await refuses(world, "pin_mismatch", () => opened(world));
  });

  const allow = () => addAllowlistEntries(world, { entries: ["evil.example.com"], password: typing() });

  await t.step("wrong wraps, a wrong key set, and none at all at the step-up", async () => {
    const lies = [
      { wrap_pw: other.passwordCredentials.wrap_pw },
      { keyset: toBase64Url(encodeKeyset(other.keyset)) },
      { keyset: toBase64Url(new TextEncoder().encode("{}")) },
      { wrap_pw: other.passwordCredentials.wrap_pw, keyset: toBase64Url(encodeKeyset(other.keyset)) },
    ];
    for (const lie of lies) {
      using _lie = evil.lie(STEP_UP, (answer) => ({ ...answer, ...lie }));
      await refuses(world, "decryption_failed", allow);
    }
  });

  await t.step("a suite that is not known here", async () => {
    using _lie = evil.lie(STEP_UP, (answer) => {
      const wrap = fromBase64Url(answer.wrap_pw)!;
      wrap[2] = 0;
      return { ...answer, wrap_pw: toBase64Url(wrap) };
    });
    await refuses(world, "unsupported_format", allow);
  });

  await t.step("an envelope of another kind in the place of a wrap", async () => {
    using _lie = evil.lie(STEP_UP, (answer) => {
      const keyset = JSON.parse(new TextDecoder().decode(fromBase64Url(answer.keyset)!));
      return { ...answer, wrap_pw: keyset.sig };
    });
    await refuses(world, "decryption_failed", allow);
  });

  await t.step(
    "a device whose own account revoked it does not go on, whatever session the server honours",
    async () => {
      using own = await openOwnAccount(world);
      const { account, device, client } = own;
      const entry = await unlockAccount(device, client, account, typing(), async ({ admin }) => {
        return signEntry(buildAccountEntry(account, "device.revoke", { device_id: device.deviceId }, 1), admin);
      });
      using _lie = evil.lie(ACCOUNT_LOG, (page: Page) => {
        const entries = [...page.entries, entry];
        return { entries, head: headOf(entries) };
      });
      await refuses(world, "not_logged_in", () => opened(world));
    },
  );

  await t.step("an allowlist that the server claims to have taken, but another one", async () => {
    using _lie = evil.rewrite({ method: "POST", path: WORKSPACE_LOG.path }, (request) => {
      const body = JSON.parse(request.body!);
      const text = new TextDecoder().decode(fromBase64Url(body.entries[0].body)!).replace(
        "api.stripe.com",
        "evil.test.dev1",
      );
      body.entries[0].body = toBase64Url(new TextEncoder().encode(text));
      return { ...request, body: JSON.stringify(body) };
    });
    await refuses(world, "signature_invalid", allow);
  });

  await t.step("a recorded login, step-up or renewal is worth nothing a second time", async () => {
    const proofs = evil.exchanges.filter(({ request }) => request.headers["agentsecrets-proof"] !== undefined);
    assert.ok(proofs.length >= 3);
    for (const { request } of proofs) {
      const again = await evil.send(request);
      assert.ok(again.status === 401 || again.status === 409, `${request.path} ${again.status}`);
    }
  });

  // The server counts proofs; the person has had a cup of tea.
  await world.clock.advance(3600_000);

  await t.step("a challenge that was used before gets a signature, but no honest server takes it", async () => {
    const challenge = evil.sent({ path: /\/challenge$/ }).at(-1)!.response;
    using _answer = evil.answer({ path: /\/challenge$/ }, () => challenge);
    await refuses(world, "login_refused", allow);
  });

  await t.step("pins from an older time do not lower this device's", async () => {
    const pins = await stateOf(world);
    const old = evil.sent({ method: "PUT", path: /\/pins$/ })[0]!.request.body!;
    using _lie = evil.lie(
      LOGIN,
      (answer) => ({ ...answer, pins: { version: answer.pins.version, data: JSON.parse(old).data } }),
    );
    await login(world, { password: typing(), accountKey: never });
    assert.equal((await stateOf(world)).split("\n").length, pins.split("\n").length);
    using _truncated = evil.lie(WORKSPACE_LOG, (page: Page) => truncated(page, 3));
    await refuses(world, "pin_mismatch", () => opened(world));
  });

  await t.step("a second start of the device begins with the pins of the account's own blob", async () => {
    const accountKey = async () => Secret.fromText(textOf(made.kit.accountKey));
    await logout(world, { forget: true });
    await login(world, { password: typing(), accountKey });
    using _lie = evil.lie(WORKSPACE_LOG, (page: Page) => truncated(page, 3));
    await refuses(world, "pin_mismatch", () => opened(world));
  });

  await t.step("somebody else's answer to a login or a recovery", async () => {
    const password = typing();
    {
      using _lie = evil.lie(LOGIN, (answer) => ({ ...answer, user_id: other.userId }));
      await refuses(world, "login_refused", () => login(world, { password, accountKey: never }));
    }
    const recoveryCode = async () => Secret.fromText(textOf(made.kit.recoveryCode!));
    {
      using _lie = evil.lie({ path: /recover\/start$/ }, (answer) => ({ ...answer, user_id: other.userId }));
      await refuses(world, "login_refused", () => recoverAccount(world, { recoveryCode, newPassword: never }));
    }
    using _lie = evil.lie(
      { path: /recover\/start$/ },
      (answer) => ({ ...answer, entries: answer.entries.slice(0, 1) }),
    );
    await refuses(world, "pin_mismatch", () => recoverAccount(world, { recoveryCode, newPassword: never }));
  });

  await t.step("afterwards an honest server is taken at its word again", async () => {
    evil.beHonest();
    await opened(world);
  });
});

Deno.test("a registration that the server answers with another account leaves no account behind", async () => {
  await using world = await World.make();
  using other = await stranger();
  using _lie = world.evil.lie({ path: /register$/ }, (answer) => ({ ...answer, user_id: other.userId }));
  const answers = { email: async () => parseEmail(EMAIL), password: typing(), vault: never };
  await assert.rejects(init(world, { answers }), (error) => isAppError(error, "log_invalid"));
  assert.equal(await world.files.exists(world.places.config), false);
  for (const keychain of world.keychains.values()) assert.deepEqual(await keychain.collections(), []);
});
