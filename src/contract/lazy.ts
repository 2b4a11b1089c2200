/**
 * Schemas that are made when they are first asked for: a command speaks to few endpoints and meets few kinds of entries, and
 * making every schema of the contract takes longer than its work.
 *
 * @module
 */

import type * as z from "zod/mini";

/** A schema that is made by the first call. */
export type Lazy<S extends z.ZodMiniType = z.ZodMiniType> = () => S;

/** What a lazy schema gives. */
export type Output<L extends Lazy> = z.output<ReturnType<L>>;

/** The first call makes it, later calls get the same. */
export function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}

/** One of the shapes that differ by their `type`. */
interface Variant {
  readonly type: string;
  readonly schema: Lazy;
}

/** What {@linkcode ByType} reads. */
export type BodyOf<S> = S extends ByType<infer V> ? Output<V["schema"]> : never;

/** The schema of objects that differ by their `type`; each variant's own is made when an object of its type comes along. */
export class ByType<const V extends Variant> {
  readonly #variants: ReadonlyMap<string, Lazy>;

  constructor(variants: readonly V[]) {
    this.#variants = new Map(variants.map(({ type, schema }) => [type, schema]));
  }

  /** Reads `value` as the variant of its `type`; a type without a variant is a failure. */
  safeParse(value: unknown): { success: true; data: Output<V["schema"]> } | { success: false } {
    const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
    const schema = typeof type === "string" ? this.#variants.get(type) : undefined;
    const parsed = schema?.().safeParse(value);
    return parsed?.success ? { success: true, data: parsed.data as Output<V["schema"]> } : { success: false };
  }

  /** As {@linkcode safeParse}, for what this program made itself. @throws {TypeError} It does not fit. */
  parse(value: unknown): Output<V["schema"]> {
    const parsed = this.safeParse(value);
    if (!parsed.success) throw new TypeError("not a body that the contract knows");
    return parsed.data;
  }
}
