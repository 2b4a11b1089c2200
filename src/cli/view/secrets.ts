/**
 * What the secrets commands show of places, changes, conflicts and warnings.
 *
 * @module
 */

import type {
  ChangedSecret,
  EnvironmentPlace,
  SecretConflict,
  SecretsWarning,
  WriteResult,
} from "../../usecases/secrets/outcome.ts";
import { count, type Json, tick, type View } from "./view.ts";
import type { Style } from "./style.ts";

/** `payments / production`. */
export function placeText(place: EnvironmentPlace): string {
  return `${place.project} / ${place.environment}`;
}

/** The place as JSON. */
export function placeJson(place: EnvironmentPlace): Readonly<Record<string, Json>> {
  return {
    workspace: place.workspace,
    workspace_id: place.workspaceId,
    project: place.project,
    project_id: place.projectId,
    environment: place.environment,
    environment_id: place.environmentId,
  };
}

/** A change as JSON. `version` is null while only this machine knows of it. */
export function changeJson(changed: ChangedSecret): Json {
  return { name: changed.name, change: changed.change, version: changed.version ?? null };
}

/** A conflict as JSON. */
export function conflictJson(conflict: SecretConflict): Json {
  return {
    name: conflict.name,
    here: conflict.here,
    there: conflict.there,
    base_version: conflict.baseVersion,
    remote_version: conflict.remoteVersion ?? null,
  };
}

/** `+ NAME  version 3`, one line each; `unchanged` ones are left out. */
export function changeLines(changes: readonly ChangedSecret[], style: Style): string {
  const glyph = { created: style.green("+"), updated: style.yellow("~"), deleted: style.red("-"), unchanged: "=" };
  return changes
    .filter((changed) => changed.change !== "unchanged")
    .map((changed) => `  ${glyph[changed.change]} ${changed.name}${versionText(changed.version, style)}\n`)
    .join("");
}

function versionText(version: number | undefined, style: Style): string {
  return version === undefined ? "" : `  ${style.dim(`version ${version}`)}`;
}

/** One line for each conflict, and what to do about them. */
export function conflictLines(conflicts: readonly SecretConflict[], style: Style): string {
  if (conflicts.length === 0) return "";
  const side = { modified: "changed", deleted: "deleted", file: "another value in .env", unchanged: "unchanged" };
  const lines = conflicts.map((conflict) =>
    `  ${style.red("✗")} ${conflict.name}  ${
      style.dim(`here: ${side[conflict.here]}, server: ${side[conflict.there]}`)
    }\n`
  );
  return `${style.red(`${count(conflicts.length, "conflict")}, nothing overwritten:`)}\n${lines.join("")}`;
}

/** Shows what a write did: `headline` makes "Stored 2 secrets in app / development" of the number and the place. */
export async function showWrite(
  view: View,
  headline: (secrets: string, place: string) => string,
  result: WriteResult,
): Promise<void> {
  const changed = result.secrets.filter((secret) => secret.change !== "unchanged");
  const document = {
    ...placeJson(result.place),
    stored: result.stored,
    secrets: result.secrets.map(changeJson),
    files: result.files,
    warnings: result.warnings.map(warningJson),
  };
  await view.done(document, (style) => {
    const place = placeText(result.place);
    const said = changed.length === 0
      ? `Nothing to change in ${place}`
      : headline(count(changed.length, "secret"), place) + (result.stored === "local" ? ", on this machine only" : "");
    return tick(style, said) + changeLines(changed, style) + filesLine(result.files, style);
  });
  await showWarnings(view, result.warnings);
}

/** Which `.env` files were brought up to date. */
export function filesLine(files: readonly string[], style: Style): string {
  return files.length === 0 ? "" : style.dim(`  wrote ${files.join(", ")}`) + "\n";
}

/** Warnings on stderr, one line each. */
export async function showWarnings(view: View, warnings: readonly SecretsWarning[]): Promise<void> {
  for (const warning of warnings) await view.warn(warningText(warning));
}

/** A warning as JSON: its kind and its facts, in snake case. */
export function warningJson(warning: SecretsWarning): Json {
  const facts = Object.entries(warning).map(([name, value]) =>
    [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value as Json] as const
  );
  return Object.fromEntries(facts);
}

/** One line for people. */
export function warningText(warning: SecretsWarning): string {
  switch (warning.kind) {
    case "not_redactable":
      return `${warning.name} is shorter than ${warning.minBytes} bytes: it cannot be searched for and redacted in answers`;
    case "not_for_environment":
      return `${warning.name} holds a NUL byte: 'agentsecrets env' and .env files cannot carry it`;
    case "not_for_dotenv":
      return `${warning.name} was left out of ${warning.file}: not every .env reader would read it back`;
    case "kept_local":
      return `${warning.origin} cannot be reached (${warning.reason}): ${
        count(warning.count, "change")
      } kept on this machine until 'agentsecrets secrets push'`;
    case "server_unreachable":
      return `${warning.origin} cannot be reached (${warning.reason}): only this machine's side is known`;
    case "lines_ignored":
      return `${warning.file}: ${lineNumbers(warning.lines)} ignored: no NAME=value`;
    case "names_ignored":
      return `${warning.file}: ${lineNumbers(warning.lines)} ignored: not a name that a secret can have`;
    case "file_not_updated":
      return `${warning.file} was not updated: ${warning.reason}`;
    case "file_not_ignored":
      return `${warning.file} holds values and .gitignore does not name it: it could be committed`;
    default:
      return warning satisfies never;
  }
}

function lineNumbers(lines: readonly number[]): string {
  const shown = lines.slice(0, 8).join(", ");
  return `${lines.length === 1 ? "line" : "lines"} ${shown}${lines.length > 8 ? " …" : ""}`;
}
