/**
 * Content codings of a response body (RFC 9110 §8.4), undone before redaction: nothing that cannot be read is passed on.
 *
 * @module
 */

/** A content coding that can be undone. */
export type Coding = "gzip" | "deflate" | "br" | "zstd";

/**
 * The codings named by a `Content-Encoding` value, in the order in which they were applied; `identity` and empty items
 * are left out. An absent header is an empty list.
 *
 * @throws {AppError} `upstream_undecodable` for a coding that is not known here, or more than three.
 */
export function parseContentCodings(_header: string | null, _domain: string): readonly Coding[] {
  throw new TypeError("not yet");
}

/**
 * `body` with `codings` undone, last applied first, in bounded pieces and with back-pressure. With no codings it is `body`
 * itself. The stream errors with `upstream_undecodable` on damaged or truncated input.
 */
export function decodeBody(
  _body: ReadableStream<Uint8Array>,
  _codings: readonly Coding[],
  _domain: string,
): ReadableStream<Uint8Array> {
  throw new TypeError("not yet");
}
