/**
 * Tables for people: a header row, a rule, and `│` between the cells.
 *
 * The glyphs and the order of cells are a contract: existing clients read these lines (docs/CLI.md, "Tables").
 *
 * @module
 */

import { printable, type Style } from "./style.ts";
import { measurerOf } from "./width.ts";

/** What stands in an empty cell; clients read it as nothing. */
export const EMPTY_CELL = "—";

/** `rows` under `header`, each line ended. Cells are made printable; empty ones show {@linkcode EMPTY_CELL}. */
export async function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): Promise<string> {
  const cells = rows.map((row) => header.map((_, i) => printable(row[i] ?? "") || EMPTY_CELL));
  const widthOf = await measurerOf([header, ...cells].flat());
  const widths = header.map((title, i) => Math.max(widthOf(title), ...cells.map((row) => widthOf(row[i]!))));
  const rule = (left: string, cross: string, right: string): string =>
    style.dim(left + widths.map((width) => "─".repeat(width + 2)).join(cross) + right);
  const bar = style.dim("│");
  const line = (row: readonly string[], paint: (text: string) => string): string =>
    `${bar} ${row.map((cell, i) => paint(cell) + pad(widths[i]! - widthOf(cell))).join(` ${bar} `)} ${bar}`;
  return [
    rule("╭", "┬", "╮"),
    line(header, style.bold),
    rule("├", "┼", "┤"),
    ...cells.map((row) => line(row, (text) => text)),
    rule("╰", "┴", "╯"),
    "",
  ].join("\n");
}

/** Lines of `label  value` with the values aligned. Labels are ASCII. */
export function facts(rows: readonly (readonly [label: string, value: string])[], style: Style): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length + 1));
  return rows.map(([label, value]) =>
    `${style.dim(`${label}:`)}${pad(width - label.length - 1)}  ${printable(value)}\n`
  )
    .join("");
}

/** Columns without borders, two spaces apart. */
export async function columns(rows: readonly (readonly string[])[]): Promise<string> {
  const cells = rows.map((row) => row.map(printable));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widthOf = await measurerOf(cells.flat());
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...cells.map((row) => widthOf(row[i] ?? ""))));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => cell + pad(widths[i]! - widthOf(cell))).join("  ").trimEnd();
  return cells.map((row) => `${line(row)}\n`).join("");
}

function pad(columns: number): string {
  return " ".repeat(Math.max(0, columns));
}
