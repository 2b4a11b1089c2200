/**
 * Tests of what belongs to a whole process: descriptors by their numbers, the standard input, the umask. The files of a parallel run
 * are threads of one process, so each of these tests runs in a process of its own: the same test, begun anew by the runtime.
 *
 * @module
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** In the environment of such a process: the test's name. */
const ALONE = "AGENTSECRETS_TEST_ALONE";
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** A test that runs alone in its process. */
export interface AloneTest {
  /** Stands once in its file. */
  readonly name: string;
  readonly ignore?: boolean;
  readonly fn: () => void | Promise<void>;
}

/** Declares one; `file` is the `import.meta.url` of its file. */
export function testAlone(file: string, test: AloneTest): void {
  const isAlone = Deno.env.get(ALONE) === test.name;
  Deno.test(isAlone ? { ...test } : { ...test, fn: () => begin(file, test.name) });
}

async function begin(file: string, name: string): Promise<void> {
  const filter = `--filter=/^${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}$/`;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--config", config, filter, fileURLToPath(file)],
    env: { [ALONE]: name, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assert.ok(success && /\b1 passed\b/.test(said), said);
}
