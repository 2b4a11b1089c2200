/**
 * The program as chunks: esbuild splits it so that a command loads only what it needs, and each chunk becomes a function that
 * scripts/bundle/load.ts can call.
 *
 * @module
 */

import { build, type Metafile, transform } from "esbuild";
import { fileURLToPath as toPath } from "node:url";

const root = toPath(new URL("../../", import.meta.url));

/** What esbuild writes where a CommonJS package asks for a module through `require`: none does, `require` here only knows chunks. */
const NEEDS_REQUIRE = "Dynamic require of";

/** A chunk's name, as others import it (`./NAME.js`), and its function's source. */
export type Chunks = ReadonlyMap<string, string>;

/** The program's chunks. The first is the one that starts it. */
export async function programChunks(): Promise<Chunks> {
  const result = await build({
    entryPoints: [`${root}src/compose.ts`],
    outdir: `${root}dist/chunks`,
    absWorkingDir: root,
    write: false,
    bundle: true,
    splitting: true,
    minifySyntax: true,
    minifyWhitespace: true,
    // Names stay as they are: traces can be read, and nothing has to restore names at every start (`keepNames` does).
    minifyIdentifiers: false,
    platform: "node",
    // ES modules first: they can be split and shaken, and dynamic imports of them have their names.
    mainFields: ["module", "main"],
    format: "esm",
    target: "esnext",
    // The engine keeps text of other characters in twice the space.
    charset: "ascii",
    logLevel: "warning",
    metafile: true,
    alias: { "@modelcontextprotocol/server/_shims": `${root}src/mcp/sdk_platform.ts` },
    external: ["better-sqlite3", "mysql2", "tedious"],
  });
  refuseValidator(result.metafile);
  const chunks = new Map<string, string>();
  for (const { path, text } of result.outputFiles) {
    chunks.set(`.${path.slice(path.lastIndexOf("/"))}`, await functionOf(path, text));
  }
  return chunks;
}

function refuseValidator(metafile: Metafile): void {
  const dear = Object.keys(metafile.inputs).find((path) => path.includes("ajvProvider"));
  if (dear !== undefined) {
    throw new Error(`${dear} is in the bundle: src/mcp/sdk_platform.ts no longer stands in for it`);
  }
}

/** The helpers that {@linkcode HELPERS} has; esbuild writes its own into every chunk. */
const KNOWN = new Set(["__defProp", "__getOwnPropDesc", "__getOwnPropNames", "__hasOwnProp", "__create", "__getProtoOf"]
  .concat(["__export", "__copyProps", "__toCommonJS", "__toESM"]));

/** What chunks ask of their surroundings. `load` answers with modules already, so nothing is to be made of them. */
export const HELPERS =
  "const __export=(to,all)=>{for(const name in all)Object.defineProperty(to,name,{get:all[name],enumerable:true})},__toESM=(m)=>m;";

const EXPORTS = "var stdin_exports={};";
const EXPORTED = "module.exports=__toCommonJS(stdin_exports);";

/** An ES module as a function that takes `require` and `import()` and returns its exports. Throws for what it cannot turn into one. */
export async function functionOf(path: string, text: string): Promise<string> {
  if (text.includes(NEEDS_REQUIRE)) throw new Error(`${path} holds a package that needs require()`);
  const lazy = text.replace(/\bimport\(("\.\/[\w.-]+\.js")\)/g, "__lazily($1)");
  if (/\bimport\.meta\b/.test(text)) throw new Error(`${path} asks for its own address: it has none in the bundle`);
  const { code } = await transform(lazy, {
    format: "cjs",
    platform: "node",
    target: "esnext",
    minifySyntax: true,
    minifyWhitespace: true,
    charset: "ascii",
    logLevel: "warning",
  });
  return `function(require,__lazily){${body(path, code.trimEnd())}return stdin_exports}`;
}

function body(path: string, code: string): string {
  const [helpers, rest] = code.includes(EXPORTED) ? cut(code, EXPORTS) : ["", `${code}var stdin_exports={};`];
  for (const [, name] of helpers.matchAll(/(?:var |,)(__\w+)=/g)) {
    if (!KNOWN.has(name!)) throw new Error(`${path}: scripts/bundle/chunks.ts does not know esbuild's helper ${name}`);
  }
  const plain = rest.replace(EXPORTED, "").replace(/0&&\(module\.exports=\{[^{}]*\}\);$/, "");
  const changing = changesExports(plain);
  if (changing !== undefined) throw new Error(`${path} may change ${changing} after others have taken it`);
  const left = /\bmodule\.exports\b|\b__(?:toCommonJS|copyProps|reExport)\b/.exec(plain);
  if (left !== null) throw new Error(`${path}: ${left[0]} was not expected in a chunk`);
  return plain;
}

/**
 * Whether `code` gives each name that it exports its value once, where it is declared: scripts/bundle/load.ts takes the values that exports
 * have when the chunk was run.
 */
export function changesExports(code: string): string | undefined {
  const exported = /__export\(stdin_exports,\{(.*?)\}\);/s.exec(code)?.[1] ?? "";
  for (const [, name] of exported.matchAll(/:\(\)=>([\w$]+)(?=[,}]|$)/g)) {
    const word = `(?<![\\w$.])${name!.replaceAll("$", "\\$")}(?![\\w$])`;
    const declared = new RegExp(`(?:function[ *]*|class )${word}|(?:var |let |const |,)${word}=(?![=>])`).test(code);
    const given = code.match(
      new RegExp(
        `(?:function[ *]*|class )${word}|${word}(?:[-+*/%&|^?<>]*=(?![=>])|\\+\\+|--)|(?:\\+\\+|--)${word}`,
        "g",
      ),
    );
    if (!declared || given?.length !== 1) return name;
  }
  return undefined;
}

function cut(text: string, at: string): [string, string] {
  const i = text.indexOf(at);
  if (i < 0) throw new Error("esbuild writes other exports than scripts/bundle/chunks.ts knows");
  return [text.slice(0, i), text.slice(i)];
}
