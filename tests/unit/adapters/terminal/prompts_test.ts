import assert from "node:assert/strict";
import { ByteReader } from "../../../../src/adapters/terminal/byte_reader.ts";
import { askHidden, askLine, choose, type Keyboard } from "../../../../src/adapters/terminal/prompts.ts";

/** A keyboard on which `keys` are typed, one write of them after another, and which remembers what it showed. */
class ScriptedKeyboard implements Keyboard {
  readonly reader: ByteReader;
  shown = "";
  raw = false;
  rawSwitches = 0;
  interrupts = 0;
  /** Whether the terminal was raw when each question appeared. */
  readonly askedRaw: boolean[] = [];

  constructor(...keys: readonly string[]) {
    const queue = keys.map((text) => new TextEncoder().encode(text));
    this.reader = new ByteReader({
      read: (into) => {
        const next = queue.shift();
        if (next === undefined) return this.#silence();
        into.set(next);
        return Promise.resolve(next.length);
      },
    });
  }

  #silence(): Promise<null> {
    return new Promise(() => {}); // nobody types any more
  }

  setRaw(on: boolean): void {
    this.raw = on;
    this.rawSwitches++;
  }

  show(text: string): Promise<void> {
    if (text.includes(":")) this.askedRaw.push(this.raw);
    this.shown += text;
    return Promise.resolve();
  }

  interrupt(): void {
    this.interrupts++;
  }
}

async function hidden(...keys: readonly string[]): Promise<{ text: string; keyboard: ScriptedKeyboard }> {
  const keyboard = new ScriptedKeyboard(...keys);
  using secret = await askHidden(keyboard, "Password:");
  return { text: secret.expose((bytes) => new TextDecoder().decode(bytes)), keyboard };
}

Deno.test("a hidden answer is what was typed, and not a character of it is shown", async () => {
  const { text, keyboard } = await hidden("hun", "ter2", "\r");
  assert.equal(text, "hunter2");
  assert.equal(/hunter|\*|•/.test(keyboard.shown), false);
  assert.match(keyboard.shown, /^Password: /);
  assert.equal(keyboard.raw, false);
});

Deno.test("the terminal echoes nothing any more when a hidden question appears", async () => {
  const { keyboard } = await hidden("x\r");
  assert.deepEqual(keyboard.askedRaw, [true]);
});

Deno.test("a pasted key keeps its lines but not one final line break", async () => {
  const { text } = await hidden("\x1b[200~-----BEGIN\rabc\rEND-----\r\x1b[201~\r");
  assert.equal(text, "-----BEGIN\nabc\nEND-----");
});

Deno.test("what is typed ahead answers the next question", async () => {
  const keyboard = new ScriptedKeyboard("first\rsecond\r");
  using first = await askHidden(keyboard, "One:");
  using second = await askHidden(keyboard, "Two:");
  assert.equal(first.expose((bytes) => new TextDecoder().decode(bytes)), "first");
  assert.equal(second.expose((bytes) => new TextDecoder().decode(bytes)), "second");
});

Deno.test("Ctrl-C restores the terminal, tells the program, and cancels", async () => {
  const keyboard = new ScriptedKeyboard("abc", "\x03");
  await assert.rejects(askHidden(keyboard, "Password:"), { code: "cancelled" });
  assert.equal(keyboard.raw, false);
  assert.equal(keyboard.interrupts, 1);
});

Deno.test("an abort restores the terminal and cancels although a read is pending", async () => {
  const keyboard = new ScriptedKeyboard("abc");
  const controller = new AbortController();
  const asking = askHidden(keyboard, "Password:", controller.signal);
  queueMicrotask(() => controller.abort());
  await assert.rejects(asking, { code: "cancelled" });
  assert.equal(keyboard.raw, false);
});

Deno.test("Enter takes the first choice, arrows, letters and digits move", async () => {
  const choices = ["a", "b", "c"].map((value) => ({ value, label: value.toUpperCase() }));
  const pick = (...keys: readonly string[]): Promise<string> =>
    choose(new ScriptedKeyboard(...keys), "Which?", choices);
  assert.equal(await pick("\r"), "a");
  assert.equal(await pick("\x1b[B", "\r"), "b");
  assert.equal(await pick("\x1b[A", "\r"), "c");
  assert.equal(await pick("\x1b", "[B", "\r"), "b");
  assert.equal(await pick("jj\r"), "c");
  assert.equal(await pick("2\r"), "b");
  assert.equal(await pick("9x\r"), "a");
  await assert.rejects(pick("\x03"), { code: "cancelled" });
});

Deno.test("a plain line is trimmed; an empty one is the initial answer", async () => {
  assert.equal(await askLine(new ScriptedKeyboard("  me@example.com \n"), "E-mail:", undefined), "me@example.com");
  assert.equal(await askLine(new ScriptedKeyboard("\n"), "Name:", "Personal"), "Personal");
});

Deno.test("what follows a plain question that was broken off begins on a line of its own", async () => {
  const keyboard = new ScriptedKeyboard();
  const controller = new AbortController();
  const asking = askLine(keyboard, "E-mail:", undefined, controller.signal);
  queueMicrotask(() => controller.abort());
  await assert.rejects(asking, { code: "cancelled" });
  assert.equal(keyboard.shown, "E-mail: \n");
});
