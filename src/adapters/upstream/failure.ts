/**
 * What went wrong at an upstream, in the catalog's words. Deno's own messages hold the whole URL, injected query included, so
 * they are read here and go no further, not even as a cause.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { DialError } from "./dial.ts";
import { BadAnswer, EndedEarly } from "./http1/bad_answer.ts";

const CERTIFICATE: readonly (readonly [RegExp, string])[] = [
  [/UnknownIssuer|CaUsedAsEndEntity|BadSignature/i, "its certificate is from an authority that is not trusted here"],
  [/NotValidForName|not valid for (any )?name|certificate is only valid for/i, "its certificate is for another name"],
  [/NotValidYet|not valid yet/i, "its certificate is not valid yet"],
  [/Expired/i, "its certificate has expired"],
  [/Revoked/i, "its certificate was revoked"],
  [/invalid peer certificate|InvalidCertificate|certificate/i, "its certificate is not valid"],
  [
    /fatal alert|HandshakeFailure|corrupt message|InvalidContentType|PeerIncompatible|tls|ssl/i,
    "it does not speak TLS",
  ],
];

const OTHER: readonly (readonly [RegExp, string])[] = [
  [/connection reset|broken pipe/i, "the connection was reset"],
  [/closed|eof|end of file|incomplete message/i, "the connection was closed before the answer"],
  [/message head is too large|too large|header/i, "its answer's head is not valid or too large"],
  [/invalid HTTP|parse|version/i, "its answer is not HTTP"],
];

/** Why no connection came about, or a fetch failed. `dialed` is the failure of TCP, if it was that. */
export function connectFailure(
  error: unknown,
  domain: string,
  connectMs: number,
  dialed?: DialError,
): AppError {
  if (dialed?.timedOut === true) return timedOut(domain, "connection", connectMs);
  if (dialed !== undefined) return new AppError("upstream_unreachable", { domain, reason: dialed.reason });
  return classify(error, domain);
}

/** Why an exchange over a connection failed, the answer's errors among them. */
export function exchangeFailure(error: unknown, domain: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof BadAnswer) return new AppError("upstream_unreachable", { domain, reason: error.message });
  if (error instanceof EndedEarly) {
    return new AppError("upstream_unreachable", { domain, reason: "its answer ended early" });
  }
  return classify(error, domain);
}

function classify(error: unknown, domain: string): AppError {
  // A URL is taken out before matching: a host called `tls.example` is no TLS failure.
  const text = messagesOf(error).replace(/\(?https?:\/\/\S+/gi, "");
  const isCut = /close_notify/i.test(text);
  const certificate = isCut ? undefined : CERTIFICATE.find(([pattern]) => pattern.test(text));
  if (certificate !== undefined) return new AppError("upstream_tls", { domain, reason: certificate[1] });
  const reason = OTHER.find(([pattern]) => pattern.test(text))?.[1] ?? "the connection failed";
  return new AppError("upstream_unreachable", { domain, reason });
}

/** A time limit that ran out. */
export function timedOut(domain: string, phase: string, timeoutMs: number): AppError {
  return new AppError("upstream_timeout", { domain, phase, timeoutMs });
}

function messagesOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 8; at = at.cause) texts.push(at.message);
  return texts.join("\n");
}
