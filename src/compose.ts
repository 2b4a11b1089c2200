/**
 * The composition root: builds the adapters and hands them to the commands. Only main.ts and tests import it.
 *
 * @module
 */

/** Runs one command line and returns the process's exit number. */
export async function run(_args: readonly string[]): Promise<number> {
  return await Promise.resolve(1);
}
