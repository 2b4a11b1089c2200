import assert from "node:assert/strict";
import type { SecretName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { HeldSecrets } from "../../../src/usecases/held_secrets.ts";
import { SCOPE } from "../../support/engine.ts";
import { FakeClock } from "../../support/fake_clock.ts";

Deno.test("P31 values that a call was loading while everything was forgotten are wiped with the rest, not left to the collector", async () => {
  const clock = new FakeClock(), gate = Promise.withResolvers<void>(), made: Secret[] = [];
  const lendAll = async (): Promise<Awaited<ReturnType<HeldSecrets["lendAll"]>>> => {
    await gate.promise;
    const value = Secret.fromText("canary-held-0123456789");
    made.push(value);
    return {
      values: new Map([["KEY" as SecretName, value]]),
      bindings: new Map(),
      [Symbol.dispose]: () => value.dispose(),
    };
  };
  const reader = {
    lendAll,
    describe: () => Promise.resolve([]),
    names: () => Promise.resolve([]),
    read: () => Promise.resolve(new Map()),
  };
  const held = new HeldSecrets(clock, reader, {});
  const waiting = held.lendAll(SCOPE);
  held[Symbol.dispose]();
  gate.resolve();
  (await waiting)[Symbol.dispose]();
  assert.equal(made.length, 2);
  assert.throws(() => made[0]!.expose(() => {}), TypeError);
  await clock.advance(60_000);
  held.dropUnused(clock.monotonicMs());
  assert.throws(() => made[1]!.expose(() => {}), TypeError);
});
