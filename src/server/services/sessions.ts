/**
 * Sessions and step-ups: opaque tokens, revoked by forgetting them (docs/spec/protocol.md §7).
 *
 * @module
 */

import { type Session, STEP_UP_HEADER } from "../../contract/auth.ts";
import { SESSION_TTL_MS, STEP_UP_TTL_MS } from "../../contract/limits.ts";
import { AppError } from "../../kernel/error.ts";
import type { DeviceId } from "../../kernel/names.ts";
import type { ReadTransaction, SessionRow, WriteTransaction } from "../../ports/blob_store.ts";
import type { Call, ServerParts, SessionCall } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { newId, newToken, tokenHash } from "../tokens.ts";

/** `last_used` is this exact, so that reading costs no write. */
const LAST_USED_STEP_MS = 3600_000;

/** The session whose token the request bears. @throws {AppError} `not_logged_in` */
export async function authenticate(parts: ServerParts, tx: ReadTransaction, call: Call): Promise<SessionRow> {
  const token = /^Bearer (ses1_[A-Za-z0-9_-]{43})$/.exec(call.headers.get("authorization") ?? "")?.[1];
  const session = token === undefined ? undefined : await tx.sessionByTokenHash(tokenHash(token));
  if (session === undefined || session.expiresMs <= parts.clock.now()) throw new AppError("not_logged_in");
  return session;
}

/** What to write about the session's use, or undefined when it was written recently. */
export function touch(parts: ServerParts, session: SessionRow): { id: string; nowMs: number } | undefined {
  const nowMs = parts.clock.now();
  return nowMs - session.lastUsedMs >= LAST_USED_STEP_MS ? { id: session.id, nowMs } : undefined;
}

/** Starts a session. */
export async function startSession(
  parts: ServerParts,
  tx: WriteTransaction,
  userId: string,
  deviceId: DeviceId | null,
): Promise<{ readonly id: string; readonly session: Session }> {
  const now = parts.clock.now();
  const id = newId("s_", 10, parts.random), { token, hash } = newToken("ses", parts.random);
  const expires = now + SESSION_TTL_MS;
  await tx.insertSession({
    id,
    tokenHash: hash,
    userId,
    deviceId,
    createdMs: now,
    lastUsedMs: now,
    expiresMs: expires,
  });
  return { id, session: { token, expires } };
}

/** Notes that the holder of a session has just proved the password. */
export async function grantStepUp(parts: ServerParts, tx: WriteTransaction, sessionId: string): Promise<Session> {
  const { token, hash } = newToken("stp", parts.random);
  const expires = parts.clock.now() + STEP_UP_TTL_MS;
  await tx.insertStepUp(hash, sessionId, expires);
  return { token, expires };
}

/** Refuses unless the request bears a living step-up of its own session. @throws {AppError} `password_required` */
export async function requireStepUp(
  parts: ServerParts,
  tx: ReadTransaction,
  call: SessionCall,
  action: string,
): Promise<void> {
  const token = call.headers.get(STEP_UP_HEADER) ?? "";
  const living = /^stp1_[A-Za-z0-9_-]{43}$/.test(token) &&
    await tx.hasStepUp(tokenHash(token), call.session.id, parts.clock.now());
  if (!living) throw new AppError("password_required", { action });
}

export const getSessions: ServiceOf<"getSessions"> = {
  kind: "read",
  run: async (parts, tx, { session }) => {
    const rows = await tx.sessions(session.userId, parts.clock.now());
    const sessions = rows.map((row) => ({
      id: row.id,
      device_id: row.deviceId as DeviceId | null,
      created: row.createdMs,
      last_used: row.lastUsedMs,
      expires: row.expiresMs,
      current: row.id === session.id,
    }));
    return { value: { sessions } };
  },
};

/** Ending a session that is not there is fine: the wish is fulfilled, and nobody learns whose it was. */
export const deleteSession: ServiceOf<"deleteSession"> = {
  kind: "write",
  run: async (_parts, tx, { session, params }) => {
    const id = params["session"] ?? "";
    await tx.deleteSession(session.userId, id === "current" ? session.id : id);
    return { value: undefined };
  },
};
