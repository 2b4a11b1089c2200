/**
 * One tool's settings file: what it would be with our entry, and without.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { EntryValue } from "./json_edit.ts";
import { isBare, removeEntryEdits, setEntryEdits } from "./json_edit.ts";
import { JsonTextError } from "./json_text.ts";
import { applyEdits, type TextEdit } from "./text_edit.ts";
import { removeTableEdits, setTableEdits, type TableValue } from "./toml_edit.ts";
import { TomlTextError } from "./toml_text.ts";

/** The name of our entry in every tool. */
export const SERVER_NAME = "agentsecrets";

/** A file's form. */
export interface SettingsForm {
  readonly format: "json" | "toml";
  readonly section: string;
}

type Entry = Readonly<Record<string, EntryValue>>;

/** Edits that bring the entry in; none when it is there as it should be. @throws {AppError} `config_damaged` */
export function installEdits(path: string, text: string, form: SettingsForm, entry: Entry): TextEdit[] {
  const place = { section: form.section, name: SERVER_NAME };
  return reading(
    path,
    () =>
      form.format === "json"
        ? setEntryEdits(text, place, entry)
        : setTableEdits(text, place, entry as Readonly<Record<string, TableValue>>),
  );
}

/** Edits that take the entry out; none when there is none. @throws {AppError} `config_damaged` */
export function uninstallEdits(path: string, text: string, form: SettingsForm): TextEdit[] {
  const place = { section: form.section, name: SERVER_NAME };
  return reading(path, () => form.format === "json" ? removeEntryEdits(text, place) : removeTableEdits(text, place));
}

/**
 * What the file was before us: the backup, when nothing but our entry has changed since; otherwise the text without the entry.
 * Undefined when there was no file.
 *
 * @throws {AppError} `config_damaged`
 */
export function textBefore(
  path: string,
  text: string,
  backup: string | undefined,
  form: SettingsForm,
): string | undefined {
  const without = applyEdits(text, uninstallEdits(path, text, form));
  if (backup === undefined) {
    const bare = form.format === "json" ? isBare(without, form.section) : without.trim() === "";
    return bare ? undefined : without;
  }
  return without === backup || without === inAndOut(path, backup, form) ? backup : without;
}

/** The backup with an entry put in and taken out again: what our doing alone leaves of it. Undefined when it cannot be read. */
function inAndOut(path: string, backup: string, form: SettingsForm): string | undefined {
  try {
    const within = applyEdits(backup, installEdits(path, backup, form, { command: "" }));
    return applyEdits(within, uninstallEdits(path, within, form));
  } catch {
    return undefined;
  }
}

/** @throws {AppError} `config_damaged` */
function reading<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JsonTextError || error instanceof TomlTextError)) throw error;
    throw new AppError("config_damaged", { path, reason: error.message }, { cause: error });
  }
}
