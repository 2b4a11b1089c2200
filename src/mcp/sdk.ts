/**
 * The parts of the official MCP SDK that the server uses, and no others: they decide how fast it starts.
 *
 * @module
 */

export {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  deserializeMessage,
  inputRequired,
  inputResponse,
  McpServer,
  PROTOCOL_VERSION_META_KEY,
  ResourceNotFoundError,
  ResourceTemplate,
  serializeMessage,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/server";
export { serveStdio } from "@modelcontextprotocol/server/stdio";
export type {
  CallToolResult,
  InputRequiredResult,
  JSONRPCMessage,
  ProtocolEra,
  ReadResourceResult,
  RequestId,
  ServerContext,
  StandardSchemaWithJSON,
  ToolAnnotations,
  Transport,
} from "@modelcontextprotocol/server";
