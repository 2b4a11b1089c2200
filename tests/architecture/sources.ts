/** The source tree as the architecture tests see it. */

/** The project's root folder. */
export const root: URL = new URL("../../", import.meta.url);

/** TypeScript files below `folder` (relative to the root), as paths relative to the root. */
export async function* sources(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, root))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* sources(path);
    else if (path.endsWith(".ts")) yield path;
  }
}
