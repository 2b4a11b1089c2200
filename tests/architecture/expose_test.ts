/** Every place in the program where a value leaves its `Secret` is listed here, and says why on the line above. */
import assert from "node:assert/strict";
import { root, sources } from "./sources.ts";

/** Files that may call `.expose(`. Adding one is a security review: say in the commit why the value must be there. */
const MAY_EXPOSE: ReadonlySet<string> = new Set<string>([
  "src/usecases/secrets/import.ts",
  "src/proxy/inject/bearer.ts",
  "src/proxy/inject/basic.ts",
  "src/proxy/inject/header.ts",
  "src/proxy/inject/query.ts",
  "src/proxy/inject/body.ts",
  "src/proxy/inject/form.ts",
  "src/adapters/process/system.ts",
  "src/adapters/process/background.ts",
  "src/usecases/exec_provider.ts",
  "src/usecases/secrets/known_places.ts",
  "src/proxy/redact/redactor.ts",
  "src/adapters/keychain/vault_file/unlock.ts",
  "src/adapters/keychain/vault_file/head.ts",
  "src/adapters/keychain/vault_file/collection.ts",
  "src/adapters/keychain/secret_service/session.ts",
  "src/adapters/keychain/file.ts",
  "src/vault/value.ts",
  "src/crypto/account_key.ts",
  "src/crypto/account_wraps.ts",
  "src/crypto/envelope.ts",
  "src/crypto/grants.ts",
  "src/crypto/hierarchy.ts",
  "src/crypto/keys.ts",
  "src/crypto/secret_envelope.ts",
  "src/vault/dotenv/write.ts",
  "src/adapters/terminal/clipboard.ts",
  "src/adapters/terminal/system.ts",
  "src/vault/device.ts",
  "src/usecases/pin_store.ts",
  "src/usecases/new_password.ts",
  "src/usecases/emergency_kit.ts",
]);

Deno.test("Secret.expose() is called only where listed, each time under a line that says why", async () => {
  const wrong: string[] = [];
  for await (const path of sources("src")) {
    const lines = (await Deno.readTextFile(new URL(path, root))).split("\n");
    lines.forEach((line, i) => {
      if (!/\.expose\(/.test(line) || /^\s*(\*|\/\/|\/\*)/.test(line)) return;
      const reason = /^\s*\/\/ EXPOSE: \S.{9,}/.test(lines[i - 1] ?? "");
      if (!MAY_EXPOSE.has(path) || !reason) wrong.push(`${path}:${i + 1}${reason ? "" : " (no EXPOSE line)"}`);
    });
  }
  assert.deepEqual(wrong, []);
});

Deno.test("every file that may expose a secret still does", async () => {
  const idle: string[] = [];
  for (const path of MAY_EXPOSE) {
    const text = await Deno.readTextFile(new URL(path, root)).catch(() => "");
    if (!/\.expose\(/.test(text)) idle.push(path);
  }
  assert.deepEqual(idle, []);
});
