/**
 * What went wrong at an upstream, in the catalog's words. Deno's own messages hold the whole URL, injected query included, so
 * they are read here and go no further, not even as a cause.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { DialError } from "./dial.ts";
import { BadAnswer, EndedEarly } from "./http1/bad_answer.ts";

type Make = (domain: string) => AppError;

/** Of the first that fits. rustls's names, as Deno 2.6 and 2.9 give them. */
const TLS: readonly (readonly [RegExp, Make])[] = [
  [/UnknownIssuer|CaUsedAsEndEntity|BadSignature/i, (domain) => new AppError("upstream_tls_untrusted", { domain })],
  [
    /NotValidForName|not valid for (any )?name|only valid for/i,
    (domain) => new AppError("upstream_tls_name", { domain }),
  ],
  [/NotValidYet|not valid yet/i, expired("its certificate is not valid yet")],
  [/expired/i, expired("its certificate has expired")],
  [/revoked/i, tls("its certificate was revoked")],
  [/alert: (CertificateRequired|BadCertificate|UnknownCA|AccessDenied)/i, tls("it asks for a client's certificate")],
  [/invalid peer certificate|InvalidCertificate/i, tls("its certificate is not valid")],
  [
    /ProtocolVersion|HandshakeFailure|InsufficientSecurity|NoApplicationProtocol|PeerIncompatible|peer is incompatible/i,
    (domain) => new AppError("upstream_tls_version", { domain }),
  ],
  [/corrupt message|InvalidContentType|InvalidMessage/i, (domain) => new AppError("upstream_not_tls", { domain })],
  [/fatal alert|received unexpected|tls|ssl|certificate/i, tls("its TLS is not valid")],
];

const OTHER: readonly (readonly [RegExp, string])[] = [
  [/connection reset|broken pipe/i, "the connection was reset"],
  [/closed|eof|end of file|incomplete message/i, "the connection was closed before the answer"],
  [/message head is too large|too large|header/i, "its answer's head is not valid or too large"],
  [/invalid HTTP|parse|version/i, "its answer is not HTTP"],
];

function tls(reason: string): Make {
  return (domain) => new AppError("upstream_tls", { domain, reason });
}

function expired(reason: string): Make {
  return (domain) => new AppError("upstream_tls_expired", { domain, reason });
}

/** Why no connection came about, or a fetch failed. `dialed` is the failure of TCP, if it was that. */
export function connectFailure(
  error: unknown,
  domain: string,
  connectMs: number,
  dialed?: DialError | AppError,
): AppError {
  if (dialed instanceof AppError) return dialed;
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
  // A line that was cut is no failure of TLS, though TLS is what notices.
  const failed = /close_notify/i.test(text) ? undefined : TLS.find(([pattern]) => pattern.test(text));
  if (failed !== undefined) return failed[1](domain);
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
