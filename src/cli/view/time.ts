/**
 * Times for people; JSON carries them as ISO 8601.
 *
 * @module
 */

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];

/** How long before `nowMs` something was: `2 minutes ago`, `just now`; `never` for undefined. */
export function ago(atMs: number | undefined, nowMs: number): string {
  if (atMs === undefined) return "never";
  for (const [name, ms] of UNITS) {
    const count = Math.floor((nowMs - atMs) / ms);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

/** `2026-01-31 14:05` in UTC, as tables show it. */
export function minuteOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 16).replace("T", " ");
}

/** ISO 8601 in UTC; null for undefined. */
export function iso(atMs: number): string;
export function iso(atMs: number | undefined): string | null;
export function iso(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
