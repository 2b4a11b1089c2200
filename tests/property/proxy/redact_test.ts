/**
 * For any secrets, in any mixture of spellings, at any places and in any chunks: no run of eight bytes of a secret can be read out of
 * what comes out (tests/unit/proxy/redact/leaks.ts is the reader), and a body without them comes out byte for byte.
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import { concat, utf8 } from "../../../src/kernel/bytes.ts";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { Automaton } from "../../../src/proxy/redact/automaton.ts";
import { base64Form, hexForm, textForm } from "../../../src/proxy/redact/forms.ts";
import { createRedactor, type Redactor } from "../../../src/proxy/redact/redactor.ts";
import { Scanner } from "../../../src/proxy/redact/scanner.ts";
import { EMBEDDINGS, SPELLINGS } from "../../unit/proxy/redact/corpus.ts";
import { leak } from "../../unit/proxy/redact/leaks.ts";
import { runs } from "../../support/runs.ts";

const show = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const asBytes = (body: string | Uint8Array): Uint8Array => typeof body === "string" ? utf8(body) : body;

/** Letters of a secret; fillers are made of others, so that what comes out is known exactly. */
const SECRET_UNIT = fc.constantFrom(..."abcdefgmnxyzABCXYZ012789_-/+=.&\"'\\<%é€😀\n ");
const secretOf = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(unit, { minLength: 8, maxLength: 60 }).map((units) => units.join("")).filter((text) =>
    // Its own trimmed form and line parts would be replaced in pieces: another property.
    text.trim() === text && !/[\n:]/.test(text) && !/^(bearer|basic|token|apikey|digest) /i.test(text)
  );
const secret = secretOf(SECRET_UNIT);
/** Nothing of which an escape is made: else the bytes of one (`%51`) may be read as characters of the secret (`1…`, `…%`). */
const secretUnlikeEscapes = secretOf(fc.constantFrom(..."gmnyzGHYZ_-/.\"'<é€😀 "));
const filler = fc.array(fc.constantFrom(..."!(){}|~^*@#?;\t"), { maxLength: 12 }).map((units) => units.join(""));

/** Cuts bytes at random places. */
function inChunks(redactor: Redactor | Scanner, bytes: Uint8Array, cuts: readonly number[]): Uint8Array {
  const stream = redactor instanceof Scanner ? redactor : redactor.stream();
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const out = [0, ...places].map((from, i) => stream.push(bytes.subarray(from, places[i] ?? bytes.length)));
  return concat(...out, stream.end());
}

const cuts = fc.array(fc.nat({ max: 2000 }), { maxLength: 12 });

Deno.test("P2 property: any secret in any spelling, anywhere, in any chunks, is replaced exactly", () => {
  const piece = fc.record({ which: fc.nat(2), spelling: fc.constantFrom(...Object.keys(SPELLINGS)), after: filler });
  fc.assert(
    fc.property(
      fc.tuple(secret, secret, secret),
      filler,
      fc.array(piece, { maxLength: 5 }),
      cuts,
      (values, before, pieces, at) => {
        fc.pre(!values.some((a, i) => values.some((b, k) => i !== k && a.includes(b))));
        using redactor = createRedactor(values.map((value) => Secret.fromText(value)));
        const wide = (name: string): boolean => name.startsWith("UTF-16");
        // Two matches need something between them that belongs to neither; UTF-16 has to begin at an even place only for readers.
        const parts = pieces.map((p) => ({ ...p, after: `|${p.after}|` }));
        const body = concat(
          utf8(before + "|"),
          ...parts.flatMap((p) => [asBytes(SPELLINGS[p.spelling]!(values[p.which]!)), utf8(p.after)]),
        );
        const expected = before + "|" + parts.map((p) => REDACTION_MARKER + p.after).join("");
        fc.pre(!parts.some((p) => wide(p.spelling) && /[\n]/.test(values[p.which]!)));
        assert.equal(show(inChunks(redactor, body, at)), expected);
      },
    ),
    runs(150),
  );
});

