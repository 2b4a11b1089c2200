/** When the broker locks, and in which order. */
import assert from "node:assert/strict";
import { AppError } from "../../../../src/kernel/error.ts";
import type { CallOutcome, CallResponse, CallSocket, LocalCallDoor } from "../../../../src/usecases/call.ts";
import { SealedBroker } from "../../../../src/usecases/broker/sealed_broker.ts";
import type { WorldWithEngine } from "../../../../src/usecases/engine_ports.ts";
import { PLAIN_CALL } from "../../../support/call_request.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

const MINUTE = 60_000;

interface Stage {
  readonly clock: FakeClock;
  /** What happened, in order. */
  readonly events: readonly string[];
  readonly broker: SealedBroker;
  /** Ends the running call. */
  finish(): void;
}

/** A WebSocket whose upstream says `hello` to whoever asks, for ever; cutting it takes its record a moment. */
function scriptedSocket(events: string[]): CallSocket {
  const { promise, reject } = Promise.withResolvers<CallOutcome>();
  promise.catch(() => {});
  return {
    protocol: "",
    receive: () => Promise.resolve({ kind: "text", bytes: new TextEncoder().encode("hello") }),
    send: () => Promise.resolve(),
    close: () => {},
    cut: async () => {
      await Promise.resolve();
      events.push("socket on record");
      reject(new AppError("cancelled"));
    },
    outcome: promise,
  };
}

/** A broker on a scripted door. */
function stage(idleMs: number): Stage {
  const clock = new FakeClock();
  const events: string[] = [];
  let outcome = Promise.withResolvers<CallOutcome>();
  const door: LocalCallDoor = {
    call: (_request, given) => {
      outcome = Promise.withResolvers<CallOutcome>();
      const { promise, reject } = outcome;
      promise.catch(() => {});
      given?.addEventListener("abort", () => {
        events.push("cut");
        reject(given.reason);
      });
      const response: CallResponse = { status: 200, statusText: "", headers: [], body: null, outcome: promise };
      return Promise.resolve(response);
    },
    held: 0,
    connect: () => Promise.resolve(scriptedSocket(events)),
    forget: () => void events.push("forget"),
    vouch: () => Promise.resolve(),
    [Symbol.dispose]: () => void events.push("values gone"),
  };
  const vaults = { seal: () => void events.push("keys gone") };
  const ports = { clock, vaults, processes: { pid: 7 } } as unknown as WorldWithEngine;
  const finish = (): void => outcome.resolve({ auditId: "log_x", redacted: false, durationMs: 1 });
  return { clock, events, finish, broker: new SealedBroker(ports, door, { idleMs }) };
}

Deno.test("P44 a broker that nobody uses locks: keys first, then values, and then it answers nothing", async () => {
  const { clock, events, broker } = stage(MINUTE);
  const end = new AbortController();
  const watching = broker.lockWhenIdle(end.signal);
  assert.equal(broker.status().locksAt, clock.now() + MINUTE);
  await clock.advance(MINUTE + 1);
  await watching;
  assert.deepEqual(events, ["keys gone", "values gone"]);
  assert.deepEqual(broker.status(), { state: "locked", pid: 7 });
  await assert.rejects(() => broker.call(PLAIN_CALL), { code: "vault_sealed" });
  await assert.rejects(() => broker.names({ folder: "/" }), { code: "vault_sealed" });
});

Deno.test("P44 a machine that slept through the time locks at the first call after it", async () => {
  const { clock, events, broker } = stage(MINUTE);
  clock.setWall(clock.now() + 2 * MINUTE);
  await assert.rejects(() => broker.call(PLAIN_CALL), { code: "vault_sealed" });
  assert.deepEqual(events, ["keys gone", "values gone"]);
});

Deno.test("a call that is still running keeps the vault open, and the time runs anew from its end", async () => {
  const { clock, events, finish, broker } = stage(MINUTE);
  const end = new AbortController();
  const watching = broker.lockWhenIdle(end.signal);
  await broker.call(PLAIN_CALL);
  await clock.advance(10 * MINUTE);
  assert.deepEqual(events, []);
  finish();
  await clock.advance(MINUTE - 1_000);
  assert.equal(broker.status().state, "unlocked");
  await clock.advance(31_000);
  await watching;
  assert.equal(broker.status().state, "locked");
});

Deno.test("locking cuts running calls and waits for their records before the keys go", async () => {
  const { events, broker } = stage(0);
  await broker.call(PLAIN_CALL);
  await broker.lock();
  assert.deepEqual(events, ["cut", "keys gone", "values gone"]);
  await broker.lock();
  assert.equal(events.length, 3);
});

Deno.test("with 0 it never locks of itself", async () => {
  const { broker } = stage(0);
  await broker.lockWhenIdle(new AbortController().signal);
  assert.deepEqual(broker.status(), { state: "unlocked", pid: 7 });
});

Deno.test("P44 a WebSocket that is merely open does not keep the vault open, and is cut and on record before the keys go", async () => {
  const { clock, events, broker } = stage(MINUTE);
  const watching = broker.lockWhenIdle(new AbortController().signal);
  await broker.connect(PLAIN_CALL);
  await clock.advance(MINUTE + 1);
  await watching;
  assert.deepEqual(events, ["socket on record", "keys gone", "values gone"]);
});

Deno.test("messages of a WebSocket, either way, are a use of the vault", async () => {
  for (const use of ["send", "receive"] as const) {
    const { clock, events, broker } = stage(MINUTE);
    const watching = broker.lockWhenIdle(new AbortController().signal);
    const socket = await broker.connect(PLAIN_CALL);
    for (let half = 0; half < 4; half++) {
      await clock.advance(MINUTE / 2);
      if (use === "send") await socket.send({ kind: "text", bytes: new Uint8Array(1) });
      else await socket.receive();
    }
    assert.deepEqual([broker.status().state, events], ["unlocked", []], use);
    assert.equal(broker.status().locksAt, clock.now() + MINUTE);
    await clock.advance(MINUTE + 1);
    await watching;
    assert.equal(events[0], "socket on record");
  }
});
