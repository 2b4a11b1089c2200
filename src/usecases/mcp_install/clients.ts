/**
 * The AI tools that `mcp install` knows: where each keeps its MCP servers, and in which form. From the tools' own documentation,
 * read in November 2026.
 *
 * @module
 */

import { posix, win32 } from "node:path";
import type { Surroundings } from "../../ports/surroundings.ts";
import type { EntryValue } from "./json_edit.ts";

/** A server as a tool starts it. */
export interface ServerLine {
  readonly command: string;
  readonly args: readonly string[];
  /** Paths, never values. */
  readonly env: Readonly<Record<string, string>>;
}

/** A tool that reads its MCP servers from a file of the person's. */
export interface McpClient {
  /** As typed after `--client`. */
  readonly id: string;
  readonly label: string;
  readonly format: "json" | "toml";
  /** The object or table that holds the servers. */
  readonly section: string;
  /** The settings file; undefined where the system has no place for it. */
  file(machine: Surroundings): string | undefined;
  /** One of these exists where the tool is installed. */
  traces(machine: Surroundings): readonly string[];
  entry(line: ServerLine, machine: Surroundings): Readonly<Record<string, EntryValue>>;
  /** It starts its servers in no folder of the person's, and has none open. */
  readonly withoutFolder?: true;
}

/** Variables that lead to the desktop's keychain and that Codex does not hand on by itself. */
const KEYCHAIN_VARIABLES = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];

export const CLIENTS: readonly McpClient[] = [
  {
    id: "claude-desktop",
    label: "Claude Desktop",
    format: "json",
    section: "mcpServers",
    file: (machine) => inFolder(machine, settings(machine, "Claude"), "claude_desktop_config.json"),
    traces: (machine) => present(settings(machine, "Claude")),
    entry: plain,
    withoutFolder: true,
  },
  {
    id: "claude-code",
    label: "Claude Code",
    format: "json",
    section: "mcpServers",
    file: (machine) => inFolder(machine, machine.variable("CLAUDE_CONFIG_DIR") ?? machine.personFolder, ".claude.json"),
    traces: (machine) =>
      present(
        inFolder(machine, machine.variable("CLAUDE_CONFIG_DIR") ?? machine.personFolder, ".claude.json"),
        inFolder(machine, machine.personFolder, ".claude"),
      ),
    entry: (line) => ({ type: "stdio", ...plain(line) }),
  },
  {
    id: "cursor",
    label: "Cursor",
    format: "json",
    section: "mcpServers",
    file: (machine) => inFolder(machine, machine.personFolder, ".cursor", "mcp.json"),
    traces: (machine) => present(inFolder(machine, machine.personFolder, ".cursor")),
    entry: plain,
  },
  {
    id: "vscode",
    label: "VS Code",
    format: "json",
    section: "servers",
    file: (machine) => inFolder(machine, settings(machine, "Code"), "User", "mcp.json"),
    traces: (machine) => present(inFolder(machine, settings(machine, "Code"), "User")),
    entry: (line) => ({ type: "stdio", ...plain(line) }),
  },
  {
    id: "windsurf",
    label: "Windsurf",
    format: "json",
    section: "mcpServers",
    file: (machine) => inFolder(machine, machine.personFolder, ".codeium", "windsurf", "mcp_config.json"),
    traces: (machine) => present(inFolder(machine, machine.personFolder, ".codeium", "windsurf")),
    entry: plain,
  },
  {
    id: "codex",
    label: "Codex",
    format: "toml",
    section: "mcp_servers",
    file: (machine) => inFolder(machine, codexFolder(machine), "config.toml"),
    traces: (machine) => present(codexFolder(machine)),
    entry: (line, { system }) => ({ ...plain(line), ...(system === "linux" ? { env_vars: KEYCHAIN_VARIABLES } : {}) }),
  },
  {
    id: "gemini",
    label: "Gemini CLI",
    format: "json",
    section: "mcpServers",
    file: (machine) => inFolder(machine, machine.personFolder, ".gemini", "settings.json"),
    traces: (machine) => present(inFolder(machine, machine.personFolder, ".gemini")),
    entry: plain,
  },
  {
    id: "zed",
    label: "Zed",
    format: "json",
    section: "context_servers",
    file: (machine) => inFolder(machine, zedFolder(machine), "settings.json"),
    traces: (machine) => present(zedFolder(machine)),
    entry: (line) => ({ source: "custom", ...plain(line) }),
  },
];

function plain({ command, args, env }: ServerLine): Readonly<Record<string, EntryValue>> {
  return { command, args, ...(Object.keys(env).length === 0 ? {} : { env }) };
}

/** The folder in which desktop programs keep the settings of `name`. */
function settings(machine: Surroundings, name: string): string | undefined {
  const { system, personFolder } = machine;
  if (system === "windows") return inFolder(machine, machine.variable("APPDATA"), name);
  if (system === "darwin") return inFolder(machine, personFolder, "Library", "Application Support", name);
  return inFolder(machine, configFolder(machine), name);
}

function configFolder(machine: Surroundings): string | undefined {
  const named = machine.system === "darwin" ? undefined : machine.variable("XDG_CONFIG_HOME");
  return named ?? inFolder(machine, machine.personFolder, ".config");
}

function zedFolder(machine: Surroundings): string | undefined {
  if (machine.system === "windows") return settings(machine, "Zed");
  return inFolder(machine, configFolder(machine), "zed");
}

function codexFolder(machine: Surroundings): string | undefined {
  return machine.variable("CODEX_HOME") ?? inFolder(machine, machine.personFolder, ".codex");
}

function inFolder({ system }: Surroundings, folder: string | undefined, ...names: string[]): string | undefined {
  return folder === undefined ? undefined : (system === "windows" ? win32 : posix).join(folder, ...names);
}

function present(...paths: readonly (string | undefined)[]): string[] {
  return paths.filter((path) => path !== undefined);
}
