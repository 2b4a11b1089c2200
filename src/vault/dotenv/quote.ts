/**
 * Writing a value so that it is read back: by {@linkcode scanDotenv}, by npm's `dotenv` and, wherever `dotenv` has a
 * spelling that `sh` reads alike, by `sh` (`set -a; . ./.env`).
 *
 * @module
 */

/** Needs no quotes in any reader. */
const PLAIN = /^[A-Za-z0-9_./:@%+,=-]+$/;
/** Expanded or run by `sh` between double quotes. */
const SHELL_ACTIVE = /[$`\\]/;
const ESCAPED_BREAK = /\\[nr]/;

/** Whether `dotenv` takes a quote after the value's last character for a closed one, whatever follows in the file. */
function closesCleanly(value: string): boolean {
  return !value.endsWith("\\");
}

function singleQuoted(value: string): string | undefined {
  // `dotenv` reads every line break as \n, so a carriage return survives only as an escape between double quotes.
  return !/['\r]/.test(value) && closesCleanly(value) ? `'${value}'` : undefined;
}

function doubleQuoted(value: string): string | undefined {
  // A backslash before n or r would be read as a line break: there is no escape for the backslash itself.
  if (value.includes('"') || ESCAPED_BREAK.test(value) || !closesCleanly(value)) return undefined;
  return `"${value.replaceAll("\r", "\\r")}"`;
}

function backQuoted(value: string): string | undefined {
  return !/[`\r]/.test(value) && closesCleanly(value) ? `\`${value}\`` : undefined;
}

function unquoted(value: string): string | undefined {
  return /^['"`]|[#\r\n\u2028\u2029]/.test(value) || value.trim() !== value ? undefined : value;
}

/**
 * `value` as it stands after `NAME=`, or undefined when no form gives it back: it holds a NUL byte, or quotes, breaks and
 * backslashes in a combination that `dotenv` has no spelling for.
 *
 * Plain, single quotes and double quotes without anything active come first, because `sh` and the readers of other languages
 * agree on them; backticks come late, because only `dotenv` knows them.
 */
export function quoteDotenv(value: string): string | undefined {
  if (value.includes("\0")) return undefined;
  if (value === "") return '""';
  if (PLAIN.test(value)) return value;
  const double = doubleQuoted(value);
  return singleQuoted(value) ??
    (double !== undefined && !SHELL_ACTIVE.test(value) ? double : undefined) ??
    unquoted(value) ?? backQuoted(value) ?? double;
}
