/** Documents name files, tasks and other documents that exist. */
import assert from "node:assert/strict";
import { root, sources } from "./sources.ts";

const DOCUMENTS = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...await pages("docs"),
];

/** Every page below a folder. */
async function pages(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) found.push(...await pages(`${folder}/${name}`));
    else if (name.endsWith(".md")) found.push(`${folder}/${name}`);
  }
  return found.sort();
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(new URL(path, root)).then(() => true, () => false);
}

for (const document of DOCUMENTS) {
  Deno.test(`every path that ${document} names exists`, async () => {
    const text = await Deno.readTextFile(new URL(document, root));
    const folder = document.includes("/") ? document.slice(0, document.lastIndexOf("/") + 1) : "";
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((m) => folder + m[1]!);
    const code = [
      ...text.matchAll(/`((?:src|ffi|tests|docs|scripts|bench|packaging)\/[\w./-]+|main\.ts|install\.sh)`/g),
    ]
      .map((m) => m[1]!);
    const missing: string[] = [];
    for (const path of [...links, ...code]) {
      const normal = new URL(path, root).href.slice(root.href.length);
      if (!await exists(normal)) missing.push(path);
    }
    assert.deepEqual(missing, []);
  });
}

Deno.test("every task that a document names is one", async () => {
  const tasks = Object.keys(JSON.parse(await Deno.readTextFile(new URL("deno.json", root))).tasks);
  for (const document of DOCUMENTS) {
    const text = await Deno.readTextFile(new URL(document, root));
    for (const [, task] of text.matchAll(/(?:deno|scripts\/deno\.sh) task ([a-z]+)/g)) {
      assert.ok(tasks.includes(task!), `${document}: task ${task}`);
    }
  }
});

Deno.test("every document and file that a source file cites exists", async () => {
  const missing: string[] = [];
  for (const folder of ["src", "ffi", "tests", "scripts", "bench"]) {
    for await (const path of sources(folder)) {
      const text = await Deno.readTextFile(new URL(path, root));
      const cited = text.matchAll(
        /\bdocs\/[\w/-]+\.md\b|(?<=[ (])(?:src|ffi|tests|scripts|bench)\/[\w./-]+\.(?:ts|sh)\b/g,
      );
      for (const [file] of cited) if (!await exists(file)) missing.push(`${path}: ${file}`);
    }
  }
  assert.deepEqual([...new Set(missing)], []);
});
