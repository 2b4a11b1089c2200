import assert from "node:assert/strict";
import fc from "fast-check";
import { LineEditor } from "../../../../src/adapters/terminal/line_editor.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function typed(text: string, maxBytes = 1000): { line: string; last: string } {
  const editor = new LineEditor(maxBytes);
  let last = "typing";
  for (const byte of encoder.encode(text)) last = editor.feed(byte);
  return { line: decoder.decode(editor.bytes()), last };
}

const cases: readonly (readonly [claim: string, keys: string, line: string])[] = [
  ["letters are kept", "hunter2", "hunter2"],
  ["backspace removes the last letter", "abc\x7f", "ab"],
  ["Ctrl-H does too", "abc\x08", "ab"],
  ["backspace removes a whole code point of four bytes", "a😀\x7f", "a"],
  ["backspace on an empty line does nothing", "\x7f\x7fa", "a"],
  ["Ctrl-U forgets the line", "wrong\x15right", "right"],
  ["Ctrl-W forgets the last word", "two words \x17x", "two x"],
  ["arrow keys are swallowed", "a\x1b[Ab\x1b[1;5Cc\x1bOPd", "abcd"],
  ["control characters are swallowed", "a\x01\x02b", "ab"],
  ["a tab is a character", "a\tb", "a\tb"],
  [
    "a paste keeps its line breaks",
    "\x1b[200~-----BEGIN-----\r\nkey\r-----END-----\x1b[201~",
    "-----BEGIN-----\nkey\n-----END-----",
  ],
  ["a paste keeps control characters literally", "\x1b[200~a\x03b\x1b[201~", "a\x03b"],
];

for (const [claim, keys, line] of cases) {
  Deno.test(`typing a line: ${claim}`, () => assert.equal(typed(keys).line, line));
}

Deno.test("Enter ends the line, Ctrl-C interrupts it, Ctrl-D ends an empty one only", () => {
  assert.equal(typed("abc\r").last, "enter");
  assert.equal(typed("abc\n").last, "enter");
  assert.equal(typed("abc\x03").last, "interrupt");
  assert.equal(typed("\x1b\x03").last, "interrupt");
  assert.equal(typed("\x04").last, "end");
  assert.equal(typed("a\x04").last, "typing");
});

Deno.test("what goes beyond the limit is dropped", () => {
  assert.equal(typed("abcdefgh", 4).line, "abcd");
});

Deno.test("any text without control characters comes out as it was typed", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
    // deno-lint-ignore no-control-regex -- control characters are keys, not text
    fc.pre(!/[\u0000-\u001f\u007f]/.test(text));
    assert.equal(typed(text, 10_000).line, text);
  }));
});

Deno.test("no sequence of bytes makes the editor grow beyond its limit or throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
    const editor = new LineEditor(100);
    for (const byte of bytes) editor.feed(byte);
    assert.ok(editor.bytes().length <= 100);
  }));
});

Deno.test("wipe() forgets everything", () => {
  const editor = new LineEditor(100);
  for (const byte of encoder.encode("secret")) editor.feed(byte);
  editor.wipe();
  assert.equal(editor.bytes().length, 0);
});
