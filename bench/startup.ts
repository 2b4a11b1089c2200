/** Start-up of the compiled program against a compiled hello world made by the same compiler with the same flags. */
import { BUILD_DENO, denoPath, denortPath } from "../scripts/deno.ts";
import { BINARY } from "./home.ts";
import { command, compare, print } from "./measure.ts";

export async function bench(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "agentsecrets-hello-" });
  try {
    await Deno.writeTextFile(`${folder}/hello.js`, `console.log("hello");\n`);
    const denort = await denortPath();
    const { success, stderr } = await new Deno.Command(await denoPath(BUILD_DENO), {
      args: ["compile", "--quiet", "--no-code-cache", "--output", `${folder}/hello`, `${folder}/hello.js`],
      env: denort === undefined ? {} : { DENORT_BIN: denort },
    }).output();
    if (!success) throw new Error(`hello world does not compile: ${new TextDecoder().decode(stderr)}`);
    print(
      "Start-up (compiled)",
      await compare(40, [
        { name: "hello world", run: command([`${folder}/hello`]) },
        { name: "agentsecrets --version", run: command([BINARY, "--version"]) },
        { name: "agentsecrets --help", run: command([BINARY, "--help"]) },
      ]),
      "aim: --version at most 1.5×",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
