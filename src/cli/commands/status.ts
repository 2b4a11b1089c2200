/** `status`. @module */

import { type Drift, readStatus, type StatusResult } from "../../usecases/status.ts";
import { defineCommand } from "../command.ts";
import type { Style } from "../view/style.ts";
import { facts } from "../view/table.ts";
import { ago, iso } from "../view/time.ts";
import { count, type Json } from "../view/view.ts";

export const command = defineCommand({
  detail: "Needs no password and changes nothing. What cannot be told is a warning, not a failure.",
  examples: [
    { line: "agentsecrets status", why: "where am I, and is anything out of sync?" },
    { line: "agentsecrets status --json", why: "the same for programs" },
  ],
  define: (command) => command,
  run: async (context) => {
    const status = await readStatus(context.world, context.signal);
    await context.view.data(statusJson(status), (style) => statusText(status, context.now(), style));
    for (const warning of status.warnings) {
      await context.view.warn(warning.hint === undefined ? warning.message : `${warning.message}. ${warning.hint}`);
    }
  },
});

function statusJson(status: StatusResult): Json {
  return {
    initialised: status.initialised,
    logged_in: status.loggedIn,
    home: status.home,
    user: status.user === undefined
      ? null
      : { id: status.user.id, email: status.user.email, device_id: status.user.deviceId ?? null },
    server: status.server === undefined ? null : { ...status.server },
    storage_mode: status.storageMode ?? null,
    workspace: status.workspace === undefined ? null : {
      id: status.workspace.id,
      name: status.workspace.name ?? null,
      role: status.workspace.role ?? null,
      allowlist_entries: status.workspace.allowlistEntries ?? null,
    },
    project: status.project === undefined
      ? null
      : { id: status.project.id, name: status.project.name, folder: status.project.folder ?? null },
    environment: status.environment?.name ?? null,
    keychain: status.keychain === undefined
      ? null
      : { backend: status.keychain.backend, state: status.keychain.state, reason: status.keychain.reason ?? null },
    proxy: status.proxy === undefined ? null : { running: status.proxy.running, address: status.proxy.address ?? null },
    drift: status.drift === undefined ? null : {
      synced: status.drift.synced,
      local_only: status.drift.localOnly,
      remote_only: status.drift.remoteOnly,
      out_of_sync: status.drift.outOfSync,
    },
    last_pull: iso(status.lastPull),
    last_push: iso(status.lastPush),
    warnings: status.warnings.map((warning) => ({
      code: warning.code,
      message: warning.message,
      hint: warning.hint ?? null,
    })),
  };
}

function statusText(status: StatusResult, nowMs: number, style: Style): string {
  if (!status.initialised) {
    return `There is no account on this machine yet (${status.home}).\n  ${style.cyan("→")} agentsecrets init\n`;
  }
  const user = status.user?.email ?? "?";
  const rows: (readonly [string, string])[] = [
    ["Logged in as", status.loggedIn ? user : `nobody (${user} is logged out: agentsecrets login)`],
    ["Server", status.server?.embedded === true ? "this machine" : status.server?.origin ?? "?"],
    ["Workspace", workspaceText(status)],
    ["Project", status.project?.name ?? "none in this folder (agentsecrets project use NAME)"],
  ];
  if (status.environment !== undefined) rows.push(["Environment", status.environment.name]);
  if (status.keychain !== undefined) {
    const reason = status.keychain.reason === undefined ? "" : `: ${status.keychain.reason}`;
    rows.push(["Keychain", `${status.keychain.backend} (${status.keychain.state}${reason})`]);
  }
  if (status.proxy !== undefined) {
    rows.push(["Proxy", status.proxy.running ? `running on ${status.proxy.address ?? "?"}` : "not running"]);
  }
  if (status.drift !== undefined) rows.push(["Secrets", driftText(status.drift)]);
  if (status.project !== undefined) {
    rows.push(["Last pull", ago(status.lastPull, nowMs)], ["Last push", ago(status.lastPush, nowMs)]);
  }
  return facts(rows, style);
}

function workspaceText(status: StatusResult): string {
  const { workspace } = status;
  if (workspace === undefined) return "none";
  const allowed = workspace.allowlistEntries === undefined ? [] : [
    workspace.allowlistEntries === 0 ? "nothing allowed yet" : `${count(workspace.allowlistEntries, "host")} allowed`,
  ];
  const notes = [...(workspace.role === undefined ? [] : [workspace.role]), ...allowed];
  return `${workspace.name ?? workspace.id}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`;
}

/** `3 synced, 1 local only`. */
function driftText(drift: Drift): string {
  const parts = [
    `${drift.synced} synced`,
    ...(drift.localOnly > 0 ? [`${drift.localOnly} local only`] : []),
    ...(drift.remoteOnly > 0 ? [`${drift.remoteOnly} remote only`] : []),
    ...(drift.outOfSync > 0 ? [`${drift.outOfSync} out of sync`] : []),
  ];
  return parts.join(", ");
}
