/**
 * The prefilter may let places through at which no match begins, and never skips one at which one does; with it a search finds what it
 * finds without it; and nothing of what it looked at stays in its memory.
 */
import fc from "fast-check";
import assert from "node:assert/strict";
import { concat, utf8 } from "../../../src/kernel/bytes.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { Automaton, type AutomatonLimits, DEAD, START } from "../../../src/proxy/redact/automaton.ts";
import { base64Form, hexForm, listForm, type Needle, textForm, wideTextForm } from "../../../src/proxy/redact/forms.ts";
import { Prefilter } from "../../../src/proxy/redact/prefilter.ts";
import { WINDOW } from "../../../src/proxy/redact/prefilter_code.ts";
import { createRedactor } from "../../../src/proxy/redact/redactor.ts";
import { Scanner } from "../../../src/proxy/redact/scanner.ts";
import { SPELLINGS } from "../../unit/proxy/redact/corpus.ts";
import { runs } from "../../support/runs.ts";

const WITHOUT: AutomatonLimits = { maxStates: 8000, maxThreads: 2e6, maxPlaces: 2e5, prefilterAfterBytes: Infinity };
const WITH: AutomatonLimits = { ...WITHOUT, prefilterAfterBytes: 0 };
const show = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const asBytes = (body: string | Uint8Array): Uint8Array => typeof body === "string" ? utf8(body) : body;

function formsOf(value: Uint8Array): Needle[] {
  const wide = [wideTextForm(value, "le"), wideTextForm(value, "be")].filter((form) => form !== undefined);
  return [
    textForm(value),
    ...[0, 1, 2].map((lead) => base64Form(value, lead)),
    hexForm(value),
    listForm(value),
    ...wide,
  ];
}

/** Few letters, so that bodies are full of beginnings; escapes' own bytes among them. */
const valueOf = (minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.string({ unit: fc.constantFrom(..."ab1%&\\= 😀"), minLength, maxLength }).map(utf8),
    fc.string({ unit: fc.constantFrom(..."aB1+/ "), minLength, maxLength }).map(utf8),
    fc.uint8Array({ minLength, maxLength }),
  );
/** By the shortest of them the prefilter looks at every word, at every other or at every fourth. */
const values = fc.oneof(
  ...[[8, 20], [11, 24], [19, 40]].map(([least, most]) =>
    fc.array(valueOf(least!, most!), { minLength: 1, maxLength: 3 })
  ),
);
const noise = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."aabb16%&#;\\= \nu0x"), maxLength: 100 }).map(utf8),
  fc.string({ unit: fc.constantFrom(..."aaBb16+/ 0x"), maxLength: 100 }).map(utf8),
  fc.uint8Array({ maxLength: 100 }),
);
const spelling = fc.constantFrom(...Object.keys(SPELLINGS));

/** A value as a program spells it; raw where it is no text. */
function spelled(name: string, bytes: Uint8Array): Uint8Array {
  try {
    return asBytes(SPELLINGS[name]!(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    return bytes;
  }
}

/** Whether a match begins at `at`, and whether none does for what its four bytes say alone. */
function lookFrom(
  automaton: Automaton,
  bytes: Uint8Array,
  at: number,
): { readonly begins: boolean; readonly dies: boolean } {
  let state = START;
  for (let next = at; next < bytes.length; next++) {
    state = automaton.table[state << 8 | bytes[next]!] || automaton.compute(state, bytes[next]!);
    if (automaton.accepting[state] === 1) return { begins: true, dies: false };
    if (state === DEAD) return { begins: false, dies: next < at + 4 };
  }
  return { begins: false, dies: false };
}

Deno.test("P2 property: the prefilter skips no place at which a match begins, at any alignment and length", () => {
  fc.assert(
    fc.property(
      values,
      fc.array(fc.tuple(noise, spelling), { minLength: 1, maxLength: 3 }),
      fc.nat(15),
      fc.nat(200),
      (values, parts, alignment, cut) => {
        const needles = values.flatMap(formsOf), automaton = new Automaton(needles, WITHOUT);
        const prefilter = Prefilter.for(needles, automaton.pairs);
        // Where a needle is too short for it.
        fc.pre(prefilter !== undefined);
        const body = concat(
          ...parts.flatMap(([before, name], i) => [before, spelled(name, values[i % values.length]!)]),
        );
        const moved = new Uint8Array(alignment + body.length).subarray(alignment);
        moved.set(body);
        const bytes = moved.subarray(0, Math.max(32, moved.length - cut));
        // The second time with all that was learned the first.
        for (let round = 0; round < 2; round++) {
          prefilter.begin(bytes);
          for (let at = 0; at < bytes.length; at++) {
            const next = prefilter.next(at);
            for (; at < next; at++) assert.ok(!lookFrom(automaton, bytes, at).begins, `${show(bytes)} skips ${at}`);
            if (at + 4 > bytes.length) continue;
            automaton.learn(bytes[at]!);
            prefilter.learn(bytes[at]!, automaton.pairs.subarray(bytes[at]! << 8, (bytes[at]! + 1) << 8));
            const [a, b, c, d] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number];
            if (lookFrom(automaton, bytes, at).dies) prefilter.isHarmless(a, b, c, d);
          }
          prefilter.end();
        }
      },
    ),
    runs(150),
  );
});

function scanned(limits: AutomatonLimits, needles: readonly Needle[], body: Uint8Array, chunk: number): string {
  const scanner = new Scanner(new Automaton(needles, limits), utf8("#"));
  const out: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += chunk) out.push(scanner.push(body.subarray(at, at + chunk)));
  return show(concat(...out, scanner.end()));
}

