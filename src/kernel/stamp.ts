/**
 * {@linkcode Stamp}: whether something was written since it was read, told without reading it again.
 *
 * @module
 */

/** How something looked at one moment. Taken before reading, compared before using what was read. */
export interface Stamp {
  /** Another text means a change. Says nothing else. */
  readonly text: string;
  /**
   * Whether the newest change lies so far back that a further one would show: clocks of file systems tick in milliseconds, and two
   * changes within a tick look like one. Equal texts prove nothing while this is false.
   */
  readonly settled: boolean;
}

/** All of them as one; undefined when one of them could not tell. */
export function joinStamps(...stamps: readonly (Stamp | undefined)[]): Stamp | undefined {
  const texts: string[] = [];
  let settled = true;
  for (const stamp of stamps) {
    if (stamp === undefined) return undefined;
    texts.push(stamp.text);
    settled &&= stamp.settled;
  }
  return { text: texts.join("\n"), settled };
}
