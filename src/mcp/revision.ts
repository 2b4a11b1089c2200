/**
 * Requests for a revision that this server does not speak. Since 2026-07-28 each request names its revision, and each must be refused
 * that names another; the SDK looks at the first of a connection only.
 *
 * @module
 */

import { type JSONRPCMessage, PROTOCOL_VERSION_META_KEY, UnsupportedProtocolVersionError } from "./sdk.ts";

/** Those that need no handshake: what `server/discover` tells. Older ones are agreed on by `initialize` and not named again. */
export const REVISIONS: readonly string[] = ["2026-07-28"];

/** The answer to `message` when it asks for another revision. */
export function refusalOf(message: JSONRPCMessage): JSONRPCMessage | undefined {
  if (!("method" in message && "id" in message)) return undefined;
  const requested = message.params?._meta?.[PROTOCOL_VERSION_META_KEY];
  if (typeof requested !== "string" || REVISIONS.includes(requested)) return undefined;
  const { code, message: text, data } = new UnsupportedProtocolVersionError({ supported: [...REVISIONS], requested });
  return { jsonrpc: "2.0", id: message.id, error: { code, message: text, data } };
}
