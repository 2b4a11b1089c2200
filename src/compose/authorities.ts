/** Authorities that are trusted besides the system's. @module */

import { AppError } from "../kernel/error.ts";
import type { Files } from "../ports/files.ts";

/**
 * The PEM text that SSL_CERT_FILE names. A name without a file, or a file without a certificate, is an error: silence would mean
 * other trust than was asked for.
 *
 * @throws {AppError} `file_unreadable`
 */
export async function authoritiesIn(files: Files, path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return [];
  const pem = await files.read(path);
  if (pem === undefined) {
    throw new AppError("file_unreadable", { path, reason: "SSL_CERT_FILE names it and there is no such file" });
  }
  const text = new TextDecoder().decode(pem);
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new AppError("file_unreadable", { path, reason: "SSL_CERT_FILE names it and it holds no certificate" });
  }
  return [text];
}
