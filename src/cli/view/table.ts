/**
 * Tables for people: a header row, a rule, and `│` between the cells.
 *
 * The glyphs and the order of cells are a contract: existing clients read these lines (docs/CLI.md, "Tables").
 *
 * @module
 */

import stringWidth from "string-width";
import { printable, type Style } from "./style.ts";

/** What stands in an empty cell; clients read it as nothing. */
export const EMPTY_CELL = "—";

/** `rows` under `header`, each line ended. Cells are made printable; empty ones show {@linkcode EMPTY_CELL}. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const cells = rows.map((row) => header.map((_, i) => printable(row[i] ?? "") || EMPTY_CELL));
  const widths = header.map((title, i) => Math.max(stringWidth(title), ...cells.map((row) => stringWidth(row[i]!))));
  const rule = (left: string, cross: string, right: string): string =>
    style.dim(left + widths.map((width) => "─".repeat(width + 2)).join(cross) + right);
  const bar = style.dim("│");
  const line = (row: readonly string[], paint: (text: string) => string): string =>
    `${bar} ${row.map((cell, i) => paint(cell) + pad(cell, widths[i]!)).join(` ${bar} `)} ${bar}`;
  return [
    rule("╭", "┬", "╮"),
    line(header, style.bold),
    rule("├", "┼", "┤"),
    ...cells.map((row) => line(row, (text) => text)),
    rule("╰", "┴", "╯"),
    "",
  ].join("\n");
}

/** Lines of `label  value` with the values aligned. */
export function facts(rows: readonly (readonly [label: string, value: string])[], style: Style): string {
  const width = Math.max(0, ...rows.map(([label]) => stringWidth(label) + 1));
  return rows.map(([label, value]) => `${style.dim(`${label}:`)}${pad(`${label}:`, width)}  ${printable(value)}\n`)
    .join("");
}

/** Columns without borders, two spaces apart. */
export function columns(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(printable));
  const count = Math.max(0, ...cells.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, i) => Math.max(0, ...cells.map((row) => stringWidth(row[i] ?? ""))));
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => cell + pad(cell, widths[i]!)).join("  ").trimEnd();
  return cells.map((row) => `${line(row)}\n`).join("");
}

function pad(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - stringWidth(text)));
}
