/** `init`. @module */

import { AppError } from "../../kernel/error.ts";
import { parseEmail, parseWorkspaceName } from "../../kernel/names.ts";
import { init, type InitAnswers, type InitResult } from "../../usecases/init.ts";
import type { NewVault } from "../../usecases/ports.ts";
import type { TeachAgentsResult } from "../../usecases/teach_agents.ts";
import { defineCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { deliverKit, kitLine, requireKitPlace } from "../kit.ts";
import { withPassword } from "../options.ts";
import { warnOfGap } from "../start_up_gap.ts";
import { teach } from "../teach.ts";
import { facts } from "../view/table.ts";
import { tick } from "../view/view.ts";

interface InitOptions {
  readonly email?: string | undefined;
  readonly storageMode?: string | undefined;
  readonly server?: string | undefined;
  readonly vault?: string | undefined;
  readonly vaultKeyFile?: true | undefined;
  readonly workspace?: string | undefined;
  readonly kit?: string | undefined;
  readonly force?: true | undefined;
}

export const command = defineCommand({
  detail:
    "Everything stays on this machine: the account's server runs inside the program, values go to the system's keychain, or " +
    "to an encrypted vault file where there is none. A second run keeps what is there.",
  examples: [
    { line: "agentsecrets init", why: "at a terminal: asks what it needs" },
    {
      line:
        "agentsecrets init --email you@example.com --password-stdin --vault file --vault-key-file --kit kit.txt < password.txt",
      why: "on a machine without a terminal",
    },
  ],
  define: (command) =>
    withPassword(
      command
        .option("--email <address>", "the account's label")
        .option(
          "--storage-mode <mode>",
          "1: keychain and .env.example; 2: also the values in .env; 3: sealed, only the password opens it",
        )
        .option("--server <url>", "where the account lives; the default is this machine")
        .option("--vault <kind>", "system: the system's keychain; file: an encrypted file")
        .option("--vault-key-file", "open the vault file with a 0600 key file beside it (weaker than a passphrase)")
        .option("--workspace <name>", "name of the first workspace", "Personal")
        .option("--kit <file>", "write the Emergency Kit to this new file instead of the terminal")
        .option("--force", "start anew; the present home is set aside, not deleted"),
    ),
  run: async (context, options) => {
    const result = await init(context.world, {
      answers: answersFor(context, options),
      ...(options.email === undefined ? {} : { email: parseEmail(options.email) }),
      ...storageMode(context, options),
      ...server(options.server),
      ...(options.vault === undefined ? {} : { vault: await namedVault(context, options) }),
      workspaceName: parseWorkspaceName(options.workspace),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    const taught = await teach(context);
    if (result.outcome === "created") await showCreated(context, result, options.kit, taught);
    else await showKept(context, result, taught);
    await warnOfGap(context);
  },
});

function answersFor(context: CommandContext, options: InitOptions): InitAnswers {
  const { answers } = context;
  return {
    email: () =>
      answers.text({
        given: options.email,
        question: "E-mail (a label, nothing is sent):",
        what: "the e-mail",
        flag: "--email",
        parse: parseEmail,
      }),
    password: async () => {
      // Asked before anything is made: an account whose kit has nowhere to go would lose its recovery code.
      await requireKitPlace(context, options.kit);
      return await answers.chosen("password", "Choose a password:");
    },
    vault: async (system) => {
      const why = system.state === "absent" ? system.reason : "it is locked";
      if (answers.has("vaultPassphrase") || options.vaultKeyFile === true) return await fileVault(context, options);
      await context.view.note(`There is no system keychain to use: ${why}`);
      const unlock = await answers.choice(
        "How should the encrypted vault file be opened?",
        [
          { value: "passphrase", label: "With a passphrase", hint: "asked for by commands that need values" },
          { value: "key-file", label: "With a key file beside it", hint: "never asks; protects less" },
        ],
        "the vault",
        "--vault file with --vault-passphrase-stdin, --vault-passphrase-fd N or --vault-key-file",
      );
      return unlock === "key-file" ? { kind: "file", unlock } : await passphraseVault(context);
    },
  };
}

async function namedVault(context: CommandContext, options: InitOptions): Promise<NewVault> {
  if (options.vault === "system") return { kind: "system" };
  if (options.vault === "file") return await fileVault(context, options);
  throw new AppError("usage", { problem: "Cannot use --vault: it takes system or file" });
}

async function fileVault(context: CommandContext, options: InitOptions): Promise<NewVault> {
  return options.vaultKeyFile === true ? { kind: "file", unlock: "key-file" } : await passphraseVault(context);
}

async function passphraseVault(context: CommandContext): Promise<NewVault> {
  const passphrase = await context.answers.chosen("vaultPassphrase", "Choose a passphrase for the vault file:");
  return { kind: "file", unlock: "passphrase", passphrase };
}

function storageMode(
  context: CommandContext,
  { storageMode: mode, vault, vaultKeyFile }: InitOptions,
): { readonly storageMode?: 1 | 2 | 3 } {
  if (mode === undefined) return {};
  if (mode === "1" || mode === "2") return { storageMode: mode === "1" ? 1 : 2 };
  if (mode !== "3") throw new AppError("usage", { problem: "Cannot use --storage-mode: it takes 1, 2 or 3" });
  if (vault !== undefined || vaultKeyFile === true) {
    throw new AppError("usage", { problem: "Cannot use --vault with --storage-mode 3: that vault is the sealed one" });
  }
  if (context.world.machine.system === "linux") return { storageMode: 3 };
  throw new AppError("unsupported", {
    what: "sealed storage",
    reason: "only on Linux can this program hide its memory from other programs",
  });
}

function server(url: string | undefined): Record<never, never> {
  if (url === undefined || url === "embedded:local") return {};
  throw new AppError("unsupported", {
    what: "an account on another server",
    reason: "this version keeps accounts on this machine",
  });
}

async function showCreated(
  context: CommandContext,
  result: Extract<InitResult, { outcome: "created" }>,
  kitFile: string | undefined,
  taught: TeachAgentsResult,
): Promise<void> {
  using kit = result.kit;
  const path = await deliverKit(context, kit, kitFile).catch(async (error: unknown) => {
    await context.view.warn(
      "The account is made, but its Emergency Kit was not saved: agentsecrets account kit --new-recovery-code --kit FILE",
    );
    throw error;
  });
  const document = {
    outcome: "created",
    ...account(result),
    workspace: { id: result.workspace.id, name: result.workspace.name },
    kit: path,
    files: taught.written,
    set_aside: result.setAside ?? null,
  };
  await context.view.done(document, (style) =>
    tick(style, `Made the account ${result.email}`) +
    facts([
      ["Workspace", result.workspace.name],
      ["Values in", result.vault],
      ...(taught.written.length === 0 ? [] : [["Wrote", taught.written.join(", ")] as const]),
      ...(result.setAside === undefined ? [] : [["Set aside", result.setAside] as const]),
    ], style) +
    `\n${kitLine(path)}\n\n${
      style.bold("Next:")
    }\n  agentsecrets project create NAME\n  agentsecrets secrets set KEY\n`);
}

async function showKept(
  context: CommandContext,
  result: Extract<InitResult, { outcome: "kept" }>,
  taught: TeachAgentsResult,
): Promise<void> {
  const document = { outcome: "kept", ...account(result), files: taught.written };
  await context.view.done(document, (style) =>
    tick(style, `Kept the account ${result.email}`) +
    facts([
      ["Values in", keptIn(result)],
      ...(taught.written.length === 0 ? [] : [["Wrote", taught.written.join(", ")] as const]),
    ], style));
}

/** The vault of an account that was there already, in a new one's words; it is not opened for its name. */
function keptIn({ vault, storageMode }: InitResult): string {
  if (vault === "system") return "system keychain";
  return storageMode === 3 ? "sealed vault" : "vault file";
}

function account(result: InitResult): Readonly<Record<string, string | number>> {
  return {
    email: result.email,
    user_id: result.userId,
    server: result.server,
    storage_mode: result.storageMode,
    vault: result.vault,
  };
}
