/** `proxy logs`. @module */

import { AppError } from "../../../kernel/error.ts";
import { type AuditQuery, readAuditLog, verifyAuditLog, watchAuditLog } from "../../../usecases/read_audit_log.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { integer } from "../../options.ts";
import { auditJson, auditLine } from "../../view/audit.ts";
import { count, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "One line for each use of a secret on this machine, by 'call', 'env', 'exec' and the proxy; names only. On a terminal it " +
    "prints lines for people, otherwise one JSON object a line.",
  examples: [
    { line: "agentsecrets proxy logs --last 10", why: "what was done lately" },
    { line: "agentsecrets proxy logs --watch --secret STRIPE_KEY", why: "who uses this key, as it happens" },
    { line: "agentsecrets proxy logs --verify", why: "is the log whole and unaltered?" },
  ],
  define: (command) =>
    command
      .option("--last <n>", "at most that many records, the newest", integer("--last", 1, 1_000_000))
      .option("--watch", "go on printing records as they are written")
      .option("--secret <key>", "records of this secret only")
      .option("--agent <id>", "records of this agent only")
      .option("--verify", "check the chain and its signatures instead of printing"),
  run: async (context, options) => {
    if (options.verify === true) return await verify(context);
    if (options.watch === true && options.last === 0) throw new AppError("usage", { problem: "Cannot watch nothing" });
    const query: AuditQuery = {
      ...(options.last === undefined ? {} : { last: options.last }),
      ...(options.secret === undefined ? {} : { secret: options.secret }),
      ...(options.agent === undefined ? {} : { agent: options.agent }),
    };
    return await print(context, query, options.watch === true);
  },
});

async function verify(context: CommandContext): Promise<void> {
  const result = await verifyAuditLog(context.world, context.signal);
  const document = {
    valid: true,
    path: result.path,
    records: result.records,
    first_seq: result.firstSeq,
    last_seq: result.lastSeq,
    checkpoint_seq: result.checkpointSeq,
  };
  await context.view.data(
    document,
    (style) =>
      tick(style, `The audit log is whole: ${count(result.records, "record")}, none altered, dropped or inserted`),
  );
}

async function print(context: CommandContext, query: AuditQuery, watch: boolean): Promise<void> {
  const { terminal, view, world, signal } = context;
  const people = terminal.isTerminal("stdout") && !view.json;
  const records = await readAuditLog(world, query, signal);
  if (view.json && !watch) {
    await view.data({ records: records.map(auditJson) }, () => "");
    return;
  }
  const show = async (record: (typeof records)[number]): Promise<void> => {
    if (people) await terminal.write("stdout", auditLine(record, view.style));
    else await view.line(auditJson(record));
  };
  for (const record of records) await show(record);
  if (records.length === 0 && !watch) await view.note("No records yet");
  if (!watch) return;
  // `| head` ends the watch, as Ctrl-C does.
  const until = AbortSignal.any([signal, terminal.readerGone]);
  for await (const record of watchAuditLog(world, query, until)) await show(record);
}
