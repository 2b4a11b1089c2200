/** The Deno that builds this project, and where to find any version: all come from npm (scripts/deno.sh). */

/** The version that builds the binary: the oldest that we support. */
export const BUILD_DENO = "2.6.8";

const script = new URL("./deno.sh", import.meta.url).pathname;

/** Path of that version's executable; it is installed from npm when missing. Where that fails the script that asked for it ends. */
export async function denoPath(version: string): Promise<string> {
  if (version === Deno.version.deno) return Deno.execPath();
  const { success, stdout } = await new Deno.Command("sh", { args: [script, "--path", version], stderr: "inherit" })
    .output();
  if (!success) Deno.exit(1); // it has said why
  return new TextDecoder().decode(stdout).trim();
}

/**
 * The runtime that `deno compile` embeds, from DENORT_BIN or from beside the checkout, for machines that do not reach Deno's
 * download host; undefined where there is none and Deno fetches its own.
 */
export async function denortPath(): Promise<string | undefined> {
  const given = Deno.env.get("DENORT_BIN");
  if (given !== undefined) return given;
  const tool = new URL("../../shared/tools/denort", import.meta.url);
  if (!await Deno.stat(tool).catch(() => undefined)) return undefined;
  const { success, stdout } = await new Deno.Command("bash", { args: [tool.pathname], stderr: "inherit" }).output();
  return success ? new TextDecoder().decode(stdout).trim() : undefined;
}