Deno.test("P2 property: a search with the prefilter finds what one without it does, at the edges of its window too", () => {
  fc.assert(
    fc.property(
      values,
      noise,
      spelling,
      fc.integer({ min: -40, max: 10 }),
      fc.integer({ min: 512, max: 40_000 }),
      (values, filler, name, place, chunk) => {
        const needles = values.flatMap(formsOf);
        const fill = concat(filler, utf8("the quick brown fox "));
        const body = new Uint8Array(2 * WINDOW + 2_000).map((_, i) => fill[i % fill.length]!);
        for (const edge of [0, WINDOW, 2 * WINDOW]) {
          const at = Math.max(0, edge + place);
          body.set(spelled(name, values[edge % values.length]!).subarray(0, body.length - at), at);
        }
        assert.equal(scanned(WITH, needles, body, chunk), scanned(WITHOUT, needles, body, chunk));
      },
    ),
    runs(60),
  );
});

Deno.test("P2 after much traffic a value is found whichever byte stands among its first: none is taken for another's", () => {
  const filler = utf8("nothing to see here; ".repeat(10_000));
  for (let byte = 0; byte < 256; byte++) {
    const planted = Array.from({ length: 4 }, (_, at) => {
      const bytes = utf8("abcdefghijklmnop");
      bytes[2 * at] = byte;
      return bytes;
    });
    using redactor = createRedactor(planted.map((bytes) => Secret.copyOf(bytes)));
    const stream = redactor.stream();
    stream.push(filler);
    const body = concat(...planted.flatMap((bytes, i) => [filler.subarray(0, 601 + i), bytes, utf8(" ")]));
    const out = show(concat(stream.push(body), stream.end()));
    for (const bytes of planted) assert.ok(!out.includes(show(bytes)), `byte ${byte}`);
  }
});

/** Checks that a redactor whose prefilter looks finds `value`, spelled so, between two `filler`s, at every alignment. */
function foundAmid(value: Uint8Array, filler: Uint8Array, spelling: Uint8Array = value): void {
  using redactor = createRedactor([Secret.copyOf(value)]);
  const stream = redactor.stream(), raw = show(spelling);
  for (let at = 0; at < 128 * 1024; at += filler.length) stream.push(filler);
  const out = Array.from(
    { length: 17 },
    (_, i) => show(stream.push(concat(filler.subarray(-600 - i), spelling, filler))),
  );
  assert.ok(!(out.join("") + show(stream.end())).includes(raw), `${value.length} bytes from ${value[0]}`);
}

Deno.test("P2 after much traffic a value of every length is found wherever it begins between the words that are looked at", () => {
  const filler = utf8("nothing_to_see_here_".repeat(100));
  for (let length = 8; length <= 40; length++) {
    foundAmid(utf8("abcdefghijklmnopqrstuvwxyz0123456789ABCD".slice(0, length)), filler);
  }
});

Deno.test("P2 after much traffic a value that begins inside a run of its first byte is found, whichever: no empty place of a table is taken for it", () => {
  const text = utf8("abcdefghijklmnop"), filler = utf8("nothing to see here;\n".repeat(100));
  for (let byte = 0; byte < 256; byte++) {
    const run = new Uint8Array(40).fill(byte);
    foundAmid(concat(run.subarray(0, 8), text), concat(filler, run));
  }
});

Deno.test("P2 after much traffic a value of three characters is found in UTF-16 too, where it is only six bytes", () => {
  for (const text of ["€€é", "日本語"]) {
    const littleEndian = Array.from(
      text,
      (character) => [character.charCodeAt(0) & 0xff, character.charCodeAt(0) >> 8],
    );
    foundAmid(utf8(text), utf8("nothing to see here;".repeat(100)), Uint8Array.from(littleEndian.flat()));
  }
});

/** All memories of WebAssembly that `work` makes. */
function memoriesOf(work: () => void): Uint8Array[] {
  const made: WebAssembly.Memory[] = [], Original = WebAssembly.Memory;
  WebAssembly.Memory = class extends Original {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  try {
    work();
  } finally {
    WebAssembly.Memory = Original;
  }
  return made.map(({ buffer }) => new Uint8Array(buffer));
}

Deno.test("P2 no bytes that were searched stay in the prefilter's memory, and no trace of the values when they are dropped", () => {
  const canary = "canary-0123456789-abcdefghij";
  using secret = Secret.fromText(canary);
  using redactor = createRedactor([secret]);
  const stream = redactor.stream();
  const body = utf8(`${"nothing to see here; ".repeat(20_000)}${canary}${"other-0123456789 ".repeat(2_000)}`);
  const memories = memoriesOf(() => {
    for (let at = 0; at < body.length; at += 65_536) stream.push(body.subarray(at, at + 65_536));
  });
  assert.equal(memories.length, 1);
  const text = show(memories[0]!);
  for (const part of [canary, canary.slice(3, 12), "nothing to see", "other-0123456789"]) {
    assert.ok(!text.includes(part));
  }
  assert.ok(memories[0]!.some((byte) => byte !== 0), "it was used");
  redactor.dispose();
  assert.ok(memories[0]!.every((byte) => byte === 0), "it is cleared with the values");
});
