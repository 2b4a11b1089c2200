/** Waits until an address is refused: for tests that close a listener and go on with who is refused there. */

/** How long a program may take to begin on a busy machine, in ms. */
const BEGUN_MS = 60_000;

/**
 * Resolves once nobody listens there: of a socket that was closed, a program that another test starts just then has a copy until it has
 * begun.
 */
export async function nobodyListens(where: Deno.ConnectOptions | Deno.UnixConnectOptions): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < BEGUN_MS;) {
    try {
      const connection = "path" in where ? await Deno.connect(where) : await Deno.connect(where);
      connection.close();
    } catch {
      return;
    }
  }
  throw new Error(`Somebody listens on ${JSON.stringify(where)}`);
}
