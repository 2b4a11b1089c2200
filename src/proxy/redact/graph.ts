/**
 * Small graphs of bytes: all spellings of one symbol (a byte, a character, a base64 digit) share prefixes and tails.
 *
 * @module
 */

/** One place inside the spellings of a symbol. */
export interface Node {
  /** Where each next byte leads. */
  readonly edges: Map<number, Node>;
  /** What is read when a spelling ends here: bit k set means k positions of the needle; {@linkcode GAP} a gap; 0 nothing. */
  ends: number;
  /** Whether this is reached by the plain byte itself: a leaf of this kind needs no second layer of escapes. */
  plain: boolean;
}

/** The bit of {@linkcode Node.ends} that stands for a gap: something was skipped and the position stays. */
export const GAP = 1;

/** One step of a path: a byte, or several that mean the same (hex digits in either case). */
export type Step = number | readonly number[];

/** A node without edges. */
export function node(ends = 0): Node {
  return { edges: new Map(), ends, plain: false };
}

/** Adds the path `steps` below `from`, keeping what is there, and ORs `ends` into where it arrives. */
export function addPath(from: Node, steps: readonly Step[], ends: number, at = 0): void {
  if (at === steps.length) {
    from.ends |= ends;
    return;
  }
  const step = steps[at]!;
  const bytes = typeof step === "number" ? [step] : step;
  let fresh: Node | undefined;
  const reached = new Set<Node>();
  for (const byte of bytes) {
    let next = from.edges.get(byte);
    if (next === undefined) from.edges.set(byte, next = fresh ??= node());
    // Two cases of a letter may share a node: descend into it once.
    if (reached.has(next)) continue;
    reached.add(next);
    addPath(next, steps, ends, at + 1);
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
export function widen(root: Node, order: "le" | "be"): Node {
  const done = new Map<Node, Node>();
  const wide = (from: Node): Node => {
    const known = done.get(from);
    if (known !== undefined) return known;
    const to = node(from.ends);
    done.set(from, to);
    const afterZero = node();
    for (const [byte, next] of from.edges) {
      if (byte > 0x7f) continue;
      if (order === "le") {
        const between = node();
        between.edges.set(0, wide(next));
        to.edges.set(byte, between);
      } else {
        afterZero.edges.set(byte, wide(next));
      }
    }
    if (afterZero.edges.size > 0) to.edges.set(0, afterZero);
    return to;
  };
  return wide(root);
}
