/**
 * What the Secret Service's numbers mean in the catalog's words. English texts of the libraries are never looked at.
 *
 * @module
 */

import { DBUS_ERROR, IO_ERROR, type NativeStatus } from "../../../../ffi/glib.ts";
import { SECRET_ERROR } from "../../../../ffi/libsecret.ts";
import { AppError } from "../../../kernel/error.ts";
import { NativeFailure } from "./watch.ts";

/** Name of this keychain for people. */
export const BACKEND = "Secret Service";

const SILENT: ReadonlySet<number> = new Set([DBUS_ERROR.NO_REPLY, DBUS_ERROR.TIMEOUT, DBUS_ERROR.TIMED_OUT]);
const NO_SERVICE: ReadonlySet<number> = new Set([DBUS_ERROR.SERVICE_UNKNOWN, DBUS_ERROR.NAME_HAS_NO_OWNER]);
const NO_BUS: ReadonlySet<number> = new Set([DBUS_ERROR.NO_SERVER, DBUS_ERROR.DISCONNECTED]);
const NO_CONNECTION: ReadonlySet<number> = new Set([
  IO_ERROR.NOT_FOUND,
  IO_ERROR.CLOSED,
  IO_ERROR.CONNECTION_REFUSED,
]);

/** Why there is no keychain, or undefined when the status says something else. */
export function absenceOf({ domain, code }: NativeStatus): string | undefined {
  if (domain === "g-io-error-quark") return NO_CONNECTION.has(code) ? "the session's D-Bus does not answer" : undefined;
  if (domain !== "g-dbus-error-quark") return undefined;
  if (NO_BUS.has(code)) return "the session's D-Bus does not answer";
  if (NO_SERVICE.has(code)) return "no Secret Service runs in this session";
  if (code >= DBUS_ERROR.SPAWN_FIRST && code <= DBUS_ERROR.SPAWN_LAST) return "the Secret Service could not be started";
  return undefined;
}

/** The failure of an operation for people; errors that are not the library's pass unchanged. */
export function asKeychainError(error: unknown, expired: boolean, timeoutMs: number): unknown {
  if (!(error instanceof NativeFailure)) return error;
  const { domain, code } = error.status;
  const backend = BACKEND;
  const silent = (domain === "g-dbus-error-quark" && SILENT.has(code)) ||
    (domain === "g-io-error-quark" && code === IO_ERROR.TIMED_OUT);
  if (expired || silent) return new AppError("keychain_timeout", { backend, timeoutMs });
  if (domain === "secret-error" && code === SECRET_ERROR.IS_LOCKED) return new AppError("keychain_locked", { backend });
  const reason = absenceOf(error.status);
  if (reason !== undefined) return new AppError("keychain_absent", { backend, reason });
  return new AppError("keychain_failed", { backend, domain, status: code });
}
