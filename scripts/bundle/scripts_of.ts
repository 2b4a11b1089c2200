/**
 * Which chunks come together in one script: those that the same commands need, so that a command reads few files and little that it
 * does not use.
 *
 * @module
 */

import { type Chunks, HELPERS } from "./chunks.ts";

/** A script's name and its chunks. */
export type Scripts = ReadonlyMap<string, readonly string[]>;

/** Groups all chunks. `uses` are the chunks that each measured command took; what none took is a script of its own. */
export function scriptsOf(chunks: Chunks, uses: readonly ReadonlySet<string>[]): Scripts {
  const scripts = new Map<string, string[]>();
  for (const name of chunks.keys()) {
    const users = uses.flatMap((used, i) => used.has(name) ? [i] : []);
    const script = users.length === 0 ? name.slice(2, -3) : `used-${users.join("-")}`;
    scripts.set(script, [...scripts.get(script) ?? [], name]);
  }
  return scripts;
}

/** A script's source: an expression that gives its chunks by name. They were modules, so all of it is strict code. */
export function sourceOf(names: readonly string[], chunks: Chunks): string {
  const members = names.map((name) => `${JSON.stringify(name)}:${chunks.get(name)}`);
  return `(()=>{"use strict";${HELPERS}return{${members.join(",\n")}}})()\n`;
}

/** The table for scripts/bundle/load.ts. */
export function tableOf(scripts: Scripts): Readonly<Record<string, string>> {
  return Object.fromEntries([...scripts].flatMap(([script, names]) => names.map((name) => [name, script])));
}
