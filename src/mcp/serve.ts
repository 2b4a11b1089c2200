/**
 * The MCP server: JSON-RPC on standard input and output, one client, until that client closes our input.
 *
 * It takes names and hands on redacted answers; the engine behind the door is the only one that holds values.
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";
import type { McpOptions } from "../usecases/serve_mcp.ts";
import {
  McpServer,
  type ProtocolEra,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  serveStdio,
} from "./sdk.ts";
import { DefaultJsonSchemaValidator } from "./sdk_platform.ts";
import { Session } from "./session.ts";
import { StandardStreams } from "./streams.ts";
import { allTools } from "./tools/all.ts";

/** How long calls may go on after the client closed our input, in ms: somebody may have piped requests in. */
const DRAIN_MS = 2_000;

const INSTRUCTIONS =
  `Secrets are kept by agentsecrets. You work with their names: api_call puts a value in on the way out and \
takes it out of what comes back. Never ask the person for a value and never put one into an argument.
Begin with status and list_secrets. A name that is missing: secrets_pull, else ask the person to run 'agentsecrets secrets set \
NAME'. A host that is not allowed: ask the person to run 'agentsecrets workspace allowlist add HOST'; it needs their password, \
on purpose. [REDACTED_BY_AGENTSECRETS] in an answer stands where the other side sent a credential back; it is not an error.`;

/** See {@linkcode ServeMcp}. */
export async function serveMcp(ports: WorldWithEngine, options: McpOptions, signal: AbortSignal): Promise<void> {
  const session = new Session(ports, options, signal);
  const streams = new StandardStreams();
  // The first message decides how the client speaks, and may be a look ahead of another: hence a server for each beginning.
  const serving = serveStdio(({ era }) => makeServer(session, options.version, era), { transport: streams });
  try {
    const how = await Promise.race([streams.gone, aborted(signal)]);
    if (how === "ended") await soon(streams.answered(), ports, signal);
  } finally {
    await session.end();
    await serving.close();
    await session.vouch();
  }
}

function makeServer(session: Session, version: string, era: ProtocolEra): McpServer {
  const server = new McpServer({ name: "agentsecrets", title: "AgentSecrets", version }, {
    instructions: INSTRUCTIONS,
    // Tools stay the same for the session. Bodies that are kept are named by the answer that made them.
    capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
    jsonSchemaValidator: new DefaultJsonSchemaValidator(),
  });
  for (const tool of allTools(session.fixed)) tool.register(server, era, session);
  offerAnswers(server, session);
  return server;
}

function aborted(signal: AbortSignal): Promise<"cut"> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve("cut");
    signal.addEventListener("abort", () => resolve("cut"), { once: true });
  });
}

async function soon(work: Promise<void>, { clock }: WorldWithEngine, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const limit = clock.sleep(DRAIN_MS, AbortSignal.any([signal, done.signal])).catch(() => {});
  await Promise.race([work, limit]);
  done.abort();
}

/** Kept bodies as resources, for clients that cannot open files. */
function offerAnswers(server: McpServer, session: Session): void {
  const list = () => ({
    resources: session.answers.list().map(({ name, uri, mimeType, bytes }) => ({ name, uri, mimeType, size: bytes })),
  });
  server.registerResource(
    "answers",
    new ResourceTemplate("agentsecrets://answers/{name}", { list }),
    { title: "Answers of api_call", description: "Bodies that were too large or not text, until this session ends" },
    async (uri): Promise<ReadResourceResult> => {
      const answer = await session.answers.read(uri.href);
      if (answer === undefined) throw new ResourceNotFoundError(uri.href);
      const { kept, body } = answer;
      return { contents: [{ uri: kept.uri, mimeType: kept.mimeType, ...contents(body) }] };
    },
  );
}

function contents(body: Uint8Array): { readonly text: string } | { readonly blob: string } {
  try {
    return { text: fromUtf8(body) };
  } catch {
    return { blob: body.toBase64() };
  }
}
