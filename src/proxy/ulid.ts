/**
 * ULIDs (github.com/ulid/spec): 48 bits of time and 80 of chance in 26 characters that sort by time.
 *
 * @module
 */

import type { Bytes, RandomBytes } from "../kernel/bytes.ts";
import { CROCKFORD } from "../kernel/encoding.ts";

/** Bytes of chance in one. */
const CHANCE = 10;
/** How many are drawn for at once: the system is asked seldom. They are names and no secrets, so what is in store may be known. */
const DRAWN = 32;

/** Makes them from one source of chance. */
export class Ulids {
  readonly #random: RandomBytes;
  #chance: Bytes = new Uint8Array(0);
  #at = 0;

  constructor(random: RandomBytes) {
    this.#random = random;
  }

  /** A new one. `now` in ms since the epoch, an integer below 2⁴⁸. */
  next(now: number): string {
    if (this.#at === this.#chance.length) {
      this.#chance = this.#random(CHANCE * DRAWN);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += CHANCE;
    return timeText(now) + fiveBytes(this.#chance, at) + fiveBytes(this.#chance, at + 5);
  }
}

/** Ten characters: the upper two bits of the first are always 0. */
function timeText(ms: number): string {
  let text = "";
  for (let i = 0, left = ms; i < 10; i++, left = Math.floor(left / 32)) text = CROCKFORD[left % 32] + text;
  return text;
}

/** Eight characters of five bits each. */
function fiveBytes(bytes: Uint8Array, at: number): string {
  const upper = (bytes[at]! << 12) | (bytes[at + 1]! << 4) | (bytes[at + 2]! >> 4);
  const lower = ((bytes[at + 2]! & 15) << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!;
  return twentyBits(upper) + twentyBits(lower);
}

function twentyBits(bits: number): string {
  return CROCKFORD[bits >> 15]! + CROCKFORD[(bits >> 10) & 31]! + CROCKFORD[(bits >> 5) & 31]! + CROCKFORD[bits & 31]!;
}
