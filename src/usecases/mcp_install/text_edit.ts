/**
 * Changes to a text at positions: what is not named by an edit stays byte for byte.
 *
 * @module
 */

/** Replaces `text.slice(start, end)` by `insert`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
  /** What a person is shown as taken away. Never what stood there: other entries of a line may hold credentials. */
  readonly was?: string;
}

/** `text` with all edits made; they do not overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let out = text;
  for (const { start, end, insert } of [...edits].sort((a, b) => b.start - a.start || b.end - a.end)) {
    out = out.slice(0, start) + insert + out.slice(end);
  }
  return out;
}

/** The edits for a person, each with its line: only what we add or take away, and nothing of what stands around it. */
export function showEdits(text: string, edits: readonly TextEdit[]): string {
  const shown = [...edits].sort((a, b) => a.start - b.start).flatMap(({ start, insert, was }) => {
    const removed = lines(was ?? "").map((line) => `-${line}`), added = lines(insert).map((line) => `+${line}`);
    if (removed.length + added.length === 0) return [];
    return [`@@ line ${text.slice(0, start).split("\n").length} @@`, ...removed, ...added];
  });
  return shown.map((line) => `${line}\n`).join("");
}

/** Lines that say something; punctuation alone says nothing. */
function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => !/^[\s,]*$/.test(line));
}

/** The line ending of a text. */
export function lineEnding(text: string): "\n" | "\r\n" {
  return text.includes("\r\n") ? "\r\n" : "\n";
}
