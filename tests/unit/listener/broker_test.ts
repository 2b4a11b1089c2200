/** The broker's socket with both its sides: what the client asks is what the broker is asked, and what it answers comes back. */
import assert from "node:assert/strict";
import { UnixBrokerSocket } from "../../../src/adapters/broker/socket.ts";
import { AppError } from "../../../src/kernel/error.ts";
import { startBroker } from "../../../src/listener/broker.ts";
import { BrokerDoor, brokerStatus, lockBroker, namesFromBroker } from "../../../src/usecases/broker/client.ts";
import type { Broker } from "../../../src/usecases/broker/sealed_broker.ts";
import type { Body, CallOutcome, CallRequest, CallResponse } from "../../../src/usecases/call.ts";
import { BEARER_CALL } from "../../support/call_request.ts";
import { nobodyListens } from "../../support/nobody_listens.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const OUTCOME: CallOutcome = { auditId: "log_1", redacted: true, durationMs: 3 };
const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

/** Answers each call by `answer`; the rest is not asked for. */
async function withBroker(
  answer: (request: CallRequest, signal: AbortSignal) => Promise<CallResponse>,
  work: (door: BrokerDoor, socket: UnixBrokerSocket) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const broker: Broker = {
    call: (request, signal) => answer(request, signal!),
    names: () => Promise.reject(new AppError("no_project")),
    status: () => ({ state: "unlocked", pid: 7, locksAt: 5 }),
    lock: () => Promise.resolve(),
  };
  const path = `${folder}/broker.sock`;
  const listener = await startBroker({ path, broker });
  try {
    const socket = new UnixBrokerSocket(path);
    await work(new BrokerDoor(socket, "/home/you/app"), socket);
  } finally {
    await listener.shutdown(0);
    await assert.rejects(Deno.lstat(path), Deno.errors.NotFound);
    await Deno.remove(folder, { recursive: true });
  }
}

function respond(
  body: ReadableStream<Bytes> | null,
  outcome: Promise<CallOutcome> = Promise.resolve(OUTCOME),
): CallResponse {
  return { status: 201, statusText: "Made", headers: [["x-a", "1"], ["x-a", "2"]], body, outcome };
}

async function text(body: Body | null | undefined): Promise<string> {
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : await new Response(body ?? null).text();
}

Deno.test("a call goes in as it was asked, with the client's folder, and comes back as it was answered", async () => {
  let seen: CallRequest | undefined, body = "";
  await withBroker(async (request) => {
    seen = request;
    body = await text(request.body);
    return respond(ReadableStream.from([utf8("one"), utf8("two")]) as ReadableStream<Bytes>);
  }, async (door, socket) => {
    const response = await door.call({ ...BEARER_CALL, body: utf8("whole") });
    assert.deepEqual([response.status, response.statusText, response.headers], [201, "Made", [["x-a", "1"], [
      "x-a",
      "2",
    ]]]);
    assert.equal(await text(response.body), "onetwo");
    assert.deepEqual(await response.outcome, OUTCOME);
    assert.equal(body, "whole");
    const { body: whole, ...rest } = seen!;
    assert.ok(whole instanceof Uint8Array);
    assert.deepEqual(rest, { ...BEARER_CALL, folder: "/home/you/app" });
    assert.deepEqual(await brokerStatus(socket), { state: "unlocked", pid: 7, locksAt: 5 });
    assert.equal(await lockBroker(socket), true);
    await assert.rejects(namesFromBroker(socket, { folder: "/" }), { code: "no_project" });
  });
});

Deno.test("bodies flow both ways at once, piece by piece", async () => {
  await withBroker((request) => Promise.resolve(respond(request.body as ReadableStream<Bytes>)), async (door) => {
    const pipe = new TransformStream<Bytes, Bytes>();
    const writer = pipe.writable.getWriter();
    const response = await door.call({ ...BEARER_CALL, body: pipe.readable });
    const reader = new Response(response.body).body!.getReader();
    for (const piece of ["first", "second"]) {
      const written = writer.write(utf8(piece));
      assert.equal(await text((await reader.read()).value), piece);
      await written;
    }
    await writer.close();
    assert.equal((await reader.read()).done, true);
    assert.deepEqual(await response.outcome, OUTCOME);
  });
});

Deno.test("a refusal arrives as the same failure, also while the body is still being sent", async () => {
  await withBroker(() => Promise.reject(new AppError("secret_not_found", { name: "KEY" })), async (door) => {
    const endless = new ReadableStream<Bytes>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    await assert.rejects(door.call(BEARER_CALL), { code: "secret_not_found", exit: 3 });
    await assert.rejects(door.call({ ...BEARER_CALL, body: endless }), { code: "secret_not_found" });
  });
});

Deno.test("an answer that breaks off ends in the failure that broke it, not in an end", async () => {
  const broken = new AppError("upstream_unreachable", { domain: "api.example.com", reason: "it broke off" });
  const outcome = Promise.reject(broken);
  outcome.catch(() => {});
  const body = new ReadableStream<Bytes>({
    start: (controller) => controller.enqueue(utf8("half")),
    pull: (controller) => controller.error(broken),
  });
  await withBroker(() => Promise.resolve(respond(body, outcome)), async (door) => {
    const response = await door.call(BEARER_CALL);
    await assert.rejects(text(response.body), { code: "upstream_unreachable" });
    await assert.rejects(response.outcome, { code: "upstream_unreachable" });
  });
});

Deno.test("a client that leaves cancels its call, before the answer and in the middle of it", async () => {
  const before = Promise.withResolvers<void>(), waiting = Promise.withResolvers<void>();
  await withBroker((_request, signal) =>
    new Promise((_, reject) => {
      waiting.resolve();
      signal.addEventListener("abort", () => (before.resolve(), reject(signal.reason)), { once: true });
    }), async (door) => {
    const leaving = new AbortController();
    const call = door.call(BEARER_CALL, leaving.signal);
    await waiting.promise;
    leaving.abort();
    await assert.rejects(call, { code: "cancelled" });
    await before.promise;
  });
  const cancelled = Promise.withResolvers<void>();
  const body = new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
    cancel: () => cancelled.resolve(),
  });
  await withBroker(() => Promise.resolve(respond(body)), async (door) => {
    const response = await door.call(BEARER_CALL);
    const reader = new Response(response.body).body!.getReader();
    await reader.read();
    await reader.cancel();
    await cancelled.promise;
    await assert.rejects(response.outcome, { code: "cancelled" });
  });
});

Deno.test("without a broker, and with the socket of a killed one, the answer says what to type", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/broker.sock`;
  const door = new BrokerDoor(new UnixBrokerSocket(path), folder);
  await assert.rejects(door.call(BEARER_CALL), { code: "broker_needed", exit: 9, status: 423 });
  Deno.listen({ transport: "unix", path }).close();
  await nobodyListens({ transport: "unix", path });
  await assert.rejects(door.call(BEARER_CALL), { code: "broker_needed" });
  await Deno.remove(folder, { recursive: true });
});
