/**
 * Who asks and which folders it has open. Since revision 2026-07-28 each request says who sends it and a question goes back in
 * place of the answer; before, one handshake said it for the session and the server could ask at any time.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  inputRequired,
  type InputRequiredResult,
  inputResponse,
  type McpServer,
  type ProtocolEra,
  type ServerContext,
} from "./sdk.ts";

/** How long a client of a session may take to say which folders it has open, in ms. */
const FOLDERS_TIMEOUT_MS = 3_000;
/** The question's name in {@linkcode FOLDERS_QUESTION}. */
const FOLDERS = "folders";

/** The client behind one request. */
export interface Client {
  /** The name that it gives itself, which nothing proves; empty when it gives none. */
  readonly name: string;
  /** The folders it has open, none when it does not say; undefined when it must be asked first: {@linkcode FOLDERS_QUESTION}. */
  folders(signal: AbortSignal): Promise<readonly string[] | undefined>;
}

/** In place of an answer: the client asks again and brings its folders along. */
export const FOLDERS_QUESTION: InputRequiredResult = inputRequired({
  inputRequests: { [FOLDERS]: inputRequired.listRoots() },
});

/** @param era How the connection began, which `server` was made for. */
export function clientOf(server: McpServer, era: ProtocolEra, { mcpReq }: ServerContext): Client {
  return era === "modern" ? statelessClient(mcpReq) : sessionClient(server);
}

/** What a request says of its sender. The SDK has checked it by the protocol's schema before a tool sees it. */
interface Envelope {
  readonly [CLIENT_INFO_META_KEY]?: { readonly name: string };
  readonly [CLIENT_CAPABILITIES_META_KEY]?: { readonly roots?: unknown };
}

function statelessClient({ envelope = {}, inputResponses }: ServerContext["mcpReq"]): Client {
  const { [CLIENT_INFO_META_KEY]: info, [CLIENT_CAPABILITIES_META_KEY]: abilities }: Envelope = envelope;
  return {
    name: info?.name ?? "",
    folders: () => {
      if (abilities?.roots === undefined) return Promise.resolve([]);
      if (inputResponses === undefined) return Promise.resolve(undefined);
      const answer = inputResponse(inputResponses, FOLDERS);
      return Promise.resolve(answer.kind === "roots" ? paths(answer.roots) : []);
    },
  };
}

function sessionClient({ server }: McpServer): Client {
  return {
    name: server.getClientVersion()?.name ?? "",
    folders: async (signal) => {
      if (server.getClientCapabilities()?.roots === undefined) return [];
      try {
        return paths((await server.listRoots(undefined, { signal, timeout: FOLDERS_TIMEOUT_MS })).roots);
      } catch {
        return []; // a client that cannot say has none
      }
    },
  };
}

/** What the client sends is its own, and nothing has looked at it yet: what is no path of this machine is left out. */
function paths(roots: readonly unknown[]): string[] {
  return roots.flatMap((root) => {
    const { uri } = (root ?? {}) as { readonly uri?: unknown };
    if (typeof uri !== "string" || !uri.startsWith("file:///")) return [];
    try {
      const path = fileURLToPath(uri);
      return path.includes("\0") ? [] : [path];
    } catch {
      return [];
    }
  });
}
