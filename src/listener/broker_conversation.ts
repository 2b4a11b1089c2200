/**
 * One conversation on the broker's socket: one question, its answer, the end.
 *
 * @module
 */

import { AppError, isAppError } from "../kernel/error.ts";
import type { BrokerConnection } from "../ports/broker.ts";
import { type Frame, FrameReader, FrameWriter } from "../usecases/broker/frames.ts";
import { type Ask, decodeAsk, encodeFailure } from "../usecases/broker/messages.ts";
import type { Broker } from "../usecases/broker/sealed_broker.ts";
import { dropBody, piecesOf, wholeBody } from "../kernel/body.ts";
import type { Body, CallResponse } from "../usecases/call.ts";

/** How long a peer may take to ask its question, in ms. */
const QUESTION_MS = 10_000;
/** Most of a body that is gathered before it is handed on. */
const WHOLE_BODY = { what: "the request's body", maxBytes: 64 * 1024 * 1024 };

/** Answers one peer. Never rejects: whatever a peer does ends its own conversation and nothing else. */
export async function converse(connection: BrokerConnection, broker: Broker, cut: AbortSignal): Promise<void> {
  const close = (): void => connection.close();
  cut.addEventListener("abort", close, { once: true });
  const reader = new FrameReader(connection), writer = new FrameWriter(connection);
  try {
    await answer(await question(reader, close), reader, writer, broker, cut);
  } catch (error) {
    const locked = isAppError(error, "cancelled") && broker.status().state === "locked";
    await writer.message(encodeFailure(locked ? new AppError("vault_sealed") : error)).catch(() => {});
  } finally {
    cut.removeEventListener("abort", close);
    close();
  }
}

async function question(reader: FrameReader, close: () => void): Promise<Ask> {
  const timer = setTimeout(close, QUESTION_MS);
  try {
    const frame = await reader.next();
    if (frame?.kind !== "message") throw unexpected();
    return decodeAsk(frame.value);
  } finally {
    clearTimeout(timer);
  }
}

async function answer(
  ask: Ask,
  reader: FrameReader,
  writer: FrameWriter,
  broker: Broker,
  cut: AbortSignal,
): Promise<void> {
  switch (ask.ask) {
    case "status":
      return await writer.message(broker.status());
    case "lock":
      await broker.lock();
      return await writer.message({ locked: true });
    case "names":
      return await writer.message(await broker.names(ask.input, cut));
    case "call":
      return await answerCall(ask, reader, writer, broker, cut);
  }
}

async function answerCall(
  { call, body: form }: Ask & { readonly ask: "call" },
  reader: FrameReader,
  writer: FrameWriter,
  broker: Broker,
  cut: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  const leave = (): void => gone.abort(new AppError("cancelled"));
  const signal = AbortSignal.any([cut, gone.signal]);
  const body = await bodyOf(form, reader, leave);
  const response = await broker.call({ ...call, ...(body === undefined ? {} : { body }) }, signal);
  try {
    await send(response, writer);
  } catch (error) {
    leave();
    await dropBody(response.body);
    throw error;
  }
}

async function send(response: CallResponse, writer: FrameWriter): Promise<void> {
  const { status, statusText, headers, body, outcome } = response;
  await writer.message({ status, statusText, headers, hasBody: body !== null });
  if (body !== null) {
    for await (const piece of piecesOf(body)) await writer.data(piece);
    await writer.end();
  }
  await writer.message(await outcome);
}

/** The request's body. Once it is complete, whatever comes from the peer, its end included, means that it has left. */
async function bodyOf(
  form: "none" | "whole" | "stream",
  reader: FrameReader,
  leave: () => void,
): Promise<Body | undefined> {
  const watch = (): void => void reader.next().then(leave, leave);
  if (form === "none") {
    watch();
    return undefined;
  }
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      try {
        const frame = await reader.next();
        if (frame?.kind === "data") return controller.enqueue(frame.bytes);
        if (frame?.kind !== "end") throw unexpected(frame);
        controller.close();
        watch();
      } catch (error) {
        leave();
        controller.error(error);
      }
    },
  }, { highWaterMark: 0 });
  return form === "stream" ? stream : await wholeBody(stream, WHOLE_BODY);
}

function unexpected(frame?: Frame): AppError {
  return new AppError("bad_request", {
    reason: `the broker's socket carried ${
      frame === undefined ? "an end" : `a ${frame.kind}`
    } where it does not belong`,
  });
}
