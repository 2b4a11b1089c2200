import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import type { EnvironmentId, UserId, WorkspaceId } from "../../../src/kernel/names.ts";
import {
  advancedPin,
  decodePins,
  encodePins,
  mergePins,
  NO_PINS,
  type Pin,
  type Pins,
  type VerifiedChain,
} from "../../../src/vault/pins.ts";

const hash = (name: string): string => name.repeat(43).slice(0, 43);
const USER = `u_${"a".repeat(32)}` as UserId;
const WORKSPACE = `w_${"b".repeat(32)}` as WorkspaceId;
const ENVIRONMENT = `e_${"c".repeat(16)}` as EnvironmentId;

const pins: Pins = {
  users: { [USER]: { seq: 2, hash: hash("u"), fingerprint: "00000 11111 22222 33333 44444 55555" } },
  workspaces: { [WORKSPACE]: { seq: 7, hash: hash("w"), allowlist: 1 } },
  environments: { [ENVIRONMENT]: { seq: 1, hash: hash("e") } },
};

/** A chain whose entries are the letters of `entries`. */
function chain(entries: string): VerifiedChain<Pin> {
  const hashes = [...entries].map(hash);
  return { pin: { seq: hashes.length, hash: hashes.at(-1)! }, hashAt: (seq) => hashes[seq - 1] };
}
const pinOf = (entries: string): Pin => chain(entries).pin;
const mismatch = (error: unknown): boolean => isAppError(error, "pin_mismatch") && error.exit === 8;

Deno.test("pins read back as they were written", () => {
  assert.deepEqual(decodePins(encodePins(pins)), pins);
  assert.deepEqual(decodePins(encodePins(NO_PINS)), NO_PINS);
});

Deno.test("pins that are damaged are refused, never taken for none", () => {
  const good = JSON.parse(new TextDecoder().decode(encodePins(pins)));
  const bad: readonly unknown[] = [
    null,
    [],
    {},
    { ...good, version: 2 },
    { ...good, more: {} },
    { ...good, users: [] },
    { ...good, users: { [USER]: { seq: 2, hash: hash("u") } } },
    { ...good, workspaces: { [WORKSPACE]: { seq: 0, hash: hash("w"), allowlist: 1 } } },
    { ...good, workspaces: { [WORKSPACE]: { seq: 1, hash: "short", allowlist: 1 } } },
    { ...good, workspaces: { other: { seq: 1, hash: hash("w"), allowlist: 1 } } },
    { ...good, environments: { [ENVIRONMENT]: { seq: 1.5, hash: hash("e") } } },
    { ...good, environments: { [ENVIRONMENT]: { seq: 1, hash: hash("e"), extra: 1 } } },
  ];
  for (const value of bad) {
    assert.throws(() => decodePins(new TextEncoder().encode(JSON.stringify(value))), mismatch);
  }
  assert.throws(() => decodePins(new TextEncoder().encode("{")), mismatch);
});

Deno.test("a pin only ever moves forward along its own chain", () => {
  assert.deepEqual(advancedPin("it", undefined, chain("ab")), pinOf("ab"));
  assert.deepEqual(advancedPin("it", pinOf("a"), chain("ab")), pinOf("ab"));
  assert.deepEqual(advancedPin("it", pinOf("abc"), chain("ab")), pinOf("abc"), "another process was faster");
  assert.throws(() => advancedPin("it", pinOf("ac"), chain("abd")), mismatch);
  const partial = { ...chain("abcd"), hashAt: (seq: number) => seq === 4 ? hash("d") : undefined };
  assert.deepEqual(advancedPin("it", pinOf("ab"), partial), pinOf("ab"), "the pinned place was not covered");
});

Deno.test("merging two devices' pins takes the furthest of each and refuses two histories", () => {
  const further: Pins = { ...NO_PINS, workspaces: { [WORKSPACE]: { seq: 9, hash: hash("x"), allowlist: 2 } } };
  assert.deepEqual(mergePins(pins, further), { ...pins, workspaces: further.workspaces });
  assert.deepEqual(mergePins(further, pins), { ...pins, workspaces: further.workspaces });
  assert.deepEqual(mergePins(NO_PINS, pins), pins);
  const other: Pins = { ...NO_PINS, environments: { [ENVIRONMENT]: { seq: 1, hash: hash("z") } } };
  assert.throws(() => mergePins(pins, other), mismatch);
});
