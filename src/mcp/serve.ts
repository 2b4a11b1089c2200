/**
 * The MCP server: JSON-RPC on standard input and output, one client, until that client closes our input.
 *
 * It takes names and hands on redacted answers; the engine behind the door is the only one that holds values.
 *
 * @module
 */

import process from "node:process";
import { fromUtf8 } from "../kernel/bytes.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";
import type { McpOptions } from "../usecases/serve_mcp.ts";
import { Pending } from "./pending.ts";
import { McpServer, type ReadResourceResult, ResourceTemplate, StdioServerTransport } from "./sdk.ts";
import { Session } from "./session.ts";
import { allTools } from "./tools/all.ts";

/** Longest message that a client may send, in bytes; a longer one ends the session. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
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
  const server = new McpServer({ name: "agentsecrets", title: "AgentSecrets", version: options.version }, {
    instructions: INSTRUCTIONS,
    capabilities: { tools: {}, resources: {} },
    jsonSchemaValidator: NO_FORMS,
  });
  const session = new Session(ports, options, server, signal);
  for (const tool of allTools(session.fixed)) tool.register(server, session);
  offerAnswers(server, session);
  const transport = new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: MAX_MESSAGE_BYTES });
  const gone = clientGone(server, signal);
  await server.connect(transport);
  const pending = new Pending(transport);
  try {
    if (await gone === "closed") await soon(pending.settled(), ports, signal);
  } finally {
    await session.end();
    await server.close();
  }
}

/** Forms (elicitation) are the only use that the SDK has for a validator on the server's side, and we ask nobody anything. */
const NO_FORMS = {
  getValidator: () => (): { valid: false; data: undefined; errorMessage: string } => {
    return { valid: false, data: undefined, errorMessage: "forms are not used" };
  },
};

/** Resolves when the client closes our input or our output, sends what cannot be read on from, or `signal` aborts. */
function clientGone(server: McpServer, signal: AbortSignal): Promise<"closed" | "cut"> {
  return new Promise((resolve) => {
    process.stdin.once("end", () => resolve("closed"));
    process.stdin.once("error", () => resolve("cut"));
    // Without a listener a reader that went away would end the process before running calls are on record.
    process.stdout.on("error", () => resolve("cut"));
    server.server.onclose = () => resolve("cut");
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
      const { kept, body } = await session.answers.read(uri.href);
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
