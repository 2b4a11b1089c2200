/** Tables of a bench: on the terminal as they come, and in docs/PERFORMANCE.md by section. */

/** A table with its caption. The first column names things, the others are figures. */
export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly note?: string;
}

const DOCUMENT = new URL("../docs/PERFORMANCE.md", import.meta.url);
const shown: Table[] = [];

/** Prints a table, aligned, and keeps it for {@linkcode takeTables}. */
export function show(table: Table): void {
  shown.push(table);
  const lines = [table.head, ...table.rows];
  const widths = table.head.map((_, c) => Math.max(...lines.map((row) => row[c]!.length)));
  console.log(`\n${table.title}`);
  for (const row of lines) {
    console.log("  " + row.map((cell, c) => c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!)).join("  "));
  }
  if (table.note !== undefined) console.log(`  ${table.note}`);
}

/** The tables since the last time, as Markdown. */
export function takeTables(): string {
  return shown.splice(0).map(markdown).join("\n");
}

function markdown({ title, head, rows, note }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const rule = line(head.map((_, c) => c === 0 ? "---" : "---:"));
  return `**${title}**\n\n${line(head)}${rule}${rows.map(line).join("")}${note === undefined ? "" : `\n${note}\n`}`;
}

/** Puts `text` where the document's section of that name stands, and leaves the rest as it is. */
export async function writeSection(name: string, text: string): Promise<void> {
  const before = await Deno.readTextFile(DOCUMENT);
  await Deno.writeTextFile(DOCUMENT, replaceSection(before, name, text));
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", DOCUMENT.pathname] }).output();
}

/** Sections stand between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`; a new one comes last. */
export function replaceSection(document: string, name: string, text: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const section = `${open}\n\n${text.trim()}\n\n${close}`;
  const from = document.indexOf(open), to = document.indexOf(close);
  if (from < 0 || to < from) return `${document.trimEnd()}\n\n## ${name}\n\n${section}\n`;
  return document.slice(0, from) + section + document.slice(to + close.length);
}

/** Milliseconds, with the unit that reads best; a dash where too little was measured. */
export function ms(value: number): string {
  if (!Number.isFinite(value)) return "–";
  return Math.abs(value) < 0.1 ? `${(value * 1000).toFixed(1)} µs` : `${value.toFixed(value < 10 ? 2 : 1)} ms`;
}

/** Bytes in MiB. */
export function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
