/** How much a search does at once, and altogether, in counted steps. */
import assert from "node:assert/strict";
import { redactAnswer, RedactedBody } from "../../../../src/proxy/answer.ts";
import { utf8 } from "../../../../src/kernel/bytes.ts";
import { REDACTION_MARKER } from "../../../../src/kernel/limits.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { Automaton } from "../../../../src/proxy/redact/automaton.ts";
import { base64Form, hexForm, listForm, textForm } from "../../../../src/proxy/redact/forms.ts";
import { Wariness } from "../../../../src/proxy/redact/even_stream.ts";
import { createRedactor } from "../../../../src/proxy/redact/redactor.ts";
import { Scanner } from "../../../../src/proxy/redact/scanner.ts";
import { bytesInTurns, TURN_WORK } from "../../../../src/proxy/redact/turns.ts";

/** A value that does not repeat itself soon. */
function longValue(length: number): string {
  let state = 7;
  return Array.from({ length }, () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return String.fromCharCode(0x30 + (state >> 16) % 75);
  }).join("");
}

const entities = (text: string): string => Array.from(text, (c) => `&#${c.charCodeAt(0)};`).join("");
const percent = (text: string): string => Array.from(text, (c) => `%${c.charCodeAt(0).toString(16)}`).join("");
const escapes = (text: string): string => Array.from(text, (c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("");
const mixed = (text: string): string =>
  Array.from(text, (c, i) => [entities, percent, escapes][i * 7 % 3]!(c)).join("");

const VALUE = longValue(64 * 1024);
/** What an upstream that wants to be slow to search may answer, by the length of the part that it echoes. */
const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  "HTML entities": (length) => entities(VALUE.slice(0, length)),
  "percent-encoding": (length) => percent(VALUE.slice(0, length)),
  "Unicode escapes": (length) => escapes(VALUE.slice(0, length)),
  "a mixture": (length) => mixed(VALUE.slice(0, length)),
  "beginnings without an end": (length) => `${mixed(VALUE.slice(0, 200))}!`.repeat(Math.ceil(length / 200)),
  "as it is": (length) => VALUE.slice(0, length),
};

function automaton(): Automaton {
  const value = utf8(VALUE);
  return new Automaton([
    textForm(value),
    ...[0, 1, 2].map((lead) => base64Form(value, lead)),
    hexForm(value),
    listForm(value),
  ]);
}

/** One state more may be computed than is allowed: it has at most so many threads. */
const LAST_STATE = 2_000;
/** Most work for one byte of any body, in the long run. */
const WORK_A_BYTE = 400;

for (const [name, echo] of Object.entries(HOSTILE)) {
  Deno.test(`P38 the search does a bounded amount of work in one turn and for one byte, whatever comes: ${name}`, () => {
    const searched = automaton(), scanner = new Scanner(searched, utf8("#"));
    const body = utf8(echo(3_000));
    for (let at = 0, chunk = body; at === 0 || scanner.busy; at++, chunk = new Uint8Array(0)) {
      const before = searched.work;
      scanner.push(chunk, TURN_WORK);
      assert.ok(searched.work - before <= TURN_WORK + LAST_STATE, `${searched.work - before} in a turn`);
    }
    assert.ok(searched.work <= WORK_A_BYTE * body.length, `${searched.work / body.length} for a byte`);
  });
}

/** Runs `work` and counts the turns that everything else got meanwhile. */
async function turnsDuring<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly turns: number }> {
  let turns = 0, over = false;
  const count = (): void => {
    turns++;
    if (!over) setTimeout(count, 0);
  };
  const timer = setTimeout(count, 0);
  const result = await work();
  over = true;
  clearTimeout(timer);
  await new Promise((resolve) => setTimeout(resolve, 0)); // the last of them
  return { result, turns };
}

Deno.test("P38 while an answer is hard to search everything else gets its turn: a whole body, a stream, a head", async () => {
  using secret = Secret.fromText(VALUE);
  const echoed = entities(VALUE.slice(0, 2_500));
  const answers = [
    { headers: [], body: utf8(echoed) },
    { headers: [], body: ReadableStream.from([utf8(echoed)]) },
    { headers: [["x-echo", echoed] as const], body: null },
  ];
  for (const { headers, body } of answers) {
    using redactor = createRedactor([secret]);
    const { result, turns } = await turnsDuring(async () => {
      const answer = await redactAnswer(
        { status: 200, statusText: "OK", headers, body },
        redactor,
        new Wariness(),
        "d",
      );
      if (!(answer.body instanceof RedactedBody)) return answer.body ?? answer.headers[0]![1];
      return await new Response(answer.body.open(() => Promise.resolve(), undefined)).text();
    });
    const text = typeof result === "string" ? result : new TextDecoder().decode(result);
    assert.equal(text, REDACTION_MARKER);
    assert.ok(turns >= 10, `${turns} turns`);
  }
});

Deno.test("bytesInTurns() returns the very same array when nothing was found", async () => {
  using secret = Secret.fromText(VALUE);
  using redactor = createRedactor([secret]);
  const bytes = utf8(`nothing here: ${percent(VALUE.slice(0, 200))}`);
  assert.equal(await bytesInTurns(redactor, bytes), bytes);
});

Deno.test("a body that is left while it is searched is not searched to its end", async () => {
  using secret = Secret.fromText(VALUE);
  using redactor = createRedactor([secret]);
  const body = ReadableStream.from([utf8(entities(VALUE.slice(0, 20_000)))]);
  const answer = await redactAnswer(
    { status: 200, statusText: "OK", headers: [], body },
    redactor,
    new Wariness(),
    "d",
  );
  assert.ok(answer.body instanceof RedactedBody);
  const ends: string[] = [];
  const reader = answer.body.open((end) => Promise.resolve(void ends.push(end.how)), undefined).getReader();
  await reader.read();
  const { turns } = await turnsDuring(() => reader.cancel());
  assert.deepEqual(ends, ["cancelled"]);
  assert.ok(turns < 5, `${turns} turns`);
});
