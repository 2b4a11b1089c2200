/** A sandbox in storage mode 3: made once in a test process, copied for each test. */
import { PASSWORD, Sandbox } from "./cli.ts";

/** The value of `KEY` in it. */
export const SEALED_CANARY = "sk_live_sealed-sandbox-0123456789";
/** Standard input with the password. */
export const TYPED = { stdin: `${PASSWORD}\n` };

let template: Promise<Sandbox> | undefined;

async function make(): Promise<Sandbox> {
  const sandbox = await Sandbox.make();
  globalThis.addEventListener("unload", () => Deno.removeSync(sandbox.base, { recursive: true }));
  await sandbox.ok(
    ["init", "--email", "you@example.com", "--storage-mode", "3", "--password-stdin", "--kit", "../kit.txt"],
    TYPED,
  );
  await person(sandbox, ["project", "create", "my-app"]);
  await person(sandbox, ["secrets", "set", "KEY", "--stdin"], SEALED_CANARY);
  return sandbox;
}

/** With the project `my-app` and its secret `KEY`. */
export async function sealedSandbox(): Promise<Sandbox> {
  template ??= make();
  return await (await template).copy();
}

/** Runs a command that opens the vault itself; `input` follows the password. */
export async function person(sandbox: Sandbox, args: readonly string[], input = ""): Promise<string> {
  return await sandbox.ok(["--vault-passphrase-stdin", ...args], { stdin: `${PASSWORD}\n${input}` });
}

/** Starts the broker in the background, as a person does. Its port. */
export async function startBroker(
  sandbox: Sandbox,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const line = ["proxy", "start", "--detach", "--port", "0", "--password-stdin", ...args];
  return Number((await sandbox.json(line, { ...TYPED, env }))["port"]);
}
