/**
 * `workspace allowlist add` and `remove`: a new version of the list, signed by A. A's private key exists only between the
 * password and the end of this call, so whoever has the files, the keychain and the session but not the password can change
 * nothing (docs/spec/protocol.md §6).
 *
 * @module
 */

import { parseAllowlistEntry, parseNewAllowlistEntry } from "../proxy/allowlist_entry.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { type AllowlistView, viewAllowlist } from "./list_allowlist.ts";
import { type OpenWorkspace, openWorkspace, type WorkspacePorts } from "./open_workspace.ts";
import type { AskPassword } from "./ports.ts";
import { unlockAccount } from "./unlock_account.ts";

export interface ChangeAllowlistInput {
  /** Entries as typed: host, `*.host`, `host:port`, or a full origin. All are checked before the password is asked. */
  readonly entries: readonly string[];
  readonly password: AskPassword;
}

export interface ChangeAllowlistResult {
  /** Normalised entries that this call added or removed. */
  readonly changed: readonly string[];
  /** Normalised entries that were there (add) or were not there (remove) already. */
  readonly unchanged: readonly string[];
  readonly allowlist: AllowlistView;
}

export type ChangeAllowlistPorts = WorkspacePorts;

/**
 * Asks for the password even when nothing changes: whoever is told that nothing changed has shown that they may ask.
 *
 * @throws {AppError} `invalid_allowlist_entry`, `not_logged_in`, `password_required`, `login_refused`, `role_required`, `log_invalid`, `pin_mismatch`
 */
export async function addAllowlistEntries(
  ports: ChangeAllowlistPorts,
  input: ChangeAllowlistInput,
  signal?: AbortSignal,
): Promise<ChangeAllowlistResult> {
  const wanted: string[] = [];
  for (const text of input.entries) wanted.push((await parseNewAllowlistEntry(text)).text);
  return await change(ports, input.password, wanted, {
    action: "add to the allowlist",
    touches: (rules, entry) => !rules.includes(entry),
    apply: (rules, changed) => [...rules, ...changed],
  }, signal);
}

/** As {@linkcode addAllowlistEntries}. */
export async function removeAllowlistEntries(
  ports: ChangeAllowlistPorts,
  input: ChangeAllowlistInput,
  signal?: AbortSignal,
): Promise<ChangeAllowlistResult> {
  const wanted = input.entries.map((text) => parseAllowlistEntry(text).text);
  return await change(ports, input.password, wanted, {
    action: "remove from the allowlist",
    touches: (rules, entry) => rules.includes(entry),
    apply: (rules, changed) => rules.filter((rule) => !changed.includes(rule)),
  }, signal);
}

interface Edit {
  readonly action: string;
  /** Whether the entry makes a difference to `rules`. */
  readonly touches: (rules: readonly string[], entry: string) => boolean;
  readonly apply: (rules: readonly string[], changed: readonly string[]) => string[];
}

async function change(
  ports: ChangeAllowlistPorts,
  password: AskPassword,
  wanted: readonly string[],
  edit: Edit,
  signal?: AbortSignal,
): Promise<ChangeAllowlistResult> {
  const entries = [...new Set(wanted)];
  using workspace = await openWorkspace(ports, {}, signal);
  requireAdmin(workspace, edit.action);
  const { device, client, account } = workspace;
  return await unlockAccount(device, client, account, password, async ({ admin, stepUp }) => {
    const touched = ({ allowlist }: OpenWorkspace): string[] => entries.filter((e) => edit.touches(allowlist.rules, e));
    let changed = touched(workspace), after = workspace;
    if (changed.length > 0) {
      after = await appendToWorkspace(
        ports,
        workspace,
        (batch, current) => {
          changed = touched(current);
          const { version, rules } = current.allowlist;
          batch.add("allowlist.set", { version: version + 1, scope: "workspace", rules: edit.apply(rules, changed) });
        },
        { key: admin, stepUp },
        signal,
      );
    }
    const unchanged = entries.filter((entry) => !changed.includes(entry));
    return { changed, unchanged, allowlist: viewAllowlist(after) };
  }, signal);
}
