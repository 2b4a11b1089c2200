/** The binary runs the code that it brought and no other: what somebody has left in the shared temporary folder is not its code. */
import assert from "node:assert/strict";
import { programs } from "../support/programs.ts";

const program = (await programs())["the compiled binary"]!;
const missing = typeof program === "string" ? program : undefined;
const bundle = new URL("../../dist/bundle/", import.meta.url);

/** What the folder `of` holds, to the bottom. */
function contents(of: string): string[] {
  return [...Deno.readDirSync(of)].flatMap(({ name, isDirectory }) =>
    isDirectory ? contents(`${of}/${name}`) : [`${of}/${name}`]
  ).sort();
}

Deno.test({
  name: `the binary reads no code from the temporary folder and leaves none there${
    missing === undefined ? "" : ` (skipped: ${missing})`
  }`,
  ignore: missing !== undefined,
  async fn(): Promise<void> {
    const folder = await Deno.makeTempDir();
    try {
      // Where the runtime pretends that its own files are, and the files that it would keep compiled code in.
      const pretended = `${folder}/deno-compile-agentsecrets`;
      await Deno.mkdir(pretended);
      for (const { name } of Deno.readDirSync(bundle)) {
        await Deno.writeTextFile(`${pretended}/${name}`, `console.log("PLANTED"); Deno.exit(99);`);
      }
      await Deno.writeTextFile(`${folder}/deno-compile-agentsecrets.cache`, "PLANTED");
      const before = contents(folder);
      for (const args of [["--version"], ["--help"], ["secrets", "list"], ["status"], ["status"]]) {
        const { code, stdout, stderr } = await new Deno.Command(program[0]!, {
          args,
          clearEnv: true,
          env: { TMPDIR: folder, HOME: `${folder}/nobody`, AGENTSECRETS_HOME: `${folder}/nobody/home` },
        }).output();
        const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        assert.notEqual(code, 99, args.join(" "));
        assert.ok(!said.includes("PLANTED"), args.join(" "));
        assert.match(said, /agentsecrets|^\d+\.\d+\.\d+$/m);
      }
      assert.deepEqual(contents(folder), before, "it kept nothing in the temporary folder");
      assert.equal(await Deno.readTextFile(`${folder}/deno-compile-agentsecrets.cache`), "PLANTED");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
