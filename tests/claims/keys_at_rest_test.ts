/** What rests in files, database and keychain, searched for the keys that exist only between the password and the end of a command. */
import assert from "node:assert/strict";
import { derivePasswordKeys } from "../../src/crypto/hierarchy.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { addAllowlistEntries } from "../../src/usecases/change_allowlist.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import { openWorkspace } from "../../src/usecases/open_workspace.ts";
import { setSecrets } from "../../src/usecases/secrets/set.ts";
import { unlockAccount } from "../../src/usecases/unlock_account.ts";
import { initWorld, PASSWORD, typing, World } from "../support/world.ts";

/** Raw, hex, base64 and base64url: how a key could have been written down. */
function spellings(bytes: Uint8Array): readonly string[] {
  const base64 = bytes.toBase64({ omitPadding: true });
  const url = base64.replaceAll("+", "-").replaceAll("/", "_");
  return [new TextDecoder("latin1").decode(bytes), bytes.toHex(), base64, url];
}

/** Everything at rest: place → content, one character a byte. */
async function atRest(world: World): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (folder: string): Promise<void> => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) await walk(path);
      else found.set(path, new TextDecoder("latin1").decode(await Deno.readFile(path)));
    }
  };
  await walk(world.base);
  const keychain = await world.keychain();
  for (const collection of await keychain.collections()) {
    for (const { name, meta } of await keychain.list(collection)) {
      using value = (await keychain.get({ collection, name }))!.value;
      const text = value.expose((bytes) => new TextDecoder("latin1").decode(bytes));
      found.set(`keychain ${collection}/${name}`, text + JSON.stringify(meta));
    }
  }
  return found;
}

Deno.test("P18 A, UK, KEK and the login key rest nowhere; the account key rests in the device's keychain alone", async () => {
  await using world = await World.make();
  await initWorld(world);
  await createProject(world, { name: "my-app" });
  using value = Secret.fromText("a value of some length");
  await setSecrets(world, { folder: world.workingFolder, entries: [{ name: "KEY", value }] });
  await addAllowlistEntries(world, { entries: ["api.stripe.com"], password: typing() });
  const bytesOf = (secret: Secret): Uint8Array => secret.expose((bytes) => bytes.slice());
  const keys: Record<string, Uint8Array> = {};
  using workspace = await openWorkspace(world);
  const { device, client, account } = workspace;
  await unlockAccount(device, client, account, typing(), async ({ admin, login, userKey, accountKey }) => {
    using password = Secret.fromText(PASSWORD);
    using derived = await derivePasswordKeys(password, accountKey);
    using adminSeed = admin.seed();
    using loginSeed = login.seed();
    Object.assign(keys, {
      A: bytesOf(adminSeed),
      "the login key": bytesOf(loginSeed),
      UK: bytesOf(userKey),
      KEK: bytesOf(derived.kek),
      "the account key": bytesOf(accountKey),
      "the password": new TextEncoder().encode(PASSWORD),
    });
  });
  await world.closeServer();
  const places = await atRest(world);
  const found: string[] = [];
  for (const [what, bytes] of Object.entries(keys)) {
    for (const [place, text] of places) {
      if (spellings(bytes).some((spelling) => text.includes(spelling))) found.push(`${what} in ${place}`);
    }
  }
  assert.deepEqual(found, ["the account key in keychain device/account-key"]);
  assert.ok([...places.keys()].some((place) => place.endsWith("server.db")));
});
