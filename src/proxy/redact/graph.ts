/**
 * Small graphs of bytes: all spellings of one symbol (a byte, a character, a base64 digit) share prefixes and tails. Most of them are
 * never visited, so they grow when they are.
 *
 * @module
 */

/** The bit of {@linkcode Node.ends} that stands for a gap: something was skipped and the position stays. */
export const GAP = 1;

/** One step of a path: a byte, or several that mean the same (hex digits in either case). */
export type Step = number | readonly number[];

/** One place inside the spellings of a symbol; without a parent, the place before them. */
export class Node {
  /** What is read when a spelling ends here: bit k set means k positions of the needle; {@linkcode GAP} a gap; 0 nothing. */
  ends = 0;
  /** Whether this is reached by the plain byte itself: a leaf of this kind needs no second layer of escapes. */
  plain = false;
  readonly #edges = new Map<number, Node>();
  readonly #parent: Node | undefined;
  readonly #byte: number;
  #grow: (() => void) | undefined;

  constructor(parent?: Node, byte = 0) {
    this.#parent = parent;
    this.#byte = byte;
  }

  /** Where each next byte leads. */
  get edges(): ReadonlyMap<number, Node> {
    const grow = this.#grow;
    this.#grow = undefined;
    grow?.();
    return this.#edges;
  }

  /** Leaves the edges to `grow`, which is called when they are first asked for. */
  growLater(grow: () => void): void {
    this.#grow = grow;
  }

  /** Where `byte` leads, made when it leads nowhere yet. */
  child(byte: number): Node {
    const known = this.edges.get(byte);
    if (known !== undefined) return known;
    const fresh = new Node(this, byte);
    this.#edges.set(byte, fresh);
    return fresh;
  }

  /** Lets `byte` lead to a node that exists. */
  link(byte: number, to: Node): void {
    this.#edges.set(byte, to);
  }

  /** Adds the path `steps`, keeping what is there, and ORs `ends` into where it arrives. */
  add(steps: readonly Step[], ends: number, at = 0): void {
    if (at === steps.length) {
      this.ends |= ends;
      return;
    }
    const step = steps[at]!;
    const [byte, otherCase] = typeof step === "number" ? [step, undefined] : [step[0]!, step[1]];
    const next = this.child(byte);
    next.add(steps, ends, at + 1);
    // Hex digits always come in both cases, so both lead to the same node or neither leads anywhere yet.
    if (otherCase !== undefined) this.#edges.set(otherCase, next);
  }

  /** Bytes that lead here from the node without a parent. */
  path(): number[] {
    return this.#parent === undefined ? [] : [...this.#parent.path(), this.#byte];
  }

  /** Where the bytes of `path` lead; they must lead somewhere. */
  follow(path: readonly number[]): Node {
    return path.reduce((at: Node, byte) => at.edges.get(byte)!, this);
  }
}

/** The bytes of an ASCII text, as steps. */
export function ascii(text: string): number[] {
  return Array.from(text, (character) => character.charCodeAt(0));
}

/** The digits of `value` in hex, at least `width` of them, letters in either case. */
export function hexSteps(value: number, width: number): Step[] {
  return Array.from(value.toString(16).padStart(width, "0"), (digit) => {
    const lower = digit.charCodeAt(0);
    return digit >= "a" ? [lower, lower - 0x20] : lower;
  });
}

/** The same spellings in UTF-16: each ASCII byte followed (`le`) or preceded (`be`) by a zero byte. Other bytes are dropped. */
export function widen(narrow: Node, order: "le" | "be", wide: Node = new Node()): Node {
  wide.ends = narrow.ends;
  wide.growLater(() => {
    for (const [byte, next] of narrow.edges) {
      if (byte > 0x7f) continue;
      widen(next, order, order === "le" ? wide.child(byte).child(0) : wide.child(0).child(byte));
    }
  });
  return wide;
}
