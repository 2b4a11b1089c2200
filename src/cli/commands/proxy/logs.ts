/** `proxy logs`. @module */

import {
  type AuditQuery,
  type AuditRecord,
  type AuditVerification,
  readAuditLog,
  verifyAuditLog,
  watchAuditLog,
} from "../../../usecases/read_audit_log.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { integer, moment } from "../../options.ts";
import { auditJson, auditLine } from "../../view/audit.ts";
import { count, type Json, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "One line for each use of a secret on this machine, by 'call', 'env', 'exec' and the proxy; names only. On a terminal it " +
    "prints lines for people, otherwise one JSON object a line; --output text gives the lines to a pipe too. Options combine: all filters " +
    "hold, --last counts what is left, --watch goes on from there, and --verify comes first and lets nothing be printed of a log that is not whole.",
  examples: [
    { line: "agentsecrets proxy logs --last 10", why: "what was done lately" },
    {
      line: "agentsecrets proxy logs --since 2h --secret STRIPE_KEY --output text | less",
      why: "what it was used for today",
    },
    { line: "agentsecrets proxy logs --watch --secret STRIPE_KEY", why: "who uses this key, as it happens" },
    { line: "agentsecrets proxy logs --verify", why: "is the log whole and unaltered?" },
  ],
  define: (command) =>
    command
      .option("--last <n>", "at most that many records, the newest", integer("--last", 1, 1_000_000))
      .option("--since <time>", "records since then: 10m, 2h, 1d, or 2026-01-31T14:05Z")
      .option("--watch", "go on printing records as they are written")
      .option("--secret <key>", "records of this secret only")
      .option("--agent <id>", "records of this agent only")
      .option("--verify", "check the chain and its signatures; alone it prints no records"),
  run: async (context, options) => {
    const query: AuditQuery = {
      ...(options.last === undefined ? {} : { last: options.last }),
      ...(options.secret === undefined ? {} : { secret: options.secret }),
      ...(options.agent === undefined ? {} : { agent: options.agent }),
      ...(options.since === undefined ? {} : { since: moment("--since", options.since, context.now()) }),
    };
    const prints = options.watch === true || Object.keys(query).length > 0;
    // First of all: records of a log that is not whole are not shown as if it were.
    const verified = options.verify === true ? await verifyAuditLog(context.world, context.signal) : undefined;
    if (verified !== undefined && !prints) {
      return await context.view.data(verdict(verified), (style) => tick(style, praise(verified)));
    }
    if (verified !== undefined) await context.view.note(`✓ ${praise(verified)}`);
    return options.watch === true ? await watch(context, query) : await print(context, query, verified);
  },
});

function verdict(result: AuditVerification): { readonly [name: string]: Json } {
  return {
    valid: true,
    path: result.path,
    records: result.records,
    first_seq: result.firstSeq,
    last_seq: result.lastSeq,
    checkpoint_seq: result.checkpointSeq,
  };
}

function praise({ records }: AuditVerification): string {
  return `The audit log is whole: ${count(records, "record")}, none altered, dropped or inserted`;
}

/** A person gets lines of text, and so does who asks for text; a program one JSON object a line. */
async function show({ terminal, view }: CommandContext, record: AuditRecord): Promise<void> {
  const people = !view.json && (view.text || terminal.isTerminal("stdout"));
  if (people) await terminal.write("stdout", auditLine(record, view.style));
  else await view.line(auditJson(record));
}

async function print(context: CommandContext, query: AuditQuery, verified?: AuditVerification): Promise<void> {
  const { view, world, signal } = context;
  const records = await readAuditLog(world, query, signal);
  if (view.json) {
    const verification = verified === undefined ? {} : { verification: verdict(verified) };
    return await view.data({ records: records.map(auditJson), ...verification }, () => "");
  }
  for (const record of records) await show(context, record);
  if (records.length > 0) return;
  const filtered = query.secret !== undefined || query.agent !== undefined || query.since !== undefined;
  await view.note(filtered ? "No record matches" : "No records yet");
}

async function watch(context: CommandContext, query: AuditQuery): Promise<void> {
  // `| head` ends the watch, as Ctrl-C does.
  const until = AbortSignal.any([context.signal, context.terminal.readerGone]);
  for await (const record of watchAuditLog(context.world, query, until)) await show(context, record);
}
