/**
 * Loads the bundled program: its chunks are functions in a few scripts, each with V8's code beside it, made when the program was built
 * (scripts/bundle/warm_up.ts). So a command starts without parsing and compiling what it runs, which was most of its time.
 *
 * The code is part of the program like its source: in the binary, or in the folder of the installation. V8 takes it only for the same
 * source, version and flags; where it does not, the source is compiled as ever.
 *
 * @module
 */

import process from "node:process";
import { Script } from "node:vm";

/** What a chunk exports. */
export type Namespace = Record<string, unknown>;

/** A chunk as scripts/bundle/chunks.ts writes it. Its own exports are getters. */
type Chunk = (require: typeof load, lazily: typeof loadLazily) => Namespace;

/** JSON, written in by the build: the script that each chunk is in. */
declare const SCRIPT_OF: string;

const scriptOf = JSON.parse(SCRIPT_OF) as Readonly<Record<string, string>>;
const folder = import.meta.dirname;
const namespaces = new Map<string, Namespace>();
const chunks = new Map<string, Readonly<Record<string, Chunk>>>();

/** The scripts that were needed, by name: for making their code. */
export const scripts: Map<string, Script> = new Map();

/** The names of the chunks and modules that were needed. */
export function loaded(): string[] {
  return [...namespaces.keys()];
}

/** The exports of a chunk or of one of the runtime's own modules. */
export function load(name: string): Namespace {
  let namespace = namespaces.get(name);
  if (namespace === undefined) {
    namespace = name.startsWith("./") ? settled(chunkOf(name)(load, loadLazily)) : builtin(name);
    namespaces.set(name, namespace);
  }
  return namespace;
}

/** As `import()`. */
function loadLazily(name: string): Promise<Namespace> {
  return Promise.resolve().then(() => load(name));
}

function chunkOf(name: string): Chunk {
  const script = scriptOf[name]!;
  let holds = chunks.get(script);
  if (holds === undefined) {
    holds = compiled(script).runInThisContext() as Readonly<Record<string, Chunk>>;
    chunks.set(script, holds);
  }
  return holds[name]!;
}

function compiled(name: string): Script {
  const filename = `${folder}/${name}.js`;
  const source = Deno.readTextFileSync(filename);
  const cachedData = codeOf(name);
  const script = new Script(source, { filename, ...(cachedData === undefined ? {} : { cachedData }) });
  // V8 has made its own of it: megabytes that would lie here until a collection of the whole heap.
  cachedData?.buffer.transfer(0);
  scripts.set(name, script);
  return script;
}

/** Every script has such a file, if an empty one: a name that the program did not bring would be looked for elsewhere. */
function codeOf(name: string): Uint8Array<ArrayBuffer> | undefined {
  const code = Deno.readFileSync(`${folder}/${name}.code`);
  return code.length === 0 ? undefined : code;
}

/** Values instead of getters: chunks are loaded in the order in which they need each other, and change no export afterwards. */
function settled(getters: Namespace): Namespace {
  const values: Namespace = {};
  for (const name in getters) values[name] = getters[name];
  return values;
}

/** As a module: what it exports by name, and itself as the default. */
function builtin(name: string): Namespace {
  const module = process.getBuiltinModule(name);
  if (module === undefined) throw new Error(`The runtime has no module ${name}`);
  return Object.create(module, { default: { value: module } });
}
