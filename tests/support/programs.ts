/** The ways to run the program that end-to-end tests cover. */
import { BUILD_DENO, denoPath } from "../../scripts/deno.ts";

const root = new URL("../../", import.meta.url).pathname;
const RUN = ["run", "--quiet", "--allow-all", "--frozen", "--config", `${root}deno.json`, `${root}main.ts`];

/** Program name → its argument list, or why it is not here. */
export async function programs(): Promise<Readonly<Record<string, readonly string[] | string>>> {
  const binary = `${root}dist/agentsecrets`;
  const built = await Deno.stat(binary).then(() => true, () => false);
  return {
    "deno run, newest": [Deno.execPath(), ...RUN],
    [`deno run, ${BUILD_DENO}`]: [await denoPath(BUILD_DENO), ...RUN],
    "the compiled binary": built ? [binary] : "dist/agentsecrets is not built: deno task build",
  };
}
