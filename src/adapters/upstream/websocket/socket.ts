/**
 * An open WebSocket over a connection that was made and verified: whole messages, pings answered, one close handshake.
 *
 * @module
 */

import { concat } from "../../../kernel/bytes.ts";
import { AppError } from "../../../kernel/error.ts";
import {
  MAX_MESSAGE_BYTES,
  type SocketEnd,
  type SocketMessage,
  type UpstreamSocket,
} from "../../../ports/upstream_socket.ts";
import { timedOut } from "../failure.ts";
import { Limit } from "../limit.ts";
import type { ByteReader } from "./byte_reader.ts";
import { Fragments } from "./fragments.ts";
import { type Frame, FrameError, maskedFrame, OPCODE, readFrame } from "./frames.ts";

/** How long the upstream may take to answer our close frame, in ms. */
const CLOSE_MS = 5_000;
/** Frames between two turns of the event loop: a buffer holds thousands of small ones, which is time that others wait. */
const TURN_FRAMES = 64;

/** What it works on. */
export interface OpenSocketOptions {
  readonly connection: Pick<Deno.Conn, "write" | "close">;
  readonly reader: ByteReader;
  readonly protocol: string;
  readonly domain: string;
  /** Silence after which a ping is sent, and then again after which the socket is given up. In ms. */
  readonly idleMs: number;
}

/** A WebSocket client's end. */
export class OpenSocket implements UpstreamSocket {
  readonly protocol: string;
  readonly #options: OpenSocketOptions;
  #writing: Promise<void> = Promise.resolve();
  #closing = false;
  #late = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  readonly #silence = new Limit();
  #frames = 0;

  constructor(options: OpenSocketOptions) {
    this.#options = options;
    this.protocol = options.protocol;
  }

  async receive(): Promise<SocketMessage | SocketEnd> {
    try {
      return await this.#message();
    } catch (error) {
      const { domain, idleMs } = this.#options;
      if (error instanceof FrameError) this.close(error.code);
      this.cut();
      if (this.#late) throw timedOut(domain, "further byte", idleMs);
      if (error instanceof FrameError) {
        throw new AppError("upstream_unreachable", { domain, reason: `it sent ${error.message}` });
      }
      // However it broke: there was no close frame (RFC 6455 §7.1.5).
      return { code: 1006, reason: "" };
    }
  }

  async send({ kind, bytes }: SocketMessage): Promise<void> {
    try {
      await this.#write(OPCODE[kind], bytes);
    } catch {
      throw new AppError("upstream_unreachable", { domain: this.#options.domain, reason: "the connection was closed" });
    }
  }

  close(code?: number, reason = ""): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#write(OPCODE.close, closePayload(code, reason)).catch(() => {});
    this.#deadline ??= setTimeout(() => this.cut(), CLOSE_MS);
  }

  cut(): void {
    clearTimeout(this.#deadline);
    this.#silence.end();
    this.#closing = true;
    try {
      this.#options.connection.close();
    } catch {
      // It was closed already.
    }
  }

  async #message(): Promise<SocketMessage | SocketEnd> {
    let kind: SocketMessage["kind"] | undefined;
    const fragments = new Fragments();
    for (;;) {
      const frame = await this.#frame(MAX_MESSAGE_BYTES - fragments.size);
      if (frame.opcode === OPCODE.close) return this.#ended(frame);
      if (frame.opcode === OPCODE.ping) await this.#write(OPCODE.pong, frame.payload);
      if (frame.opcode >= OPCODE.close) continue;
      if ((frame.opcode === OPCODE.continuation) !== (kind !== undefined)) {
        throw new FrameError(1002, "a stray fragment");
      }
      kind ??= frame.opcode === OPCODE.text ? "text" : "binary";
      fragments.add(frame.payload);
      if (!frame.final) continue;
      const bytes = fragments.joined();
      if (kind === "text" && !isUtf8(bytes)) throw new FrameError(1007, "a text that is not UTF-8");
      return { kind, bytes };
    }
  }

  /** The next frame; asks a silent upstream whether it is there, and gives it up when it does not answer. */
  async #frame(maxBytes: number): Promise<Frame> {
    if (++this.#frames % TURN_FRAMES === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    this.#expect(() => {
      this.#write(OPCODE.ping, new Uint8Array()).catch(() => {});
      this.#expect(() => {
        this.#late = true;
        this.cut();
      });
    });
    try {
      return await readFrame(this.#options.reader, Math.max(maxBytes, 0));
    } finally {
      this.#silence.stop();
    }
  }

  #expect(late: () => void): void {
    this.#silence.begin(this.#options.idleMs, late);
  }

  #ended({ payload }: Frame): SocketEnd {
    if (payload.length === 1) throw new FrameError(1002, "a close frame of one byte");
    const code = payload.length === 0 ? 1005 : payload[0]! * 256 + payload[1]!;
    const reason = payload.subarray(2);
    if (!isUtf8(reason)) throw new FrameError(1007, "a reason that is not UTF-8");
    this.close(code === 1005 ? undefined : code);
    // The answer is on its way before the connection goes.
    this.#writing.then(() => this.cut(), () => this.cut());
    return { code, reason: new TextDecoder().decode(reason) };
  }

  /** One frame after the other, whoever sends them. */
  #write(opcode: number, payload: Uint8Array): Promise<void> {
    const frame = maskedFrame(opcode, payload, crypto.getRandomValues(new Uint8Array(4)));
    const done = this.#writing.then(async () => {
      for (let at = 0; at < frame.length;) at += await this.#options.connection.write(frame.subarray(at));
    });
    this.#writing = done.catch(() => {});
    return done;
  }
}

function closePayload(code: number | undefined, reason: string): Uint8Array {
  if (code === undefined) return new Uint8Array();
  return concat(Uint8Array.of(code >> 8, code & 0xff), new TextEncoder().encode(reason).subarray(0, 123));
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
