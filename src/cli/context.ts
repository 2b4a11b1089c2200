/**
 * What a running command has at hand.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";
import type { Surroundings } from "../ports/surroundings.ts";
import type { Terminal } from "../ports/terminal.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";
import type { ServeMcp } from "../usecases/serve_mcp.ts";
import type { Answers } from "./answers.ts";
import type { View } from "./view/view.ts";

/** The world of the command line: that of the use-cases, a terminal, and what connects other programs to this one. */
export interface World extends WorldWithEngine {
  readonly terminal: Terminal;
  readonly surroundings: Surroundings;
  /** Runs an MCP server on standard input and output (src/mcp). */
  readonly serveMcp: ServeMcp;
  /** AGENTSECRETS_DEBUG=1. */
  readonly debug: boolean;
}

/** One command's surroundings. */
export interface CommandContext {
  readonly world: World;
  readonly terminal: Terminal;
  readonly view: View;
  readonly answers: Answers;
  /** Aborts when a person or the system asks the program to end. */
  readonly signal: AbortSignal;
  /** Absolute path of the folder the command runs in. */
  readonly folder: string;
  /** Milliseconds since the epoch, for "2 minutes ago". */
  now(): number;
}

/** What the program is given by the composition root. */
export interface Host {
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  /** 130 or 143 once a signal or Ctrl-C has ended the program; undefined before. */
  readonly interruptedExit: () => number | undefined;
  /** AGENTSECRETS_DEBUG=1. */
  readonly debug: boolean;
  /** Builds the world. `vaultPassphrase` is called only when a vault file is opened that needs one. */
  readonly makeWorld: (options: WorldOptions) => Promise<World>;
}

/** What the world asks back. */
export interface WorldOptions {
  readonly vaultPassphrase: () => Promise<Secret>;
  /** The account's password, which opens a sealed vault. */
  readonly password: () => Promise<Secret>;
  /** `--upstream-proxy` as it was typed. */
  readonly upstreamProxy?: string;
}
