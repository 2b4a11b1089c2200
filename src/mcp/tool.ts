/**
 * What a tool is, and how its arguments, results and failures go over the wire.
 *
 * @module
 */

import type * as z from "zod";
import { AppError, toAppError } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";
import { type Client, clientOf, FOLDERS_QUESTION } from "./client.ts";
import { failureResult } from "./failure.ts";
import { Progress } from "./progress.ts";
import { publishedInput, publishedOutput } from "./schemas.ts";
import type {
  CallToolResult,
  InputRequiredResult,
  McpServer,
  ProtocolEra,
  ServerContext,
  ToolAnnotations,
} from "./sdk.ts";
import type { Session } from "./session.ts";

/** One call of a tool. */
export interface ToolCall {
  /** The world, with the session's folder as its working folder. */
  readonly ports: WorldWithEngine;
  readonly session: Session;
  readonly client: Client;
  /** Aborts when the client cancels the request or the session ends. */
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/** A tool: names in, names and redacted answers out. */
export interface Tool<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** For the model: what it does, when to use it, what it does not do. */
  readonly description: string;
  readonly annotations: ToolAnnotations;
  readonly input: I;
  readonly output: O;
  run(call: ToolCall, input: z.output<I>): Promise<z.output<O>>;
}

/** A tool of any schemas, its types worked in and forgotten. */
export interface AnyTool {
  readonly name: string;
  register(server: McpServer, era: ProtocolEra, session: Session): void;
}

/** A tool from its declaration. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): AnyTool {
  const { name, title, description, annotations } = tool;
  return {
    name,
    register: (server, era, session) => {
      const inputSchema = publishedInput(tool.input), outputSchema = publishedOutput(tool.output);
      server.registerTool(
        name,
        { title, description, annotations: { title, ...annotations }, inputSchema, outputSchema },
        (args: unknown, context: ServerContext) =>
          session.track(execute(tool, session, clientOf(server, era, context), args, context)),
      );
    },
  };
}

async function execute<I extends z.ZodObject, O extends z.ZodObject>(
  tool: Tool<I, O>,
  session: Session,
  client: Client,
  args: unknown,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const signal = AbortSignal.any([context.mcpReq.signal, session.signal]);
  try {
    const input = parseArguments(tool, args);
    const ports = await session.world(client, signal);
    if (ports === undefined) return FOLDERS_QUESTION;
    using progress = new Progress(ports.clock, context);
    const structuredContent = await tool.run({ ports, session, client, signal, progress }, input);
    return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
  } catch (error) {
    const failure = signal.aborted ? new AppError("cancelled") : toAppError(error);
    if (failure.code === "internal") await session.report(tool.name, error);
    return failureResult(failure);
  }
}

/** @throws {AppError} `invalid_input` that names the argument; what was given is not quoted: it may be a value in a wrong place */
function parseArguments<I extends z.ZodObject>(tool: Tool<I, z.ZodObject>, args: unknown): z.output<I> {
  const parsed = tool.input.safeParse(args ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? ` (${issue.keys.map(showable).join(", ")})` : "";
  const where = issue?.path.map((step) => showable(String(step))).join(".") ?? "";
  const problem = issue?.code === "unrecognized_keys" ? `unknown argument${unknown}` : issue?.message ?? "invalid";
  throw new AppError("invalid_input", {
    what: `the arguments of ${tool.name}`,
    reason: where === "" ? problem : `${where}: ${problem}`,
  });
}
