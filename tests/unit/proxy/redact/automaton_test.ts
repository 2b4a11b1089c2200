import assert from "node:assert/strict";
import { utf8 } from "../../../../src/kernel/bytes.ts";
import { Automaton, type AutomatonLimits } from "../../../../src/proxy/redact/automaton.ts";
import { base64Form, textForm } from "../../../../src/proxy/redact/forms.ts";
import { Scanner } from "../../../../src/proxy/redact/scanner.ts";

const SMALL: AutomatonLimits = { maxStates: 40, maxThreads: 400, maxPlaces: 900, prefilterAfterBytes: 2 ** 30 };
const VALUE = utf8("hunter2/hunter2");
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Traffic that visits ever new places. */
function noise(scanner: Scanner): void {
  for (const character of "hunter2/") {
    const hex = character.charCodeAt(0).toString(16);
    for (
      const escape of [`%5Cu00${hex}`, `%26%23x00${hex}`, `\\x${hex}`, `&#37;${hex}`, `\\u{00${hex}}`, `%25${hex}`]
    ) {
      scanner.push(utf8(`hunter2/${escape}!`));
    }
  }
}

Deno.test("a stream that waits inside an escape goes on although everything was forgotten meanwhile", () => {
  const spelled = "hunter2%26%23x00002F%3Bhunter2";
  for (let at = 1; at < spelled.length; at++) {
    const automaton = new Automaton([textForm(VALUE), base64Form(VALUE, 1)], SMALL);
    const waiting = new Scanner(automaton, utf8("#")), other = new Scanner(automaton, utf8("#"));
    const first = text(waiting.push(utf8("<" + spelled.slice(0, at))));
    for (let i = 0; i < 3; i++) noise(other);
    assert.ok(automaton.restarts > 3, `${automaton.restarts}`);
    const rest = text(waiting.push(utf8(spelled.slice(at) + ">"))) + text(waiting.end());
    assert.equal(first + rest, "<#>", `split at ${at}`);
  }
});

Deno.test("a stream that waits inside a match goes on although everything was forgotten meanwhile", () => {
  const values = [utf8("AAAAbbbbCCCC"), utf8("CCCC%ddd/eeeeFFFF")];
  const body = "AAAAbbbbCCCC%25ddd%26%23x2F%3BeeeeFFFF";
  for (let at = 1; at < body.length; at++) {
    const automaton = new Automaton([...values, VALUE].map(textForm), SMALL);
    const waiting = new Scanner(automaton, utf8("#")), other = new Scanner(automaton, utf8("#"));
    const first = text(waiting.push(utf8(body.slice(0, at))));
    for (let i = 0; i < 3; i++) noise(other);
    assert.equal(first + text(waiting.push(utf8(body.slice(at)))) + text(waiting.end()), "#", `split at ${at}`);
  }
});

Deno.test("what an automaton remembers stays below its limits whatever the traffic", () => {
  const automaton = new Automaton([textForm(VALUE)], { ...SMALL, maxStates: 12 });
  const scanner = new Scanner(automaton, utf8("#"));
  for (let i = 0; i < 50; i++) noise(scanner);
  assert.ok(automaton.restarts > 50);
  assert.ok(automaton.table.length <= 256 * 64, `${automaton.table.length}`);
  assert.equal(text(scanner.push(VALUE)) + text(scanner.end()), "#");
});
