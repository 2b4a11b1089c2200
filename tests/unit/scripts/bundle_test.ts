import { stop } from "esbuild";
import assert from "node:assert/strict";
import { runInThisContext } from "node:vm";
import * as zlib from "node:zlib";
import { type Chunks, functionOf } from "../../../scripts/bundle/chunks.ts";
import { scriptsOf, sourceOf, tableOf } from "../../../scripts/bundle/scripts_of.ts";

type Namespace = Record<string, unknown>;
type Factory = (require: (name: string) => unknown, lazily: (name: string) => Promise<unknown>) => Namespace;

/** The chunk functions of a script that holds `modules`. */
async function script(modules: Record<string, string>): Promise<Record<string, Factory>> {
  try {
    const chunks = new Map<string, string>();
    for (const [name, text] of Object.entries(modules)) chunks.set(name, await functionOf(name, text));
    return runInThisContext(sourceOf([...chunks.keys()], chunks)) as Record<string, Factory>;
  } finally {
    await stop();
  }
}

const none = (): never => assert.fail("nothing is asked for");

Deno.test("a chunk's function gives what the module exports, by name and as the default", async () => {
  const { "./a.js": a } = await script({
    "./a.js": "function f(){return K}var K=42;var g=class{};export{f as first,K,g as default};",
  });
  const exports = a!(none, none);
  assert.deepEqual(Object.keys(exports).sort(), ["K", "default", "first"]);
  assert.equal((exports["first"] as () => number)(), 42);
  assert.equal(typeof exports["default"], "function");
});

Deno.test("a chunk's function takes other chunks and the runtime's modules from its loader", async () => {
  const { "./a.js": a } = await script({
    "./a.js":
      `import{x as y}from"./b.js";import z from"node:zlib";import*as all from"node:zlib";import{crc32}from"node:zlib";` +
      `async function later(){return (await import("./c.js")).v}var sum=y+1;export{sum,z,all,crc32,later};`,
  });
  const builtin = Object.create(zlib, { default: { value: zlib } });
  const exports = a!((name) => name === "./b.js" ? { x: 1 } : builtin, (name) => Promise.resolve({ v: name }));
  assert.equal(exports["sum"], 2);
  assert.equal(exports["z"], zlib);
  assert.equal((exports["all"] as typeof zlib).crc32, zlib.crc32);
  assert.equal(exports["crc32"], zlib.crc32);
  assert.equal(await (exports["later"] as () => Promise<unknown>)(), "./c.js");
});

Deno.test("a chunk runs as strictly as the module that it was: what is frozen stays, and a function without an object has none", async () => {
  const { "./a.js": a } = await script({
    "./a.js": "var o=Object.freeze({k:1});function change(){o.k=2}function self(){return this}export{change,self};",
  });
  const { change, self } = a!(none, none) as { change: () => void; self: () => unknown };
  assert.throws(() => change(), TypeError);
  assert.equal(self(), undefined);
});

Deno.test("the build refuses a chunk that changes an export after others have taken its value", async () => {
  for (
    const text of [
      "var n=1;function more(){n=2}export{n,more};",
      "let n=0;function more(){return n++}export{n,more};",
      "var n;function more(){n=2}export{n,more};",
      "var n=[];function more(){n??=[]}export{n};more();",
    ]
  ) {
    await assert.rejects(script({ "./a.js": text }), /may change n after/, text);
  }
});

Deno.test("the build refuses a chunk that needs require() or its own address", async () => {
  await assert.rejects(script({ "./a.js": `throw Error('Dynamic require of "x"');export{};` }), /needs require/);
  await assert.rejects(script({ "./a.js": "var here=import.meta.dirname;export{here};" }), /its own address/);
});

Deno.test("chunks that the same commands need come in one script, those that none needs alone, and every chunk in one", () => {
  const chunks: Chunks = new Map(["a", "b", "c", "d", "e"].map((name) => [`./${name}.js`, "function(){}"]));
  const scripts = scriptsOf(chunks, [
    new Set(["./a.js", "./b.js", "node:fs"]),
    new Set(["./a.js", "./b.js", "./c.js"]),
  ]);
  assert.deepEqual([...scripts.values()], [["./a.js", "./b.js"], ["./c.js"], ["./d.js"], ["./e.js"]]);
  const table = tableOf(scripts);
  assert.deepEqual(Object.keys(table).sort(), [...chunks.keys()].sort());
  assert.equal(table["./a.js"], table["./b.js"]);
  assert.equal(new Set(Object.values(table)).size, 4);
});
