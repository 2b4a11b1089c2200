/**
 * Pins: how far this device has verified each chain (docs/spec/protocol.md §4). A chain that is shorter than its pin, or that
 * does not contain it, was rolled back, truncated or forked, and is refused (src/ledger/pin.ts).
 *
 * Pure: reading and writing them is src/usecases/pin_store.ts. Nothing here ever lowers a pin.
 *
 * @module
 */

import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import {
  type EnvironmentId,
  isEnvironmentId,
  isUserId,
  isWorkspaceId,
  type UserId,
  type WorkspaceId,
} from "../kernel/names.ts";
import type { Bytes } from "../kernel/bytes.ts";

/** A place in a chain: sequence number ≥ 1 and base64url of SHA-256 of that entry's body. */
export interface Pin {
  readonly seq: number;
  readonly hash: string;
}

/** A person's account log, with the thirty digits of the account's identity as they were verified. */
export interface UserPin extends Pin {
  readonly fingerprint: string;
}

/** A workspace's log, with the allowlist's version at that place. */
export interface WorkspacePin extends Pin {
  readonly allowlist: number;
}

/** Everything this device has verified. */
export interface Pins {
  readonly users: Readonly<Record<UserId, UserPin>>;
  readonly workspaces: Readonly<Record<WorkspaceId, WorkspacePin>>;
  readonly environments: Readonly<Record<EnvironmentId, Pin>>;
}

/** Before anything was verified: for a device that is being set up, never for one that lost its pins. */
export const NO_PINS: Pins = { users: {}, workspaces: {}, environments: {} };

/** A chain that was just verified. `hashAt` gives the hash of an entry that was part of the verification. */
export interface VerifiedChain<P extends Pin> {
  readonly pin: P;
  readonly hashAt: (seq: number) => string | undefined;
}

/**
 * The pin after verifying `chain`: moved forward, or as it was when it is already further or when the chain's verification did
 * not cover the pinned place.
 *
 * @throws {AppError} `pin_mismatch` when both speak of the same place and differ
 */
export function advancedPin<P extends Pin>(what: string, pinned: P | undefined, chain: VerifiedChain<P>): P {
  if (pinned === undefined) return chain.pin;
  if (chain.pin.seq < pinned.seq) return pinned;
  const known = chain.hashAt(pinned.seq);
  if (known === undefined) return pinned;
  if (known !== pinned.hash) {
    throw new AppError("pin_mismatch", { what, reason: "it does not contain what was verified here earlier" });
  }
  return chain.pin;
}

/**
 * The furthest of both, chain by chain: for the copy that the account's other devices left on the server.
 *
 * @throws {AppError} `pin_mismatch` when they name different entries for one place
 */
export function mergePins(a: Pins, b: Pins): Pins {
  return {
    users: furthest("the account log", a.users, b.users),
    workspaces: furthest("the workspace log", a.workspaces, b.workspaces),
    environments: furthest("the environment", a.environments, b.environments),
  };
}

function furthest<P extends Pin>(
  what: string,
  a: Readonly<Record<string, P>>,
  b: Readonly<Record<string, P>>,
): Record<string, P> {
  const out: Record<string, P> = { ...a };
  for (const [id, pin] of Object.entries(b)) {
    const own = out[id];
    if (own !== undefined && own.seq === pin.seq && own.hash !== pin.hash) {
      throw new AppError("pin_mismatch", {
        what,
        reason: "two devices of this account were shown different histories",
      });
    }
    if (own === undefined || own.seq < pin.seq) out[id] = pin;
  }
  return out;
}

const VERSION = 1;

/** The stored form. */
export function encodePins(pins: Pins): Bytes {
  return utf8(JSON.stringify({ version: VERSION, ...pins }));
}

/** Strict reading of the stored form. @throws {AppError} `pin_mismatch` when it is damaged */
export function decodePins(bytes: Uint8Array): Pins {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch {
    return refuse();
  }
  const root = fields(value, "version", "users", "workspaces", "environments");
  if (root["version"] !== VERSION) return refuse();
  return {
    users: each(root["users"], isUserId, (pin) => {
      const { seq, hash, fingerprint } = fields(pin, "seq", "hash", "fingerprint");
      if (typeof fingerprint !== "string" || !/^\d{5}( \d{5}){5}$/.test(fingerprint)) return refuse();
      return { ...place(seq, hash), fingerprint };
    }),
    workspaces: each(root["workspaces"], isWorkspaceId, (pin) => {
      const { seq, hash, allowlist } = fields(pin, "seq", "hash", "allowlist");
      if (!Number.isSafeInteger(allowlist) || (allowlist as number) < 0) return refuse();
      return { ...place(seq, hash), allowlist: allowlist as number };
    }),
    environments: each(root["environments"], isEnvironmentId, (pin) => {
      const { seq, hash } = fields(pin, "seq", "hash");
      return place(seq, hash);
    }),
  };
}

function place(seq: unknown, hash: unknown): Pin {
  if (!Number.isSafeInteger(seq) || (seq as number) < 1) return refuse();
  if (typeof hash !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(hash)) return refuse();
  return { seq: seq as number, hash };
}

function each<I extends string, P>(
  value: unknown,
  isId: (text: string) => text is I,
  read: (value: unknown) => P,
): Record<I, P> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse();
  const out: Record<string, P> = {};
  for (const [id, pin] of Object.entries(value)) {
    if (!isId(id)) return refuse();
    out[id] = read(pin);
  }
  return out;
}

function fields(value: unknown, ...names: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse();
  const keys = Object.keys(value);
  if (keys.length !== names.length || !names.every((name) => keys.includes(name))) return refuse();
  return value as Readonly<Record<string, unknown>>;
}

/** A pin that cannot be read is no pin, and without pins nothing can be trusted: fail closed. */
function refuse(): never {
  throw new AppError("pin_mismatch", { what: "this device's pins", reason: "they are damaged" });
}
