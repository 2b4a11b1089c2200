/**
 * Every command of the program: its words, one line about it, and how to load it. Nothing here imports a command, so `--help`
 * and `--version` load none and a command loads only itself.
 *
 * @module
 */

import type { CommandModule } from "./command.ts";

/** A command that does something. */
export interface Leaf {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: CommandModule }>;
}

/** A word with commands below it. */
export interface Group {
  readonly name: string;
  readonly summary: string;
  readonly below: readonly Node[];
}

/** One word of the command tree. `heading` is where the main help lists it. */
export type Node = (Leaf | Group) & { readonly heading?: string };

/** Whether `node` has commands below it. */
export function isGroup(node: Node): node is Group {
  return "below" in node;
}

const START = "Start:", USE = "Let an agent work:", STORE = "Store:", SHARE = "Organise:", MORE = "More:";

/** The command tree, in the order of the help. */
export const COMMANDS: readonly Node[] = [
  {
    name: "init",
    summary: "make an account on this machine",
    heading: START,
    load: () => import("./commands/init.ts"),
  },
  {
    name: "login",
    summary: "open this account on this machine again",
    heading: START,
    load: () => import("./commands/login.ts"),
  },
  {
    name: "logout",
    summary: "end the session and remove this device's keys",
    heading: START,
    load: () => import("./commands/logout.ts"),
  },
  {
    name: "status",
    summary: "who, where, and what needs attention",
    heading: START,
    load: () => import("./commands/status.ts"),
  },
  {
    name: "secrets",
    summary: "store, compare and sync secrets",
    heading: STORE,
    below: [
      { name: "set", summary: "store one or more secrets", load: () => import("./commands/secrets/set.ts") },
      { name: "get", summary: "show a value to a person", load: () => import("./commands/secrets/get.ts") },
      { name: "list", summary: "list names, never values", load: () => import("./commands/secrets/list.ts") },
      {
        name: "delete",
        summary: "remove secrets here and on the server",
        load: () => import("./commands/secrets/delete.ts"),
      },
      {
        name: "diff",
        summary: "compare this machine with the server",
        load: () => import("./commands/secrets/diff.ts"),
      },
      { name: "pull", summary: "bring the server's secrets here", load: () => import("./commands/secrets/pull.ts") },
      {
        name: "push",
        summary: "send local changes and .env to the server",
        load: () => import("./commands/secrets/push.ts"),
      },
      {
        name: "history",
        summary: "list the versions of a secret",
        load: () => import("./commands/secrets/history.ts"),
      },
      {
        name: "rollback",
        summary: "make an old version the newest",
        load: () => import("./commands/secrets/rollback.ts"),
      },
      { name: "copy", summary: "copy secrets between environments", load: () => import("./commands/secrets/copy.ts") },
      { name: "import", summary: "store what a .env file holds", load: () => import("./commands/secrets/import.ts") },
    ],
  },
  {
    name: "call",
    summary: "send a request with secrets put in on the way",
    heading: USE,
    load: () => import("./commands/call.ts"),
  },
  {
    name: "env",
    summary: "run a program with secrets in its environment",
    heading: USE,
    load: () => import("./commands/env.ts"),
  },
  {
    name: "exec",
    summary: "answer OpenClaw's SecretRef requests on stdin",
    heading: USE,
    load: () => import("./commands/exec.ts"),
  },
  {
    name: "mcp",
    summary: "the server for AI tools that speak MCP",
    heading: USE,
    below: [
      { name: "serve", summary: "serve MCP on stdin and stdout", load: () => import("./commands/mcp/serve.ts") },
      { name: "install", summary: "connect AI tools to it", load: () => import("./commands/mcp/install.ts") },
    ],
  },
  {
    name: "proxy",
    summary: "the local credential proxy and its audit log",
    heading: USE,
    below: [
      { name: "start", summary: "serve http://localhost:8765/proxy", load: () => import("./commands/proxy/start.ts") },
      { name: "stop", summary: "end the running proxy", load: () => import("./commands/proxy/stop.ts") },
      {
        name: "lock",
        summary: "drop the keys of a sealed vault",
        load: () => import("./commands/proxy/lock.ts"),
      },
      {
        name: "status",
        summary: "say whether a proxy runs, and where",
        load: () => import("./commands/proxy/status.ts"),
      },
      {
        name: "sync",
        summary: "fetch and verify the workspace's log now",
        load: () => import("./commands/proxy/sync.ts"),
      },
      { name: "logs", summary: "show or verify the audit log", load: () => import("./commands/proxy/logs.ts") },
    ],
  },
  {
    name: "project",
    summary: "projects of the workspace",
    heading: SHARE,
    below: [
      {
        name: "create",
        summary: "create a project and use it in this folder",
        load: () => import("./commands/project/create.ts"),
      },
      { name: "list", summary: "list the workspace's projects", load: () => import("./commands/project/list.ts") },
      { name: "use", summary: "make this folder belong to a project", load: () => import("./commands/project/use.ts") },
      {
        name: "update",
        summary: "change a project's name or description",
        load: () => import("./commands/project/update.ts"),
      },
      { name: "delete", summary: "delete a project for everyone", load: () => import("./commands/project/delete.ts") },
    ],
  },
  {
    name: "environment",
    summary: "development, staging, production and others",
    heading: SHARE,
    below: [
      {
        name: "list",
        summary: "list the project's environments",
        load: () => import("./commands/environment/list.ts"),
      },
      {
        name: "switch",
        summary: "choose the active environment",
        load: () => import("./commands/environment/switch.ts"),
      },
      { name: "create", summary: "add an environment", load: () => import("./commands/environment/create.ts") },
      {
        name: "delete",
        summary: "delete an environment for everyone",
        load: () => import("./commands/environment/delete.ts"),
      },
    ],
  },
  {
    name: "workspace",
    summary: "workspaces, their members and their allowlist",
    heading: SHARE,
    below: [
      { name: "create", summary: "found a workspace", load: () => import("./commands/workspace/create.ts") },
      { name: "list", summary: "list your workspaces", load: () => import("./commands/workspace/list.ts") },
      { name: "switch", summary: "choose the active workspace", load: () => import("./commands/workspace/switch.ts") },
      { name: "update", summary: "rename a workspace", load: () => import("./commands/workspace/update.ts") },
      {
        name: "delete",
        summary: "delete a workspace for everyone",
        load: () => import("./commands/workspace/delete.ts"),
      },
      { name: "members", summary: "list who belongs to it", load: () => import("./commands/workspace/members.ts") },
      {
        name: "allowlist",
        summary: "where secrets may be sent",
        below: [
          {
            name: "add",
            summary: "allow hosts (asks for the password)",
            load: () => import("./commands/workspace/allowlist/add.ts"),
          },
          {
            name: "remove",
            summary: "forbid hosts again (asks for the password)",
            load: () => import("./commands/workspace/allowlist/remove.ts"),
          },
          {
            name: "list",
            summary: "list what is allowed",
            load: () => import("./commands/workspace/allowlist/list.ts"),
          },
          {
            name: "log",
            summary: "show changes and blocked attempts",
            load: () => import("./commands/workspace/allowlist/log.ts"),
          },
        ],
      },
    ],
  },
  {
    name: "account",
    summary: "password, devices and the Emergency Kit",
    heading: MORE,
    below: [
      { name: "kit", summary: "show the Emergency Kit again", load: () => import("./commands/account/kit.ts") },
      { name: "password", summary: "change the password", load: () => import("./commands/account/password.ts") },
      { name: "devices", summary: "list or revoke devices", load: () => import("./commands/account/devices.ts") },
      {
        name: "storage",
        summary: "say or change where values rest",
        load: () => import("./commands/account/storage.ts"),
      },
      {
        name: "recover",
        summary: "get back in with the recovery code",
        load: () => import("./commands/account/recover.ts"),
      },
    ],
  },
  {
    name: "completions",
    summary: "print the completion script of a shell",
    heading: MORE,
    load: () => import("./commands/completions.ts"),
  },
];

/** The node at the end of `words`, as far as they name one, and how many words that took. */
export function findNode(words: readonly string[]): { readonly nodes: readonly Node[]; readonly used: number } {
  const nodes: Node[] = [];
  let below: readonly Node[] = COMMANDS;
  for (const word of words) {
    const node = below.find((candidate) => candidate.name === word);
    if (node === undefined) break;
    nodes.push(node);
    if (!isGroup(node)) break;
    below = node.below;
  }
  return { nodes, used: nodes.length };
}
