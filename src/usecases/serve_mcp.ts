/**
 * What `mcp serve` asks for: an MCP server on this process's standard streams (src/mcp). The composition root binds the two.
 *
 * @module
 */

import type { WorldWithEngine } from "./engine_ports.ts";

/** Where the server works and how it tells what went wrong. */
export interface McpOptions {
  /** The program's version, as the client is told. */
  readonly version: string;
  /** Absolute path where the search for the project file begins; default: the working folder, else the client's own roots. */
  readonly folder?: string;
  /** Fixed for the whole session: tools then take no project of their own. */
  readonly project?: string;
  /** Fixed for the whole session: tools then take no environment of their own. */
  readonly environment?: string;
  /** Told of failures that are bugs, for standard error. Standard output belongs to the protocol. */
  report(tool: string, error: unknown): Promise<void>;
}

/** Serves until the client closes standard input or `signal` aborts; running calls are recorded before it returns. */
export type ServeMcp = (ports: WorldWithEngine, options: McpOptions, signal: AbortSignal) => Promise<void>;
