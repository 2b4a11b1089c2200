/** `secrets diff`. @module */

import { diffSecrets, type SecretDifference } from "../../../usecases/secrets/diff.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { placeJson, placeText, showWarnings, warningJson } from "../../view/secrets.ts";
import type { Style } from "../../view/style.ts";
import { count, tick } from "../../view/view.ts";

const HEADINGS = { local_only: "LOCAL ONLY:", remote_only: "REMOTE ONLY:", out_of_sync: "OUT OF SYNC:" } as const;

export const command = defineCommand({
  detail: "Names and which side is newer, never values. 'agentsecrets secrets pull' and 'push' bring the two together.",
  examples: [
    { line: "agentsecrets secrets diff", why: "is anything out of sync?" },
    { line: "agentsecrets secrets diff --env staging --json", why: "the same for programs" },
  ],
  define: (command) => withPlace(command),
  run: async (context, options) => {
    const result = await diffSecrets(context.world, placeOf(context, options), context.signal);
    const document = {
      ...placeJson(result.place),
      differences: result.differences.map(differenceJson),
      synced: result.synced,
      complete: result.complete,
      warnings: result.warnings.map(warningJson),
    };
    await context.view.data(
      document,
      (style) =>
        result.differences.length === 0
          ? tick(style, `${placeText(result.place)} is in sync: ${count(result.synced, "secret")}`)
          : result.differences.map((difference) => differenceLine(difference, style)).join(""),
    );
    await showWarnings(context.view, result.warnings);
  },
});

function differenceJson(difference: SecretDifference): {
  readonly [name: string]: string | number | null;
} {
  return {
    name: difference.name,
    status: difference.status,
    newer: difference.newer,
    local_version: difference.localVersion ?? null,
    remote_version: difference.remoteVersion ?? null,
    deleted: difference.deleted ?? null,
    file: difference.file ?? null,
  };
}

function differenceLine(difference: SecretDifference, style: Style): string {
  const paint = { local_only: style.green, remote_only: style.cyan, out_of_sync: style.yellow }[difference.status];
  const remarks = [
    difference.status === "out_of_sync"
      ? { local: "local is newer", remote: "remote is newer", both: "changed on both sides" }[difference.newer]
      : "",
    difference.deleted === "here" ? "deleted here" : difference.deleted === "there" ? "deleted on the server" : "",
    difference.file === undefined ? "" : `in ${difference.file}`,
  ].filter((remark) => remark !== "");
  const note = remarks.length === 0 ? "" : ` (${remarks.join(", ")})`;
  return `${paint(HEADINGS[difference.status].padEnd(12))} ${difference.name}${style.dim(note)}\n`;
}
