/**
 * The outer form of the vault's files: a line that names kind and version, then bytes. The line is part of what is
 * authenticated, so that one kind of file cannot stand for another.
 *
 * @module
 */

import { type Bytes, concat, utf8 } from "../../../kernel/bytes.ts";
import { AppError } from "../../../kernel/error.ts";
import { showable } from "../../../kernel/names.ts";

/** The kinds of files in a vault's folder. */
export type VaultFileKind = "head" | "collection" | "key";

const VERSION = 1;
/** A first line is shorter than this. */
const MAX_LINE_BYTES = 64;
const NEWLINE = 0x0a;

/** The first line of a file of `kind`. */
export function formatLine(kind: VaultFileKind): Bytes {
  return utf8(`agentsecrets-vault-${kind} ${VERSION}\n`);
}

/** A file's bytes. */
export function withLine(kind: VaultFileKind, body: Uint8Array): Bytes {
  return concat(formatLine(kind), body);
}

/** What `damaged` says of a file that is not as it was written. */
export function damaged(path: string, reason: string, cause?: unknown): AppError {
  return new AppError("vault_damaged", { path, reason }, { cause });
}

/** The bytes after the first line. @throws {AppError} `vault_damaged`, `unsupported_format` */
export function bodyOf(kind: VaultFileKind, path: string, bytes: Uint8Array): Uint8Array {
  const end = bytes.subarray(0, MAX_LINE_BYTES).indexOf(NEWLINE);
  const line = new TextDecoder().decode(bytes.subarray(0, Math.max(end, 0)));
  const version = line.match(/^agentsecrets-vault-([a-z]+) ([0-9]{1,9})$/);
  if (version === null || version[1] !== kind) {
    throw damaged(path, `it is not a vault ${kind} file, or it was cut short`);
  }
  if (version[2] !== String(VERSION)) {
    throw new AppError("unsupported_format", { what: path, version: showable(version[2] ?? "") });
  }
  return bytes.subarray(end + 1);
}

/** The fields of `LP(…)` (docs/spec/protocol.md §3), or undefined when `bytes` is not exactly one such list. */
export function readFields(bytes: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 4) return undefined;
  const count = view.getUint32(0);
  const fields: Uint8Array[] = [];
  let at = 4;
  while (fields.length < count) {
    if (bytes.length - at < 4) return undefined;
    const length = view.getUint32(at);
    if (bytes.length - at - 4 < length) return undefined;
    fields.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return at === bytes.length ? fields : undefined;
}
