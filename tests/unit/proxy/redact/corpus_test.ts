import assert from "node:assert/strict";
import { concat, utf8 } from "../../../../src/kernel/bytes.ts";
import { REDACTION_MARKER } from "../../../../src/kernel/limits.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { createRedactor, type Redactor } from "../../../../src/proxy/redact/redactor.ts";
import { ECHOES, EMBEDDINGS, SECRETS, SPELLINGS } from "./corpus.ts";
import { leak } from "./leaks.ts";

const MARKER = utf8(REDACTION_MARKER);
/** More traffic than it takes to build a prefilter. */
const ENOUGH_FOR_PREFILTER = 200_000;
const asBytes = (body: string | Uint8Array): Uint8Array => typeof body === "string" ? utf8(body) : body;
const show = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);

function inPieces(redactor: Redactor, pieces: readonly Uint8Array[]): Uint8Array {
  const stream = redactor.stream();
  return concat(...pieces.map((piece) => stream.push(piece)), stream.end());
}

/** The same result whole, in two pieces at every place, and byte by byte. */
function redactEveryWay(redactor: Redactor, body: Uint8Array, what: string): Uint8Array {
  const whole = redactor.bytes(body);
  for (let at = 1; at < body.length; at++) {
    const halves = inPieces(redactor, [body.subarray(0, at), body.subarray(at)]);
    assert.equal(show(halves), show(whole), `${what}, split at ${at}`);
  }
  const single = inPieces(redactor, Array.from(body, (_, i) => body.subarray(i, i + 1)));
  assert.equal(show(single), show(whole), `${what}, byte by byte`);
  return whole;
}

for (const [kind, secret] of Object.entries(SECRETS)) {
  Deno.test(`a value (${kind}) is replaced exactly, in every spelling, at every split`, () => {
    using redactor = createRedactor([Secret.fromText(secret)]);
    for (const [spelling, spell] of Object.entries(SPELLINGS)) {
      const echo = asBytes(spell(secret));
      for (const [before, after] of [["<!", "!>"], ["", ""], ["k: ~", "~\n\n"]] as const) {
        const body = concat(utf8(before), echo, utf8(after));
        const out = before === "<!" ? redactEveryWay(redactor, body, spelling) : redactor.bytes(body);
        assert.equal(show(out), show(concat(utf8(before), MARKER, utf8(after))), spelling);
      }
    }
  });

  Deno.test(`a value (${kind}) is found at every alignment once the prefilter is at work`, () => {
    using redactor = createRedactor([Secret.fromText(secret)]);
    redactor.bytes(new Uint8Array(ENOUGH_FOR_PREFILTER));
    for (const [spelling, spell] of Object.entries(SPELLINGS)) {
      const echo = asBytes(spell(secret));
      for (let before = 80; before < 84; before++) {
        for (const filler of ["!", "|", "\x7f"]) {
          const [left, right] = [utf8(filler.repeat(before)), utf8(filler.repeat(9))];
          const out = redactor.bytes(concat(left, echo, right));
          assert.equal(show(out), show(concat(left, MARKER, right)), `${spelling} after ${before}`);
        }
      }
      for (let length = 97; length <= 100; length++) {
        const [left, right] = [utf8("!".repeat(length)), utf8("!".repeat(80))];
        const body = concat(left, echo, right);
        for (let at = length - 1; at < length + 5; at++) {
          const out = inPieces(redactor, [body.subarray(0, at), body.subarray(at)]);
          assert.equal(show(out), show(concat(left, MARKER, right)), `${spelling} after ${length}, split at ${at}`);
        }
      }
    }
  });

  Deno.test(`nothing of a value (${kind}) can be read out of what stands around it`, () => {
    using redactor = createRedactor([Secret.fromText(secret)]);
    for (const [embedding, embed] of Object.entries(EMBEDDINGS)) {
      const body = utf8(`<${embed(secret)}>`);
      assert.notEqual(
        leak(body, utf8(secret)),
        undefined,
        `${embedding}: the reader finds it when nothing is redacted`,
      );
      const out = redactEveryWay(redactor, body, embedding);
      // What the reader finds in the marker itself is no leak: one value contains it.
      const around = utf8(show(out).split(REDACTION_MARKER).join("\0<>\0"));
      assert.equal(leak(around, utf8(secret)), undefined, `${embedding}: ${show(out)}`);
    }
  });
}

for (const { what, secret, body, keeps } of ECHOES) {
  Deno.test(`echo: ${what}`, () => {
    using redactor = createRedactor([Secret.fromText(secret)]);
    const out = show(redactEveryWay(redactor, utf8(body), what));
    assert.ok(out.includes(REDACTION_MARKER), out);
    assert.ok(out.includes(keeps ?? ""), out);
    assert.equal(leak(utf8(out.replaceAll(keeps ?? "\xff", "")), utf8(secret)), undefined, out);
  });
}
