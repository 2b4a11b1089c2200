/** The client programs that are here. A test whose program is missing skips and says so in its name. */

/** Where a program is, or why a test skips. */
export interface Found {
  readonly path: string | undefined;
  /** Ends a test's name: empty, or ` (skipped: …)`. */
  readonly note: string;
}

/** curl. */
export const CURL: Found = await find("curl", ["curl"], ["--version"]);
/** A Python that has requests, httpx and websockets: Debian's, as another may come first on PATH. */
export const PYTHON: Found = await find("Python with requests, httpx and websockets", ["/usr/bin/python3", "python3"], [
  "-c",
  "import requests, httpx, websockets",
]);
/** Node.js, which is not Deno: its fetch sends other headers. */
export const NODE: Found = await find("node", ["node"], ["--version"]);
/** A headless Chromium: Debian's packages, then what else it may be called. */
export const CHROMIUM: Found = await find("chromium", ["chromium-headless-shell", "chromium", "google-chrome"], [
  "--version",
]);

/** The first of `programs` that runs with `args`. */
async function find(name: string, programs: readonly string[], args: readonly string[]): Promise<Found> {
  for (const path of programs) {
    try {
      const { success } = await new Deno.Command(path, { args: [...args], stdout: "null", stderr: "null" }).output();
      if (success) return { path, note: "" };
    } catch {
      // Not there: the next one.
    }
  }
  return { path: undefined, note: ` (skipped: ${name} is not installed)` };
}
