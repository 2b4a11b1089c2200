/**
 * Content codings of a response body (RFC 9110 §8.4), undone before redaction: nothing that cannot be read is passed on.
 *
 * Promises bounded memory whatever the input (a few hundred kilobytes a coding, plus the window that the coding itself needs,
 * capped): a decompression bomb comes out as fast as its reader takes it, piece by piece. Bounds no total: long streams are
 * legitimate.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { inflate } from "./inflate.ts";
import { hasZstd } from "./transforms.ts";

/** A content coding that can be undone. */
export type Coding = "gzip" | "deflate" | "br" | "zstd";

/** Most codings on top of one another: more than one is rare, and each costs its window. */
export const MAX_CODINGS = 3;

/** RFC 9110 §8.4.1.3 asks to treat `x-gzip` as `gzip`. `compress` is not decoded by anyone any more. */
const CODINGS: ReadonlyMap<string, Coding | undefined> = new Map([
  ["gzip", "gzip"],
  ["x-gzip", "gzip"],
  ["deflate", "deflate"],
  ["br", "br"],
  ["zstd", "zstd"],
  ["identity", undefined],
  ["", undefined],
]);

/**
 * The codings named by a `Content-Encoding` value, in the order in which they were applied; `identity` and empty items
 * are left out. An absent header is an empty list.
 *
 * @throws {AppError} `upstream_undecodable` for a coding that is not known here, or more than {@linkcode MAX_CODINGS}.
 */
export function parseContentCodings(header: string | null, domain: string): readonly Coding[] {
  const codings: Coding[] = [];
  for (const item of (header ?? "").split(",")) {
    const name = item.trim().toLowerCase();
    if (!CODINGS.has(name)) throw new AppError("upstream_undecodable", { domain, coding: showableCoding(name) });
    const coding = CODINGS.get(name);
    if (coding === "zstd" && !hasZstd()) throw new AppError("upstream_undecodable", { domain, coding });
    if (coding !== undefined) codings.push(coding);
  }
  if (codings.length > MAX_CODINGS) {
    throw new AppError("upstream_undecodable", { domain, coding: `${codings.length} codings` });
  }
  return codings;
}

/**
 * `body` with `codings` undone, last applied first, in bounded pieces and with back-pressure. With no codings it is `body`
 * itself. The stream errors with `upstream_undecodable` on damaged or truncated input, and cancelling it cancels
 * `body`.
 */
export function decodeBody(
  body: ReadableStream<Uint8Array>,
  codings: readonly Coding[],
  domain: string,
): ReadableStream<Uint8Array> {
  return codings.reduceRight((encoded, coding) => inflate(encoded, coding, domain), body);
}

/** Codings of the registry, and others seen in the wild, that an error may name. */
const NAMEABLE: ReadonlySet<string> = new Set(
  [
    "aws-chunked",
    "bzip2",
    "compress",
    "dcb",
    "dcz",
    "exi",
    "lz4",
    "lzma",
    "pack200-gzip",
    "snappy",
    "x-compress",
    "xz",
  ],
);

/** Any other word is not shown: an upstream could write a credential here. */
function showableCoding(name: string): string {
  return NAMEABLE.has(name) ? name : "unknown";
}
