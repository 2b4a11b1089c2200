/** What is held back must not tell what is looked for. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concat, utf8 } from "../../../src/kernel/bytes.ts";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { EVEN_BYTES, EvenStream, Wariness } from "../../../src/proxy/redact/even_stream.ts";
import { createRedactor, type Redactor } from "../../../src/proxy/redact/redactor.ts";
import { runs } from "../../support/runs.ts";

const VALUE = "q7RtZ9-wLm3xKp0VbN8yHc2T";
const redactorOf = (...values: readonly string[]): Redactor => createRedactor(values.map((v) => Secret.fromText(v)));
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** An engine that somebody has begun to ask. */
function wary(): Wariness {
  const wariness = new Wariness();
  wariness.paused(6);
  return wariness;
}

/**
 * What somebody who controls an upstream and its client finds out of a value's spelling in hex: each guess is a body of its own,
 * which pauses behind it.
 */
function guessed(redactor: Redactor, begun: string, length: number, after = ""): string {
  const wariness = new Wariness();
  const isHeld = (guess: string): boolean => {
    const body = new EvenStream(redactor.stream(), wariness);
    return text(body.push(utf8(`!${guess}${after}`))) === "!";
  };
  let known = [begun];
  while (known[0]!.length < length) {
    const next = known.flatMap((begun) => [..."0123456789abcdef"].map((digit) => begun + digit)).filter(isHeld);
    if (next.length === 0) break;
    known = next;
  }
  return known[0]!;
}

Deno.test("P66 guesses that pause in a possible value find out the first bytes of it, and no more, in any spelling", () => {
  using redactor = redactorOf(VALUE);
  const hex = utf8(VALUE).toHex();
  for (const after of ["", "\n", "\r\n", ":\n", "\n "]) {
    const found = guessed(redactor, hex.slice(0, 4), hex.length, after);
    assert.ok(hex.startsWith(found) && found.length <= 6, `${found.length} symbols, and then ${JSON.stringify(after)}`);
  }
});

const piece = fc.oneof(
  fc.string({ unit: "binary-ascii", maxLength: 30 }),
  fc.constantFrom("\n", "=\n", "\r\n", "data: x\n\n", " ".repeat(700)),
  // Beginnings of the value in several spellings, and what could follow them.
  fc.nat(VALUE.length - 1).map((n) => VALUE.slice(0, n)),
  fc.nat(2 * VALUE.length - 2).map((n) => utf8(VALUE).toHex().slice(0, n)),
  fc.nat(btoa(VALUE).length - 4).map((n) => btoa(VALUE).slice(0, n)),
);
const chunks = fc.array(fc.array(piece, { maxLength: 4 }).map((parts) => utf8(parts.join(""))), { maxLength: 12 });

Deno.test("P66 an even stream gives its bytes as if no value were looked for, whatever begins like one", () => {
  using redactor = redactorOf(VALUE);
  using nothing = redactorOf();
  fc.assert(
    fc.property(chunks, (parts) => {
      fc.pre(redactor.bytes(concat(...parts)).length === concat(...parts).length);
      const wariness = wary();
      const one = new EvenStream(redactor.stream(), wariness), other = new EvenStream(nothing.stream(), wariness);
      for (const part of parts) assert.equal(text(one.push(part)), text(other.push(part)));
      assert.equal(text(one.end()), text(other.end()));
    }),
    runs(500),
  );
});

Deno.test("P2 an even stream replaces a value in any chunks of a line, and everything else comes out byte for byte", () => {
  using redactor = redactorOf(VALUE);
  const cut = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 });
  const filler = fc.string({ unit: fc.constantFrom("a", "B", " ", "7", "="), maxLength: EVEN_BYTES + 20 });
  fc.assert(
    fc.property(filler, filler, fc.constantFrom(VALUE, btoa(VALUE), utf8(VALUE).toHex()), cut, (a, b, form, cuts) => {
      const whole = utf8(`${a}!${form}!${b}\n`);
      const stream = new EvenStream(redactor.stream(), wary()), out: Uint8Array[] = [];
      let at = 0;
      for (const size of cuts) out.push(stream.push(whole.subarray(at, at += size)));
      out.push(stream.push(whole.subarray(at)), stream.end());
      assert.equal(text(concat(...out)), `${a}!${REDACTION_MARKER}!${b}\n`);
      assert.equal(stream.redacted, true);
    }),
    runs(300),
  );
});

Deno.test("events and lines go on at once in an even stream, and not more than the limit waits of a longer line", () => {
  using redactor = redactorOf(VALUE);
  const stream = new EvenStream(redactor.stream(), wary());
  const event = utf8('data: {"delta":"q"}\n\n');
  for (let i = 0; i < 3; i++) assert.equal(text(stream.push(event)), text(event));
  assert.equal(text(stream.push(utf8("an unfinished line"))), "");
  assert.equal(text(stream.push(utf8("\nand the next"))), "an unfinished line\n");
  const long = "x".repeat(3 * EVEN_BYTES);
  assert.equal(text(stream.push(utf8(long))), `and the next${long}`.slice(0, -EVEN_BYTES));
  assert.equal(text(stream.end()).length, EVEN_BYTES);
});

Deno.test("a stream in which chance alone leaves a few held bytes stays as fast as it is, and so do those after it", () => {
  using redactor = redactorOf(VALUE);
  const wariness = new Wariness();
  const stream = new EvenStream(redactor.stream(), wariness);
  assert.equal(text(stream.push(utf8(`plain ${VALUE.slice(0, 5)}`))), "plain ");
  assert.equal(wariness.isWary, false);
  assert.equal(text(stream.push(utf8(" words."))), `${VALUE.slice(0, 5)} words.`);
});
