/**
 * How people read and type the account key and the recovery code (docs/spec/protocol.md §1.1): Crockford base32 in groups of five
 * with a check character over GF(32), so that every single wrong character and every swap of neighbours is noticed.
 *
 * @module
 */

import type { RandomBytes } from "../kernel/bytes.ts";
import { CROCKFORD, fromCrockford, toCrockford } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import { Secret } from "../kernel/secret.ts";

interface Format {
  /** Word for errors. */
  readonly kind: string;
  /** Prefix; "1" is the suite. */
  readonly prefix: string;
  readonly bytes: number;
}

const ACCOUNT_KEY: Format = { kind: "account key", prefix: "AS1", bytes: 16 };
const RECOVERY_CODE: Format = { kind: "recovery code", prefix: "ASR1", bytes: 20 };

/** 16 random bytes. */
export function generateAccountKey(random: RandomBytes): Secret {
  return Secret.take(random(ACCOUNT_KEY.bytes));
}

/** 20 random bytes. */
export function generateRecoveryCode(random: RandomBytes): Secret {
  return Secret.take(random(RECOVERY_CODE.bytes));
}

/** `AS1-XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XX`: for the Emergency Kit and nothing else. */
export function formatAccountKey(key: Secret): Secret {
  return format(ACCOUNT_KEY, key);
}

/** `ASR1-XXXXX-…-XXX`: for the Emergency Kit and nothing else. */
export function formatRecoveryCode(code: Secret): Secret {
  return format(RECOVERY_CODE, code);
}

/**
 * The account key in typed text: any case, spaces and hyphens anywhere, O for 0, I and L for 1.
 *
 * @throws {AppError} `account_key_invalid`; `unsupported_format` for another suite
 */
export function parseAccountKey(text: Secret): Secret {
  return parse(ACCOUNT_KEY, text);
}

/** Like {@linkcode parseAccountKey}. @throws {AppError} `account_key_invalid`, `unsupported_format` */
export function parseRecoveryCode(text: Secret): Secret {
  return parse(RECOVERY_CODE, text);
}

function format({ prefix, bytes }: Format, key: Secret): Secret {
  // EXPOSE: the kit shows the key to its owner
  return key.expose((raw) => {
    if (raw.length !== bytes) throw new RangeError("key of another kind");
    const data = toCrockford(raw);
    const groups = (data + checkCharacter(prefix, data)).match(/.{1,5}/g)!;
    return Secret.fromText([prefix, ...groups].join("-"));
  });
}

function parse(format: Format, typed: Secret): Secret {
  // EXPOSE: the typed text is decoded to the key
  return typed.expose((utf8) => {
    const text = fold(new TextDecoder().decode(utf8));
    const prefix = fold(format.prefix);
    if (!text.startsWith(prefix)) throw refusal(format, text);
    const data = text.slice(prefix.length, -1), check = text.slice(-1);
    const raw = fromCrockford(data);
    if (raw?.length !== format.bytes || checkCharacter(format.prefix, data) !== check) {
      throw new AppError("account_key_invalid", { kind: format.kind });
    }
    return Secret.take(raw);
  });
}

/** Upper case without separators, look-alikes folded: what was read from paper becomes what was printed. */
function fold(text: string): string {
  return text.toUpperCase().replace(/[\s\-\u2010-\u2015]+/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** A longer key of the same kind with another digit behind the letters belongs to a suite that is not known here. */
function refusal(format: Format, text: string): AppError {
  const letters = format.prefix.slice(0, -1);
  const suite = new RegExp(`^${letters}([2-9])`).exec(text)?.[1];
  return suite === undefined
    ? new AppError("account_key_invalid", { kind: format.kind })
    : new AppError("unsupported_format", { what: `the ${format.kind}`, version: `suite ${suite}` });
}

/** Product in GF(32) with x⁵ + x² + 1, where x is primitive. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 5; bit++) if ((b >> bit) & 1) product ^= a << bit;
  for (let bit = 8; bit >= 5; bit--) if ((product >> bit) & 1) product ^= 0b100101 << (bit - 5);
  return product;
}

/**
 * Σ xⁱ·cᵢ over the prefix's and the data's characters by Horner's rule. Weights of neighbours differ and none is zero, so a
 * wrong character or a swap of neighbours changes the sum; the prefix takes part, so one kind of key is never taken for the other.
 */
function checkCharacter(prefix: string, data: string): string {
  let sum = 1;
  for (const character of fold(prefix) + data) sum = multiply(sum, 2) ^ CROCKFORD.indexOf(character);
  return CROCKFORD[multiply(sum, 2)]!;
}
