/** Where the tools keep their settings, on each system. */
import assert from "node:assert/strict";
import type { Surroundings } from "../../../../src/ports/surroundings.ts";
import { CLIENTS } from "../../../../src/usecases/mcp_install/clients.ts";

function machine(
  system: string,
  personFolder: string | undefined,
  variables: Record<string, string> = {},
): Surroundings {
  return {
    system,
    personFolder,
    variable: (name) => variables[name],
    program: () => Promise.reject(new Error("not asked for")),
    modeOf: () => Promise.resolve(undefined),
  };
}

const files = (on: Surroundings): (string | undefined)[] => CLIENTS.map((client) => client.file(on));

Deno.test("each system has its own places", () => {
  assert.deepEqual(files(machine("linux", "/home/me")), [
    "/home/me/.config/Claude/claude_desktop_config.json",
    "/home/me/.claude.json",
    "/home/me/.cursor/mcp.json",
    "/home/me/.config/Code/User/mcp.json",
    "/home/me/.codeium/windsurf/mcp_config.json",
    "/home/me/.codex/config.toml",
    "/home/me/.gemini/settings.json",
    "/home/me/.config/zed/settings.json",
  ]);
  assert.deepEqual(files(machine("darwin", "/Users/me", { XDG_CONFIG_HOME: "/x" })), [
    "/Users/me/Library/Application Support/Claude/claude_desktop_config.json",
    "/Users/me/.claude.json",
    "/Users/me/.cursor/mcp.json",
    "/Users/me/Library/Application Support/Code/User/mcp.json",
    "/Users/me/.codeium/windsurf/mcp_config.json",
    "/Users/me/.codex/config.toml",
    "/Users/me/.gemini/settings.json",
    "/Users/me/.config/zed/settings.json",
  ]);
  const roaming = "C:\\Users\\me\\AppData\\Roaming";
  assert.deepEqual(files(machine("windows", "C:\\Users\\me", { APPDATA: roaming })), [
    `${roaming}\\Claude\\claude_desktop_config.json`,
    "C:\\Users\\me\\.claude.json",
    "C:\\Users\\me\\.cursor\\mcp.json",
    `${roaming}\\Code\\User\\mcp.json`,
    "C:\\Users\\me\\.codeium\\windsurf\\mcp_config.json",
    "C:\\Users\\me\\.codex\\config.toml",
    "C:\\Users\\me\\.gemini\\settings.json",
    `${roaming}\\Zed\\settings.json`,
  ]);
});

Deno.test("the tools' own variables move their settings", () => {
  const moved = machine("linux", "/home/me", {
    XDG_CONFIG_HOME: "/cfg",
    CODEX_HOME: "/codex",
    CLAUDE_CONFIG_DIR: "/cc",
  });
  assert.deepEqual(files(moved).filter((path) => !path!.startsWith("/home")), [
    "/cfg/Claude/claude_desktop_config.json",
    "/cc/.claude.json",
    "/cfg/Code/User/mcp.json",
    "/codex/config.toml",
    "/cfg/zed/settings.json",
  ]);
});

Deno.test("where the system tells no home there is no place, and no trace is looked for at a made-up one", () => {
  for (const system of ["linux", "darwin", "windows"]) {
    const nowhere = machine(system, undefined);
    assert.deepEqual(files(nowhere).filter((path) => path !== undefined), [], system);
    assert.deepEqual(CLIENTS.flatMap((client) => client.traces(nowhere)), [], system);
  }
});
