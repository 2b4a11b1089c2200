/** A connection from which what a test has written down comes. */

/** What the client of an upstream uses of a connection. */
type Used = Pick<Deno.Conn, "read" | "write" | "close">;

/** These pieces come one after another, each in as many reads as it takes; it ends after them. What is written to it is dropped. */
export class ScriptedConnection implements Used {
  readonly #waiting: Uint8Array[];
  #given = 0;

  constructor(pieces: readonly Uint8Array[]) {
    this.#waiting = pieces.filter((piece) => piece.length > 0);
  }

  /** How many bytes were read. */
  get given(): number {
    return this.#given;
  }

  read(into: Uint8Array): Promise<number | null> {
    const next = this.#waiting.shift();
    if (next === undefined) return Promise.resolve(null);
    const count = Math.min(into.length, next.length);
    into.set(next.subarray(0, count));
    if (count < next.length) this.#waiting.unshift(next.subarray(count));
    this.#given += count;
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  close(): void {}
}
