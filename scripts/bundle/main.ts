/** Stands for src/compose.ts in the bundled program's main module. @module */

import { asksVersion, VERSION } from "../../src/cli/version.ts";

/** Runs one command line and returns the process's exit number. */
export async function run(args: readonly string[]): Promise<number> {
  if (asksVersion(args)) {
    await Deno.stdout.write(new TextEncoder().encode(`${VERSION}\n`));
    return 0;
  }
  const { load } = await import("./load.ts");
  return await (load("./compose.js") as { run: typeof run }).run(args);
}
