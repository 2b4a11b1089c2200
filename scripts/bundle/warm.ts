/**
 * The program's other entry, which only the build runs (scripts/bundle/warm_up.ts): does what its job says with the bundled program
 * and writes down which chunks that took, or the code that V8 has made of them meanwhile.
 *
 * @module
 */

import { load, loaded, scripts } from "./load.ts";

/** What to do. */
export interface Job {
  /** Command lines, one after the other in this process. */
  readonly commands: readonly (readonly string[])[];
  /** Where the chunks' names go, as JSON. */
  readonly chunks?: string;
  /** The folder for code. */
  readonly code?: string;
  /** Fails unless V8 took the code that came with every script that was needed. */
  readonly taken?: boolean;
}

const job = JSON.parse(Deno.args[0]!) as Job;
const { run } = load("./compose.js") as { run: (args: readonly string[]) => Promise<number> };
for (const args of job.commands) {
  const exit = await run(args);
  if (exit !== 0) throw new Error(`${args.join(" ")} ended with ${exit}`);
}
if (job.chunks !== undefined) await Deno.writeTextFile(job.chunks, JSON.stringify(loaded()));
if (job.code !== undefined) {
  for (const [name, script] of scripts) await Deno.writeFile(`${job.code}/${name}.code`, script.createCachedData());
}
if (job.taken === true) {
  for (const [name, script] of scripts) {
    if (script.cachedDataRejected !== false) throw new Error(`V8 does not take the code of ${name}`);
  }
}
Deno.exit(0);
