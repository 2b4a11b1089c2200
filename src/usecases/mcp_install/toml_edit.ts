/**
 * Puts one table into a TOML settings file and takes it out again; everything else stays.
 *
 * @module
 */

import { lineEnding, type TextEdit } from "./text_edit.ts";
import { readTomlText, type TomlHeader, type TomlPair, type TomlStatement, TomlTextError } from "./toml_text.ts";

/** `[section.name]` */
export interface TablePlace {
  readonly section: string;
  readonly name: string;
}

/** Values of a table: texts, lists of texts, and tables of texts, which become inline tables. */
export type TableValue = string | readonly string[] | Readonly<Record<string, string>>;

/** A header with the pairs below it, up to the next header. */
interface Table {
  readonly header: TomlHeader | undefined;
  readonly pairs: readonly TomlPair[];
}

/** Keys of ours in the table are set; keys of the person's own stay. @throws {TomlTextError} */
export function setTableEdits(
  text: string,
  place: TablePlace,
  values: Readonly<Record<string, TableValue>>,
): TextEdit[] {
  const tables = tablesOf(readTomlText(text));
  refuseOtherForms(tables, place);
  const eol = lineEnding(text);
  const table = tables.find(({ header }) => header !== undefined && isPath(header.path, [place.section, place.name]));
  if (table === undefined) {
    const lines = [
      `[${place.section}.${place.name}]`,
      ...Object.entries(values).map(([k, v]) => `${k} = ${render(v)}`),
    ];
    const gap = text === "" ? "" : text.endsWith("\n") ? eol : eol + eol;
    return [{ start: text.length, end: text.length, insert: gap + lines.map((line) => line + eol).join("") }];
  }
  const subtables = new Set(tables.flatMap(({ header }) => header?.path.length === 3 ? [header.path[2]!] : []));
  const missing: string[] = [];
  const edits = Object.entries(values).flatMap(([key, value]): TextEdit[] => {
    const found = table.pairs.find((pair) => pair.path[0] === key);
    if (found !== undefined) return setKey(text, found, value);
    if (subtables.has(key)) throw new TomlTextError(`'${key}' is a table of its own: write it there by hand`);
    missing.push(`${key} = ${render(value)}${eol}`);
    return [];
  });
  const at = table.header!.end;
  const gap = text[at - 1] === "\n" ? "" : eol;
  return missing.length === 0 ? edits : [{ start: at, end: at, insert: gap + missing.join("") }, ...edits];
}

function setKey(text: string, found: TomlPair, value: TableValue): TextEdit[] {
  const [key] = found.path;
  if (found.path.length > 1) {
    throw new TomlTextError(`'${found.path.join(".")}' is written with dots: change it by hand`);
  }
  const wanted = render(value);
  if (sameValue(text.slice(found.valueStart, found.valueEnd), wanted)) return [];
  if (typeof value === "object" && !Array.isArray(value)) {
    throw new TomlTextError(`'${key}' holds entries of its own: change it by hand`);
  }
  return [{ start: found.valueStart, end: found.valueEnd, insert: wanted, was: `${key} = …` }];
}

/** Takes out the table and those below it; nothing when there is none. @throws {TomlTextError} */
export function removeTableEdits(text: string, place: TablePlace): TextEdit[] {
  const tables = tablesOf(readTomlText(text));
  refuseOtherForms(tables, place);
  return tables.flatMap(({ header, pairs }) => {
    if (header === undefined || !isPath(header.path.slice(0, 2), [place.section, place.name])) return [];
    // Comments behind the last key belong to what follows. The blank line before it came with it.
    const end = pairs.at(-1)?.end ?? header.end;
    const before = /(?:(?<=\n)|^)\r?\n$/.exec(text.slice(0, header.start))?.[0] ?? "";
    return [{ start: header.start - before.length, end, insert: "", was: `[${header.path.join(".")}]` }];
  });
}

/** @throws {TomlTextError} for what this editor does not change: inline tables, dotted keys, arrays of tables */
function refuseOtherForms(tables: readonly Table[], { section, name }: TablePlace): void {
  for (const { header, pairs } of tables) {
    const path = header?.path ?? [];
    if (header?.isArray === true && path[0] === section) throw new TomlTextError(`'${section}' is an array of tables`);
    for (const pair of pairs) {
      const whole = [...path, ...pair.path];
      if (path.length >= 2 || whole[0] !== section) continue;
      if (whole.length === 1 || whole[1] === name) {
        throw new TomlTextError(
          `'${whole.slice(0, 2).join(".")}' is not written as [${section}.${name}]: change it by hand`,
        );
      }
    }
  }
  const own = tables.filter(({ header }) => header !== undefined && isPath(header.path, [section, name]));
  if (own.length > 1) throw new TomlTextError(`[${section}.${name}] stands there twice`);
}

function tablesOf(statements: readonly TomlStatement[]): Table[] {
  const tables: { header: TomlHeader | undefined; pairs: TomlPair[] }[] = [{ header: undefined, pairs: [] }];
  for (const statement of statements) {
    if (statement.kind === "header") tables.push({ header: statement, pairs: [] });
    else tables.at(-1)!.pairs.push(statement);
  }
  return tables;
}

function isPath(path: readonly string[], wanted: readonly string[]): boolean {
  return path.length === wanted.length && path.every((part, i) => part === wanted[i]);
}

/** JSON's strings are TOML's basic strings, but for DEL. */
function render(value: TableValue): string {
  const text = (part: string): string => JSON.stringify(part).replaceAll("\x7f", "\\u007f");
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return `[${value.map(text).join(", ")}]`;
  return `{ ${Object.entries(value).map(([key, part]) => `${key} = ${text(part)}`).join(", ")} }`;
}

/** The same but for spacing outside of texts. */
function sameValue(a: string, b: string): boolean {
  const packed = (text: string): string => text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, "$1").replaceAll(",]", "]");
  return packed(a) === packed(b);
}