/** One character in a spelling drawn at random, written without the redactor's tables. */
function spelled(character: string, pick: number): string {
  const point = character.codePointAt(0)!;
  const escapes = [
    character,
    encodeURIComponent(character),
    `&#${point};`,
    `&#x${point.toString(16)};`,
    `\\u{${point.toString(16)}}`,
    Array.from(utf8(character), (byte) => "%" + byte.toString(16).padStart(2, "0")).join(""),
    Array.from(character.split(""), (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0")).join(""),
    Array.from(utf8(character), (byte) => "\\x" + byte.toString(16).padStart(2, "0")).join(""),
    JSON.stringify(character).slice(1, -1),
  ];
  return escapes[pick % escapes.length]!;
}

Deno.test("property: each character in a spelling of its own, each of its characters in another, is replaced exactly", () => {
  const picks = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(secret, picks, filler, filler, cuts, (value, choices, before, after, at) => {
      using redactor = createRedactor([Secret.fromText(value)]);
      const characters = Array.from(value);
      const mixture = characters.map((character, i) => {
        const [outer, inner] = choices[i % choices.length]!;
        // One escape in three has one of its own characters escaped again.
        const text = spelled(character, outer);
        const again = outer % 3 === 0 && text.length > 1 ? inner % text.length : -1;
        return /[^\0-\x7f]/.test(text)
          ? text
          : Array.from(text, (c, k) => k === again ? spelled(c, inner) : c).join("");
      }).join("");
      // A backslash before a character that is not escaped would be part of another spelling.
      fc.pre(!/\\/.test(value));
      const out = show(inChunks(redactor, utf8(`${before}|${mixture}|${after}`), at));
      assert.equal(out, `${before}|${REDACTION_MARKER}|${after}`, mixture);
    }),
    runs(200),
  );
});

Deno.test("property: nothing can be read out of what stands around an embedded secret", () => {
  fc.assert(
    fc.property(secret, fc.constantFrom(...Object.keys(EMBEDDINGS)), cuts, (value, embedding, at) => {
      using redactor = createRedactor([Secret.fromText(value)]);
      const out = inChunks(redactor, utf8(`<${EMBEDDINGS[embedding]!(value)}>`), at);
      assert.equal(leak(out, utf8(value)), undefined, `${embedding}: ${show(out)}`);
    }),
    runs(150),
  );
});

Deno.test("P2 property: a body without the secrets comes out byte for byte, near misses included", () => {
  const random = fc.uint8Array({ maxLength: 400 });
  const miss = fc.tuple(secretUnlikeEscapes, fc.constantFrom(...Object.keys(SPELLINGS)), fc.nat()).map(
    ([value, spelling, at]) => {
      // Without its last quarter, and with another character in the middle.
      const characters = Array.from(value);
      const short = characters.slice(0, Math.floor(characters.length * 3 / 4)).join("");
      const changed = characters.with(at % characters.length, "Q").join("");
      return {
        value,
        body: concat(asBytes(SPELLINGS[spelling]!(short)), utf8("|"), asBytes(SPELLINGS[spelling]!(changed))),
      };
    },
  );
  fc.assert(
    fc.property(fc.array(miss, { minLength: 1, maxLength: 3 }), random, cuts, (misses, noise, at) => {
      using redactor = createRedactor(misses.map(({ value }) => Secret.fromText(value)));
      const body = concat(noise, ...misses.map((m) => m.body), noise);
      assert.deepEqual(inChunks(redactor, body, at), body);
    }),
    runs(150),
  );
});

Deno.test("property: chunks make no difference, whatever overlaps and however often the automaton starts again", () => {
  const letters = fc.array(fc.constantFrom(..."ab%6162"), { minLength: 8, maxLength: 14 }).map((units) =>
    utf8(units.join(""))
  );
  const body = fc.array(fc.constantFrom(..."aaabbb%%6612"), { maxLength: 300 }).map((units) => utf8(units.join("")));
  fc.assert(
    fc.property(fc.array(letters, { minLength: 1, maxLength: 4 }), body, cuts, (values, noise, at) => {
      const needles = values.flatMap((value) => [textForm(value), hexForm(value), base64Form(value, 1)]);
      const bytes = concat(noise, ...values, noise, values[0]!.subarray(0, 5), values[0]!, noise);
      const whole = inChunks(new Scanner(new Automaton(needles), utf8("#")), bytes, []);
      const small = new Automaton(needles, { maxStates: 6, maxThreads: 40, maxPlaces: 3000, prefilterAfterBytes: 0 });
      assert.equal(show(inChunks(new Scanner(small, utf8("#")), bytes, at)), show(whole));
      assert.ok(small.restarts > 1, "it did start again");
    }),
    runs(150),
  );
});

/** Pushes pieces, each with so little work allowed that it takes many turns. */
function inTurns(scanner: Scanner, bytes: Uint8Array, cuts: readonly number[], work: number): Uint8Array {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const out: Uint8Array[] = [];
  [0, ...places].forEach((from, i) => {
    out.push(scanner.push(bytes.subarray(from, places[i] ?? bytes.length), work));
    while (scanner.busy) out.push(scanner.push(new Uint8Array(0), work));
  });
  do out.push(scanner.end(work)); while (scanner.busy);
  return concat(...out);
}

Deno.test("property: a search in turns finds what a search at once does, wherever its turns end", () => {
  const letters = fc.array(fc.constantFrom(..."ab%6162"), { minLength: 8, maxLength: 14 }).map((units) =>
    units.join("")
  );
  const noise = fc.array(fc.constantFrom(..."aaabbb%%6612&#;97"), { maxLength: 200 }).map((units) => units.join(""));
  const spelling = fc.constantFrom(...Object.keys(SPELLINGS));
  fc.assert(
    fc.property(
      fc.array(letters, { minLength: 1, maxLength: 3 }),
      noise,
      spelling,
      cuts,
      fc.integer({ min: 1, max: 400 }),
      (
        values,
        around,
        name,
        at,
        work,
      ) => {
        const needles = values.flatMap((
          value,
        ) => [textForm(utf8(value)), hexForm(utf8(value)), base64Form(utf8(value), 2)]);
        const bytes = concat(utf8(around), asBytes(SPELLINGS[name]!(values[0]!)), utf8(values.join("") + around));
        const whole = inChunks(new Scanner(new Automaton(needles), utf8("#")), bytes, []);
        assert.equal(show(inTurns(new Scanner(new Automaton(needles), utf8("#")), bytes, at, work)), show(whole));
      },
    ),
    runs(150),
  );
});
