/**
 * The parts of the official MCP SDK that the server uses, and no others: they decide how fast it starts.
 *
 * The package's export map names its types only for paths without `.js`, and its code only for paths with it: hence two each.
 *
 * @module
 */

// @ts-types="@modelcontextprotocol/sdk/server/mcp"
export { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/stdio"
export { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
export type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol";
export type {
  CallToolResult,
  JSONRPCMessage,
  ReadResourceResult,
  RequestId,
  ServerNotification,
  ServerRequest,
  ToolAnnotations,
} from "@modelcontextprotocol/sdk/types";
