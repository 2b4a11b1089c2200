/**
 * Values that change along a log, so that "who was an admin at entry 17" has an answer later.
 *
 * @module
 */

/** Periods in order: each value holds from its entry until the next one. */
export type Timeline<T> = readonly { readonly from: number; readonly value: T }[];

/** A timeline with `value` from entry `from` on. */
export function changed<T>(timeline: Timeline<T> | undefined, from: number, value: T): Timeline<T> {
  return [...(timeline ?? []), { from, value }];
}

/** The value after entry `seq`, or undefined before the first. */
export function valueAt<T>(timeline: Timeline<T> | undefined, seq: number): T | undefined {
  if (timeline === undefined) return undefined;
  for (let i = timeline.length - 1; i >= 0; i--) if (timeline[i]!.from <= seq) return timeline[i]!.value;
  return undefined;
}

/** The latest value, or undefined when there is none. */
export function latest<T>(timeline: Timeline<T> | undefined): T | undefined {
  return timeline?.at(-1)?.value;
}
