/**
 * Options that many commands share, declared once so that they mean the same everywhere.
 *
 * @module
 */

import type { Command, OptionValues } from "@commander-js/extra-typings";
import { AppError } from "../kernel/error.ts";

/** `--project` and `--env` as parsed. */
export interface PlaceOptions {
  readonly project?: string | undefined;
  readonly env?: string | undefined;
}

/** A whole number of `min`…`max`. @throws {AppError} `usage` */
export function integer(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (!(number >= min && number <= max)) {
      throw new AppError("usage", { problem: `Cannot use ${flag}: it takes a whole number from ${min} to ${max}` });
    }
    return number;
  };
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/**
 * A moment: `10m`, `2h`, `1d` before `nowMs`, or a time in ISO 8601 (`2026-01-31`, `2026-01-31T14:05Z`; without a zone it is UTC, as
 * times are shown). In milliseconds since the epoch.
 *
 * @throws {AppError} `usage`
 */
export function moment(flag: string, text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return nowMs - Number(count) * UNIT_MS[unit]!;
  const [, day, time, zone] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:?\d\d)?)?$/.exec(text) ?? [];
  const midnight = Date.parse(`${day}T00:00Z`), at = Date.parse(`${day}T${time ?? "00:00"}${zone ?? "Z"}`);
  // A day that does not exist (02-30) is taken for one of the next month.
  if (Number.isNaN(midnight) || Number.isNaN(at) || new Date(midnight).toISOString().slice(0, 10) !== day) {
    throw new AppError("usage", {
      problem: `Cannot use ${flag}: it takes 30s, 10m, 2h, 1d or 1w, or a time such as 2026-01-31T14:05Z`,
    });
  }
  return at;
}

/**
 * `a,b` and repeated flags gather into one list; empty parts are dropped. The first time `before` is undefined.
 *
 * @throws {AppError} `usage` when nothing is left: an empty list could be read as "none" or as "all"
 */
export function list(text: string, before: string[]): string[] {
  const parts = text.split(",").map((part) => part.trim()).filter((part) => part !== "");
  if (parts.length === 0) throw new AppError("usage", { problem: "Cannot use an empty list: leave the flag out" });
  return [...(before as string[] | undefined ?? []), ...parts];
}

/** Repeated flags gather into one list; commas are left alone. The first time `before` is undefined. */
export function repeated(text: string, before: string[]): string[] {
  return [...(before as string[] | undefined ?? []), text];
}

const DESCRIPTOR = integer("a descriptor", 0, 1023);

/** Adds `--project` and `--env`. */
export function withPlace<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
): Command<A, O & { project?: string | undefined; env?: string | undefined }> {
  return withProject(command).option("--env <name>", "environment instead of the active one") as unknown as Command<
    A,
    O & { project?: string | undefined; env?: string | undefined }
  >;
}

/** Adds `--project`. */
export function withProject<A extends unknown[], O extends OptionValues>(
  command: Command<A, O>,
): Command<A, O & { project?: string | undefined }> {
  return command.option("--project <name>", "project instead of this folder's") as unknown as Command<
    A,
    O & { project?: string | undefined }
  >;
}

/** `--upstream-proxy`, as arguments of a command's `option`; the program itself reads it (src/cli/program.ts). */
export const UPSTREAM_PROXY = [
  "--upstream-proxy <url>",
  "reach targets through this proxy (http://host:port), or 'env' for HTTPS_PROXY and NO_PROXY",
] as const;

/** Adds `--password-stdin` and `--password-fd`, the twins of the password prompt. */
export function withPassword<A extends unknown[], O extends OptionValues>(command: Command<A, O>): Command<A, O> {
  return command
    .option("--password-stdin", "read the password as a line of standard input")
    .option("--password-fd <n>", "read the password from this file descriptor", DESCRIPTOR) as unknown as Command<A, O>;
}

/** Adds `--new-password-stdin` and `--new-password-fd`. */
export function withNewPassword<A extends unknown[], O extends OptionValues>(command: Command<A, O>): Command<A, O> {
  return command
    .option("--new-password-stdin", "read the new password as the next line of standard input")
    .option(
      "--new-password-fd <n>",
      "read the new password from this file descriptor",
      DESCRIPTOR,
    ) as unknown as Command<
      A,
      O
    >;
}

/** Adds `--yes` and its older name `--confirm`. */
export function withConfirmation<A extends unknown[], O extends OptionValues>(command: Command<A, O>): Command<A, O> {
  return command
    .option("-y, --yes", "do it without asking")
    .option("--confirm", "the same as --yes") as unknown as Command<A, O>;
}

/** Adds what every command takes. Declared on the program and on each command, so that either place works. */
export function withEverywhere<A extends unknown[], O extends OptionValues>(command: Command<A, O>): Command<A, O> {
  return command
    .optionsGroup("Everywhere:")
    .option("--output <format>", "text for people, json for programs", format)
    .option("--json", "the same as --output json")
    .option("-q, --quiet", "print only what was asked for")
    .option("--no-color", "plain text (as does NO_COLOR)")
    .option("--vault-passphrase-stdin", "read the vault file's passphrase as the first line of standard input")
    .option("--vault-passphrase-fd <n>", "read the vault file's passphrase from this file descriptor", DESCRIPTOR)
    .helpOption("-h, --help", "show this") as unknown as Command<A, O>;
}

function format(text: string): "text" | "json" {
  if (text === "text" || text === "json") return text;
  throw new AppError("usage", { problem: "Cannot use --output: it takes text or json" });
}
