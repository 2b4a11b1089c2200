/**
 * Searching in turns. What an upstream sends can make the search slow, a credential of 64 KiB in escapes by thousands of times: it costs
 * that answer its time, and nobody else theirs.
 *
 * @module
 */

import { concat } from "../../kernel/bytes.ts";
import type { Redactor } from "./redactor.ts";

/** Most work between two turns of the event loop, in the automaton's unit: some milliseconds. */
export const TURN_WORK = 16 * 1024;

const NO_BYTES = new Uint8Array(0);

/** Lets everything else that is ready run first. */
export function giveWay(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Whole bytes, as {@linkcode Redactor.bytes} has them: the same array when nothing was found. */
export async function bytesInTurns(redactor: Redactor, bytes: Uint8Array): Promise<Uint8Array> {
  const stream = redactor.stream();
  const out = [stream.push(bytes, TURN_WORK)];
  while (stream.busy) {
    await giveWay();
    out.push(stream.push(NO_BYTES, TURN_WORK));
  }
  out.push(stream.end(TURN_WORK));
  while (stream.busy) {
    await giveWay();
    out.push(stream.end(TURN_WORK));
  }
  return stream.redacted ? concat(...out) : bytes;
}
