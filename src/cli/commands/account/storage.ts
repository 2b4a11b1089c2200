/** `account storage`. @module */

import { AppError } from "../../../kernel/error.ts";
import {
  moveStorage,
  type MoveStorageResult,
  readStorage,
  type StorageTarget,
  type StorageView,
} from "../../../usecases/move_storage.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { withNewPassword, withPassword } from "../../options.ts";
import { warnOfGap } from "../../start_up_gap.ts";
import { facts } from "../../view/table.ts";
import { count, type Json, tick } from "../../view/view.ts";

/** `vault` of the results, and its form in JSON. */
type Vault = StorageView["vault"];

export const command = defineCommand({
  detail:
    "Without --vault it says where values rest. With it everything moves there: keys, session, pins and the values of every environment; " +
    "account, server data and audit log stay. The old vault goes when the new one is in force: after a power cut either is complete, and the same " +
    "command again removes what is left over. It needs the account's password and no running proxy. 'sealed' is storage mode 3 (Linux): the " +
    "password alone opens it. What a program has read before it still knows, keys included: for a machine that may be in strange hands " +
    "already, make a new account (init --force) and new values at the providers.",
  examples: [
    { line: "agentsecrets account storage", why: "where do values rest?" },
    { line: "agentsecrets account storage --vault sealed", why: "from now on only the password opens them" },
    { line: "agentsecrets account storage --vault system", why: "back into the system's keychain" },
  ],
  define: (command) =>
    withNewPassword(withPassword(
      command
        .option("--vault <kind>", "where to: system, file or sealed")
        .option("--vault-key-file", "with file: opened by a key file beside it, instead of a passphrase"),
    )),
  run: async (context, options) => {
    if (options.vault === undefined) return await show(context);
    const to = target(context, options.vault, options.vaultKeyFile === true);
    const result = await moveStorage(context.world, {
      to,
      password: () => context.answers.password("move the storage"),
    }, context.signal);
    await context.view.done(
      resultJson(result),
      (style) =>
        result.outcome === "kept"
          ? tick(style, `Values rest in ${words(result.vault)} already`)
          : tick(style, `Moved ${count(result.items, "item")} to ${words(result.vault)}`),
    );
    if (result.outcome === "moved") await warnOfGap(context);
    if (result.leftOver) await context.view.warn("The former vault could not be removed: run the same command again");
    if (result.tidied) await context.view.note("What an earlier move had left over is removed");
    for (const remark of remains(result)) await context.view.note(REMAINS[remark]);
  },
});

async function show({ world, view }: CommandContext): Promise<void> {
  const storage = await readStorage(world);
  const document = { vault: vaultJson(storage.vault), storage_mode: storage.storageMode, left_over: storage.leftOver };
  await view.data(
    document,
    (style) => facts([["Values in", words(storage.vault)], ["Storage mode", String(storage.storageMode)]], style),
  );
  if (storage.leftOver) {
    const { kind, unlock } = vaultJson(storage.vault);
    const flags = unlock === "password" ? "sealed" : unlock === "key-file" ? "file --vault-key-file" : kind;
    await view.warn(
      `A move was cut off and another vault is still here: agentsecrets account storage --vault ${flags}`,
    );
  }
}

function target({ world, answers }: CommandContext, kind: string, keyFile: boolean): StorageTarget {
  if (keyFile && kind !== "file") {
    throw new AppError("usage", { problem: "Cannot use --vault-key-file without --vault file" });
  }
  switch (kind) {
    case "system":
      return { kind };
    case "sealed":
      if (world.machine.system === "linux") return { kind };
      throw new AppError("unsupported", {
        what: "sealed storage",
        reason: "only on Linux can this program hide its memory from other programs",
      });
    case "file":
      if (keyFile) return { kind, unlock: "key-file" };
      return {
        kind,
        unlock: "passphrase",
        passphrase: () => answers.chosen("newPassword", "Choose a passphrase for the vault file:"),
      };
    default:
      throw new AppError("usage", { problem: "Cannot use --vault: it takes system, file or sealed" });
  }
}

/** What a move cannot undo. */
const REMAINS = {
  former_copies:
    "Deleted is not erased: old blocks of the disk, snapshots and backups may still hold the former vault, and programs what they have read",
  known_keys:
    "Whoever has read the former vault has keys that open later values too: if that may be, agentsecrets init --force and new values at the providers",
  dotenv: "The .env files that storage mode 2 wrote still hold values: delete them yourself",
} as const;

function remains({ outcome, vault, formerMode }: MoveStorageResult): (keyof typeof REMAINS)[] {
  if (outcome === "kept") return [];
  const sealed = vaultJson(vault).unlock === "password";
  return [
    "former_copies",
    ...(sealed ? ["known_keys" as const] : []),
    ...(sealed && formerMode === 2 ? ["dotenv" as const] : []),
  ];
}

function resultJson(result: MoveStorageResult): Json {
  return {
    outcome: result.outcome,
    from: vaultJson(result.from),
    vault: vaultJson(result.vault),
    storage_mode: result.storageMode,
    items: result.items,
    tidied: result.tidied,
    left_over: result.leftOver,
    remains: remains(result),
  };
}

function vaultJson(vault: Vault): { readonly kind: string; readonly unlock: string | null } {
  return { kind: vault.kind, unlock: vault.kind === "file" ? vault.unlock : null };
}

function words(vault: Vault): string {
  if (vault.kind === "system") return "the system's keychain";
  if (vault.unlock === "password") return "the sealed vault";
  return `the vault file (opened by a ${vault.unlock === "key-file" ? "key file" : "passphrase"})`;
}
