/** `call`. @module */

import { AppError, toAppError } from "../../kernel/error.ts";
import { piecesOf, wholeBody } from "../../kernel/body.ts";
import type { CallDoor, CallRequest } from "../../usecases/call.ts";
import { openCallDoor } from "../../usecases/call_door.ts";
import { callRequest } from "../call_request.ts";
import { defineCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { integer, repeated, UPSTREAM_PROXY } from "../options.ts";
import { answerEnvelope, failureEnvelope } from "../view/call.ts";
import { printable } from "../view/style.ts";

/** Most of an answer that is held in memory; larger ones are for --stream. */
const WHOLE_ANSWER = { what: "the answer", maxBytes: 256 * 1024 * 1024 };

export const command = defineCommand({
  detail:
    "Flags name secrets; their values are put in on the way out and taken out of what comes back. The host must be in the " +
    "workspace's allowlist. Redirects are handed back, not followed. An answer of any status is exit number 0.",
  examples: [
    { line: "agentsecrets call --url https://api.stripe.com/v1/balance --bearer STRIPE_KEY", why: "a bearer token" },
    {
      line:
        "agentsecrets call --url https://api.sendgrid.com/v3/mail/send --header X-Api-Key=SENDGRID_KEY --body @mail.json",
      why: "a header, and a body from a file",
    },
    {
      line: "agentsecrets call --url https://api.example.com/token --form-field api_key=API_KEY --json",
      why: "a form field, with status, headers and body as JSON",
    },
  ],
  define: (command) =>
    command
      .option("--url <url>", "where to send the request")
      .option("--method <method>", "HTTP method (GET, or POST with a body)")
      .option("--body <text>", "request body: text, @file, or - for standard input")
      .option("--header-plain <name=value>", "a header without a secret; repeatable", repeated)
      .option("--bearer <key>", "Authorization: Bearer, with this secret")
      .option("--basic <key>", "Authorization: Basic, with this secret (user:password)")
      .option("--header <name=key>", "a header with this secret; repeatable", repeated)
      .option("--query <param=key>", "a query parameter with this secret; repeatable", repeated)
      .option("--body-field <path=key>", "a field of a JSON body with this secret; repeatable", repeated)
      .option("--form-field <field=key>", "a form field with this secret; repeatable", repeated)
      .option("--include", "print the answer's headers too")
      .option("--stream", "print the body as it comes")
      .option(
        "--timeout <seconds>",
        "longest wait for a connection, an answer, the next piece",
        integer("--timeout", 1, 86_400),
      )
      .option("--token <token>", "call as this agent")
      .option("--project <name>", "project instead of this folder's")
      .option("--env <name>", "environment instead of the active one")
      .option(...UPSTREAM_PROXY),
  run: async (context, options) => {
    if (context.view.json && options.stream === true) {
      throw new AppError("usage", { problem: "Cannot use --stream with JSON: an envelope is printed whole" });
    }
    const started = context.world.clock.monotonicMs();
    try {
      const request = await callRequest(context, options);
      const door = openCallDoor(context.world);
      if (context.view.json) return await printEnvelope(context, door, request);
      return await printText(context, door, request, options.include === true, options.stream === true);
    } catch (error) {
      if (!context.view.json || context.signal.aborted) throw error;
      const failure = toAppError(error);
      await context.view.data({ ...failureEnvelope(failure, context.world.clock.monotonicMs() - started) }, () => "");
      return failure.exit;
    }
  },
});

async function printEnvelope(context: CommandContext, door: CallDoor, request: CallRequest): Promise<number> {
  const response = await door.call(request, context.signal);
  const body = await wholeBody(response.body, WHOLE_ANSWER);
  const { redacted, durationMs } = await response.outcome;
  await context.view.data(
    { ...answerEnvelope(response.status, response.headers, body, redacted, durationMs) },
    () => "",
  );
  return 0;
}

async function printText(
  context: CommandContext,
  door: CallDoor,
  request: CallRequest,
  include: boolean,
  stream: boolean,
): Promise<number> {
  const { terminal } = context;
  const response = await door.call(request, AbortSignal.any([context.signal, terminal.readerGone]));
  const headers = include
    ? response.headers.map(([name, value]) => `${printable(name)}: ${printable(value)}\n`).join("")
    : "";
  const head = `HTTP ${response.status}\n${headers}\n`;
  if (stream) {
    await terminal.write("stdout", head);
    for await (const piece of piecesOf(response.body)) await terminal.write("stdout", piece);
  } else {
    const body = await wholeBody(response.body, WHOLE_ANSWER);
    await terminal.write("stdout", head);
    await terminal.write("stdout", body);
    if (terminal.isTerminal("stdout") && body.length > 0 && body.at(-1) !== 0x0a) await terminal.write("stdout", "\n");
  }
  const { redacted } = await response.outcome;
  if (redacted) await context.view.note("The answer held a credential; [REDACTED_BY_AGENTSECRETS] stands in its place");
  return 0;
}
