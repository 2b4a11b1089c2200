/**
 * The broker from a command's side: names go in, redacted answers come back.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { BrokerConnection, BrokerSocket } from "../../ports/broker.ts";
import type { CallDoor, CallOutcome, CallRequest, CallResponse } from "../../proxy/door.ts";
import type { EnvironmentInput } from "../secrets/outcome.ts";
import type { ListSecretsResult } from "../secrets/list.ts";
import { type Frame, FrameReader, FrameWriter } from "./frames.ts";
import {
  type Ask,
  type BrokerStatus,
  decodeAnswer,
  decodeAnswerHead,
  decodeNames,
  decodeOutcome,
  decodeStatus,
  encodeAsk,
} from "./messages.ts";

/** What the broker is, or undefined when none runs. @throws {AppError} `broker_needed` when it ends meanwhile, `bad_request` */
export async function brokerStatus(socket: BrokerSocket): Promise<BrokerStatus | undefined> {
  const connection = await socket.connect();
  if (connection === undefined) return undefined;
  return decodeStatus(await answered(connection, { ask: "status" }));
}

/** Drops the broker's keys. Whether a broker was there. @throws {AppError} as {@linkcode brokerStatus} */
export async function lockBroker(socket: BrokerSocket): Promise<boolean> {
  const connection = await socket.connect();
  if (connection === undefined) return false;
  decodeAnswer(await answered(connection, { ask: "lock" }));
  return true;
}

/** The names that can be used. @throws {AppError} `broker_needed`, `vault_sealed`, those of `listSecrets` */
export async function namesFromBroker(socket: BrokerSocket, input: EnvironmentInput): Promise<ListSecretsResult> {
  return decodeNames(await answered(await connected(socket), { ask: "names", input }));
}

/** A door behind which the broker stands. */
export class BrokerDoor implements CallDoor {
  readonly #socket: BrokerSocket;
  readonly #folder: string;

  /** `folder` is where the search for the project file begins, as it would for a door in this process. */
  constructor(socket: BrokerSocket, folder: string) {
    this.#socket = socket;
    this.#folder = folder;
  }

  /** @throws {AppError} `broker_needed`, `vault_sealed`, those of {@linkcode CallDoor.call} */
  async call(request: CallRequest, signal?: AbortSignal): Promise<CallResponse> {
    signal?.throwIfAborted();
    const connection = await connected(this.#socket);
    const leave = (): void => connection.close();
    signal?.addEventListener("abort", leave, { once: true });
    try {
      return await this.#exchange(connection, request, () => signal?.removeEventListener("abort", leave));
    } catch (error) {
      connection.close();
      signal?.removeEventListener("abort", leave);
      throw signal?.aborted === true ? new AppError("cancelled", undefined, { cause: error }) : error;
    }
  }

  async #exchange(connection: BrokerConnection, request: CallRequest, done: () => void): Promise<CallResponse> {
    const { body, ...call } = request;
    const writer = new FrameWriter(connection), reader = new FrameReader(connection);
    const form = body === undefined ? "none" : body instanceof Uint8Array ? "whole" : "stream";
    const sending = async (): Promise<void> => {
      await writer.message(encodeAsk({ ask: "call", call: { folder: this.#folder, ...call }, body: form }));
      if (body === undefined) return;
      if (body instanceof Uint8Array) await writer.data(body);
      else for await (const piece of body) await writer.data(piece);
      await writer.end();
    };
    // A refusal comes before the body is taken; then the rest of it has nowhere to go, and the refusal is what counts.
    const failed = sending().then(() => undefined, (error: unknown) => ({ error }));
    const first = await message(reader).catch(async (error: unknown) => {
      const sent = await Promise.race([failed, Promise.resolve(undefined)]);
      throw sent === undefined ? error : sent.error;
    });
    const { status, statusText, headers, hasBody } = decodeAnswerHead(first);
    if (hasBody) return { status, statusText, headers, ...bodyFrom(reader, connection, done) };
    const outcome = decodeOutcome(await message(reader));
    connection.close();
    done();
    return { status, statusText, headers, body: null, outcome: Promise.resolve(outcome) };
  }
}

/** The body as it comes, and the outcome that follows it. */
function bodyFrom(
  reader: FrameReader,
  connection: BrokerConnection,
  done: () => void,
): Pick<CallResponse, "body" | "outcome"> {
  const { promise, resolve, reject } = Promise.withResolvers<CallOutcome>();
  promise.catch(() => {}); // a caller that reads the body alone sees the failure there
  const finish = (): void => {
    connection.close();
    done();
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      try {
        const frame = await frameOf(reader);
        if (frame.kind === "data") return controller.enqueue(frame.bytes);
        if (frame.kind === "message") decodeAnswer(frame.value); // a failure in the middle of the body
        resolve(decodeOutcome(await message(reader)));
        finish();
        controller.close();
      } catch (error) {
        finish();
        reject(error);
        controller.error(error);
      }
    },
    cancel: () => {
      finish();
      reject(new AppError("cancelled"));
    },
  }, { highWaterMark: 0 });
  return { body, outcome: promise };
}

async function connected(socket: BrokerSocket): Promise<BrokerConnection> {
  const connection = await socket.connect();
  if (connection === undefined) throw new AppError("broker_needed");
  return connection;
}

/** One question, one answer. */
async function answered(connection: BrokerConnection, ask: Ask): Promise<unknown> {
  try {
    const answer = message(new FrameReader(connection));
    answer.catch(() => {}); // the failure to send says more
    await new FrameWriter(connection).message(encodeAsk(ask));
    return await answer;
  } finally {
    connection.close();
  }
}

async function message(reader: FrameReader): Promise<unknown> {
  const frame = await frameOf(reader);
  if (frame.kind === "message") return frame.value;
  throw new AppError("bad_request", { reason: "the broker's socket carried a body where an answer belongs" });
}

/** @throws {AppError} `broker_needed` when the broker ends in between */
async function frameOf(reader: FrameReader): Promise<Frame> {
  const frame = await reader.next().catch((error: unknown) => {
    if (error instanceof AppError) throw error;
    throw new AppError("broker_needed", undefined, { cause: error });
  });
  if (frame === undefined) throw new AppError("broker_needed");
  return frame;
}
