/**
 * What keys do to a line that a person types: a pure state machine over bytes, so that it is tested without a terminal.
 *
 * Bytes are kept as bytes: a hidden answer never becomes a string. Backspace removes one code point, Ctrl-U the line, Ctrl-W
 * a word. Escape sequences (arrow keys, function keys) are swallowed; a bracketed paste is taken literally, line breaks
 * included, so that a PEM key can be pasted.
 *
 * @module
 */

/** What the last byte led to. */
export type EditorEvent = "typing" | "enter" | "interrupt" | "end";

const CTRL_C = 0x03, CTRL_D = 0x04, BACKSPACE = 0x08, CTRL_U = 0x15, CTRL_W = 0x17, ESCAPE = 0x1b, DELETE = 0x7f;
const PASTE_BEGIN = "[200~", PASTE_END = "[201~";

/** A line being typed. The buffer it owns is wiped when it grows and by {@linkcode LineEditor.wipe}. */
export class LineEditor {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;
  #escape: string | undefined;
  #pasting = false;
  #afterReturn = false;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#buffer = new Uint8Array(Math.min(256, maxBytes));
  }

  /** A copy of what was typed. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  /** Forgets what was typed. */
  wipe(): void {
    this.#buffer.fill(0);
    this.#length = 0;
  }

  /** Takes one byte from the terminal. */
  feed(byte: number): EditorEvent {
    if (this.#escape !== undefined) return this.#feedEscape(byte);
    if (byte === ESCAPE) {
      this.#escape = "";
      return "typing";
    }
    if (this.#pasting) {
      const endsPair = byte === 0x0a && this.#afterReturn;
      this.#afterReturn = byte === 0x0d;
      if (!endsPair) this.#append(byte === 0x0d ? 0x0a : byte);
      return "typing";
    }
    switch (byte) {
      case CTRL_C:
        return "interrupt";
      case CTRL_D:
        return this.#length === 0 ? "end" : "typing";
      case 0x0d:
      case 0x0a:
        return "enter";
      case BACKSPACE:
      case DELETE:
        this.#dropCodePoint();
        return "typing";
      case CTRL_U:
        this.wipe();
        return "typing";
      case CTRL_W:
        this.#dropWord();
        return "typing";
      default:
        if (byte >= 0x20 || byte === 0x09) this.#append(byte);
        return "typing";
    }
  }

  #feedEscape(byte: number): EditorEvent {
    if (byte === CTRL_C) {
      this.#escape = undefined;
      return "interrupt";
    }
    const sequence = `${this.#escape}${String.fromCharCode(byte)}`;
    // CSI ends with a byte of 0x40…0x7e after its introducer; SS3 ("O") takes one more; anything else is Alt+key.
    const open = sequence === "[" || sequence === "O" || (sequence[0] === "[" && !(byte >= 0x40 && byte <= 0x7e));
    this.#escape = open && sequence.length < 32 ? sequence : undefined;
    if (sequence === PASTE_BEGIN) this.#pasting = true;
    if (sequence === PASTE_END) this.#pasting = false;
    return "typing";
  }

  #append(byte: number): void {
    if (this.#length >= this.#maxBytes) return;
    if (this.#length === this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#buffer.length * 2, this.#maxBytes));
      grown.set(this.#buffer);
      this.#buffer.fill(0);
      this.#buffer = grown;
    }
    this.#buffer[this.#length++] = byte;
  }

  #dropCodePoint(): void {
    while (this.#length > 0 && isContinuation(this.#buffer[this.#length - 1]!)) this.#buffer[--this.#length] = 0;
    if (this.#length > 0) this.#buffer[--this.#length] = 0;
  }

  #dropWord(): void {
    while (this.#length > 0 && this.#buffer[this.#length - 1] === 0x20) this.#dropCodePoint();
    while (this.#length > 0 && this.#buffer[this.#length - 1] !== 0x20) this.#dropCodePoint();
  }
}

/** Whether `byte` continues a UTF-8 sequence. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
