/**
 * {@linkcode Secret}: the only type in which a secret value may travel.
 *
 * Promises: no logger, inspector, serializer, clone, spread or error can print the value. Does not promise erasure from
 * memory: JavaScript gives no control over copies made by the garbage collector, by strings or by native interfaces
 * (docs/THREAT_MODEL.md, "Memory"). {@linkcode Secret.dispose} wipes the one buffer that this class owns.
 *
 * @module
 */

/** What every printing channel shows in place of the value. */
export const REDACTED = "[REDACTED]";

/** A secret value: readable only inside {@linkcode Secret.expose}. */
export class Secret implements Disposable {
  #bytes: Uint8Array<ArrayBuffer> | undefined;

  private constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Copies `bytes` into a buffer of its own and wipes the caller's. */
  static take(bytes: Uint8Array): Secret {
    const own = new Uint8Array(bytes);
    bytes.fill(0);
    return new Secret(own);
  }

  /** Copies `bytes` and leaves the caller's buffer as it is. */
  static copyOf(bytes: Uint8Array): Secret {
    return new Secret(new Uint8Array(bytes));
  }

  /** Wraps text as UTF-8. The source string itself cannot be wiped. */
  static fromText(text: string): Secret {
    return new Secret(new TextEncoder().encode(text));
  }

  /**
   * Lends the bytes to `use`, which must neither keep nor log them. Every call site in `src` stands under a line
   * `// EXPOSE: why` and in a file that tests/architecture/expose_test.ts lists.
   *
   * @throws {TypeError} If the secret was disposed.
   */
  expose<T>(use: (bytes: Uint8Array<ArrayBuffer>) => T): T {
    if (this.#bytes === undefined) throw new TypeError("Cannot expose a disposed secret");
    return use(this.#bytes);
  }

  /** An independent copy with a lifetime of its own. */
  clone(): Secret {
    if (this.#bytes === undefined) throw new TypeError("Cannot clone a disposed secret");
    return new Secret(new Uint8Array(this.#bytes));
  }

  /** Whether both hold the same bytes; takes the same time for every pair of equal length. */
  equals(other: Secret): boolean {
    const a = this.#bytes, b = other.#bytes;
    if (a === undefined || b === undefined || a.length !== b.length) return false;
    let difference = 0;
    for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
    return difference === 0;
  }

  /** Whether the value has fewer than `bytes` bytes: the one fact about a value's size that a decision may use. */
  isShorterThan(bytes: number): boolean {
    return (this.#bytes?.length ?? 0) < bytes;
  }

  /** Wipes the owned buffer. Safe to call twice. */
  dispose(): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.toPrimitive](): string {
    return REDACTED;
  }

  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
