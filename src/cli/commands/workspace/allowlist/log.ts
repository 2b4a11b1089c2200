/** `workspace allowlist log`. @module */

import { listAllowlistChanges } from "../../../../usecases/list_allowlist.ts";
import { type AuditRecord, readAuditLog } from "../../../../usecases/read_audit_log.ts";
import { defineCommand } from "../../../command.ts";
import { integer } from "../../../options.ts";
import { printable } from "../../../view/style.ts";
import { iso, minuteOf } from "../../../view/time.ts";

/** Refusals that the allowlist is the reason of. */
const REASONS: ReadonlySet<string> = new Set([
  "domain_not_in_allowlist",
  "empty_allowlist",
  "private_address",
  "scheme_not_https",
]);

export const command = defineCommand({
  detail:
    "Who changed the list and when, from the workspace's verified log, and the attempts that this machine's audit log shows " +
    "as blocked.",
  examples: [{ line: "agentsecrets workspace allowlist log --last 20", why: "what was tried and refused" }],
  define: (command) => command.option("--last <n>", "at most that many lines", integer("--last", 1, 100_000)),
  run: async (context, options) => {
    const changes = await listAllowlistChanges(context.world, context.signal);
    const records = await readAuditLog(context.world, {}, context.signal);
    const blocked = records.filter((record) => record.status === "BLOCKED" && REASONS.has(record.reason));
    const document = {
      changes: changes.map((change) => ({
        version: change.version,
        at: iso(change.at),
        by: change.by,
        by_id: change.byId,
        added: change.added,
        removed: change.removed,
      })),
      blocked: blocked.map(blockedJson),
    };
    await context.view.data(document, (style) => {
      const lines = [
        ...changes.map((change) => ({
          at: change.at,
          text: `${style.green("changed")}  ${
            [...change.added.map((entry) => `+${entry}`), ...change.removed.map((entry) => `-${entry}`)].map(printable)
              .join(" ")
          }  ${style.dim(`by ${printable(change.by)}`)}`,
        })),
        ...blocked.map((record) => ({
          at: record.timestamp,
          text: `${style.red("blocked")}  ${printable(record.method)} ${printable(record.targetUrl)}  ${
            style.dim(record.reason)
          }`,
        })),
      ].sort((a, b) => a.at - b.at);
      return lines.slice(-(options.last ?? lines.length)).map(({ at, text }) =>
        `${style.dim(`${minuteOf(at)}Z`)}  ${text}\n`
      )
        .join("");
    });
    if (changes.length + blocked.length === 0) await context.view.note("Nothing was changed and nothing was blocked");
  },
});

function blockedJson(record: AuditRecord): Readonly<Record<string, string>> {
  return {
    id: record.id,
    at: iso(record.timestamp),
    domain: record.domain,
    method: record.method,
    target_url: record.targetUrl,
    reason: record.reason,
    agent_id: record.agentId,
  };
}
