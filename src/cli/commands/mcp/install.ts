/** `mcp install`. @module */

import { AppError } from "../../../kernel/error.ts";
import {
  CLIENT_IDS,
  type ClientResult,
  installClients,
  type InstallInput,
} from "../../../usecases/mcp_install/install.ts";
import { installOpenClaw, type OpenClawResult, SKILL } from "../../../usecases/mcp_install/openclaw.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { list, withPlace } from "../../options.ts";
import { absolute } from "../../place.ts";
import { errorDocument } from "../../view/error.ts";
import { printable, type Style } from "../../view/style.ts";
import type { Json } from "../../view/view.ts";

const OPENCLAW = "openclaw";

export const command = defineCommand({
  detail:
    "Puts an entry that starts 'agentsecrets mcp serve' into the settings of the AI tools that are found here; everything else " +
    "in a file stays byte for byte, and the file as it was is kept beside it once (.agentsecrets.bak). The entry holds no value. " +
    `Tools: ${
      CLIENT_IDS.join(", ")
    }; openclaw prints its provider configuration and installs a skill. Restart a tool afterwards.`,
  examples: [
    { line: "agentsecrets mcp install --dry-run", why: "which tools are here, and what would change?" },
    { line: "agentsecrets mcp install --client claude-code,cursor", why: "these two only" },
    { line: "agentsecrets mcp install --client vscode --env staging", why: "for one environment only" },
    { line: "agentsecrets mcp install --uninstall", why: "take the entries out again" },
  ],
  define: (command) =>
    withPlace(
      command
        .option("--client <names>", "tools, separated by commas; repeatable (default: all that are found)", list)
        .option("--dry-run", "show what would change, and change nothing")
        .option("--uninstall", "take the entry out, and restore the file where nothing else has changed")
        .option("--folder <path>", "project folder that the server works in, whatever the tool has open"),
    ),
  run: async (context, options) => {
    const named = options.client;
    const input: InstallInput = {
      uninstall: options.uninstall === true,
      dryRun: options.dryRun === true,
      ...(options.folder === undefined ? {} : { folder: absolute(context, options.folder) }),
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
      ...(named === undefined ? {} : { clients: named.filter((id) => id !== OPENCLAW) }),
    };
    const openclaw = named?.includes(OPENCLAW) === true ? await installOpenClaw(context.world, input) : undefined;
    const clients = input.clients?.length === 0 ? [] : await installClients(context.world, input);
    return await show(context, input, clients, openclaw);
  },
});

async function show(
  context: CommandContext,
  { dryRun, uninstall }: InstallInput,
  clients: readonly ClientResult[],
  openclaw: OpenClawResult | undefined,
): Promise<number> {
  const document = {
    dry_run: dryRun,
    clients: clients.map(clientJson),
    ...(openclaw === undefined ? {} : {
      openclaw: {
        provider: openclaw.provider as unknown as Json,
        skill: { path: openclaw.skill.path, change: openclaw.skill.change },
      },
    }),
  };
  await context.view.data(
    document,
    (style) =>
      clients.map((client) => clientText(client, dryRun, style)).join("") +
      (openclaw === undefined ? "" : openClawText(openclaw, { dryRun, uninstall }, style)),
  );
  if (!dryRun && clients.some(({ change }) => change !== "unchanged" && change !== "failed")) {
    await context.view.note("Restart the tools, or reload their MCP servers, for this to count");
  }
  return clients.find(({ error }) => error !== undefined)?.error?.exit ?? 0;
}

function clientJson(client: ClientResult): Json {
  return {
    client: client.id,
    label: client.label,
    path: client.path,
    change: client.change,
    diff: client.diff,
    backup: client.backup ?? null,
    error: client.error === undefined ? null : errorDocument(client.error, client.error.exit).error,
  };
}

const WORDS: Readonly<Record<Exclude<ClientResult["change"], "failed">, readonly [done: string, planned: string]>> = {
  added: ["added to", "would be added to"],
  updated: ["updated in", "would be updated in"],
  unchanged: ["nothing to change in", "nothing to change in"],
  removed: ["removed from", "would be removed from"],
  restored: ["taken out; as it was before:", "would be taken out; as it was before:"],
};

function clientText(client: ClientResult, dryRun: boolean, style: Style): string {
  const { label, path, error, change } = client;
  if (error !== undefined || change === "failed") {
    const failure = error ?? new AppError("internal");
    const hint = failure.hint === undefined ? "" : `  ${style.cyan("→")} ${printable(failure.hint)}\n`;
    return `${style.red("✗")} ${label}: ${printable(failure.message)}\n${hint}`;
  }
  const said = `${style.green(dryRun ? "·" : "✓")} ${label}: ${WORDS[change][dryRun ? 1 : 0]} ${printable(path)}\n`;
  const diff = dryRun
    ? client.diff.split("\n").map((line) => line === "" ? "" : `  ${printable(line)}\n`).join("")
    : "";
  const backup = client.backup === undefined || change === "unchanged"
    ? ""
    : style.dim(`  the file as it was: ${printable(client.backup)}\n`);
  return said + diff + backup;
}

function openClawText(
  { provider, skill }: OpenClawResult,
  { dryRun, uninstall }: Pick<InstallInput, "dryRun" | "uninstall">,
  style: Style,
): string {
  const kept = `was changed by somebody and stays: ${printable(skill.path)}`;
  const line = skill.change === "kept" ? kept : `${WORDS[skill.change][dryRun ? 1 : 0]} ${printable(skill.path)}`;
  const said = `${style.green(dryRun ? "·" : "✓")} OpenClaw skill: ${line}\n`;
  const skillText = dryRun && skill.change === "added" ? SKILL.split("\n").map((text) => `  +${text}\n`).join("") : "";
  if (uninstall) return `${said}  Take the provider 'agentsecrets' out of ~/.openclaw/openclaw.json by hand\n`;
  return `${said}${skillText}\nIn ~/.openclaw/openclaw.json:\n\n${JSON.stringify(provider, undefined, 2)}\n\n` +
    `Then, for a key STRIPE_KEY: { "source": "exec", "provider": "agentsecrets", "id": "STRIPE-KEY" }\n` +
    "OpenClaw's ids have no underscore: write '-' for it.\n";
}
