/**
 * The layer rules of docs/ARCHITECTURE.md, as a test. It reads Deno's own module graph, so type-only imports, re-exports and
 * dynamic imports all count. The rules marked ★ are security claims (docs/THREAT_MODEL.md): they are never loosened.
 */
import assert from "node:assert/strict";
import { root, sources } from "./sources.ts";

/** Folder or file → what it may import besides itself. The longest prefix wins. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "ffi": [],
  "src/kernel": [],
  "src/ports": ["src/kernel"],
  "src/crypto/verify": ["src/kernel"],
  "src/crypto": ["src/kernel", "src/crypto/verify"],
  "src/contract": ["src/kernel"],
  "src/ledger": ["src/kernel", "src/contract", "src/crypto/verify"],
  "src/vault": ["src/kernel", "src/ports", "src/contract", "src/crypto", "src/crypto/verify", "src/ledger"],
  "src/cloud": ["src/kernel", "src/ports", "src/contract", "src/ledger"],
  "src/proxy": ["src/kernel", "src/ports"],
  "src/usecases": [
    "src/kernel",
    "src/ports",
    "src/contract",
    "src/crypto",
    "src/crypto/verify",
    "src/ledger",
    "src/vault",
    "src/cloud",
    "src/proxy",
  ],
  "src/cli": ["src/kernel", "src/ports", "src/usecases"],
  "src/mcp": ["src/kernel", "src/ports", "src/usecases"],
  "src/listener": ["src/kernel", "src/ports", "src/usecases"],
  "src/server": ["src/kernel", "src/contract", "src/ledger", "src/ports", "src/crypto/verify"],
  "src/sdk": ["src/contract"],
  "src/adapters": ["src/kernel", "src/ports"],
  "src/adapters/keychain": ["src/kernel", "src/ports", "src/crypto", "src/crypto/verify", "ffi"],
  "src/adapters/process": ["src/kernel", "src/ports", "ffi"],
  "src/compose.ts": [
    "src/kernel",
    "src/ports",
    "src/vault",
    "src/cli",
    "src/mcp",
    "src/listener",
    "src/adapters",
    "src/adapters/process",
    "src/compose",
  ],
  "src/compose": [
    "src/kernel",
    "src/ports",
    "src/crypto",
    "src/crypto/verify",
    "src/contract",
    "src/ledger",
    "src/vault",
    "src/cloud",
    "src/proxy",
    "src/usecases",
    "src/cli",
    "src/mcp",
    "src/listener",
    "src/server",
    "src/adapters",
    "src/adapters/keychain",
    "src/adapters/process",
  ],
  "main.ts": ["src/compose.ts"],
};

/** ★ Claims that hold along every path of imports: from a folder, these are never reached. */
const NEVER_REACHED: readonly { readonly from: string; readonly allow?: string; readonly never: readonly string[] }[] =
  [
    { from: "src/server", allow: "src/crypto/verify", never: ["src/crypto", "src/vault", "src/kernel/secret.ts"] },
    { from: "src/ledger", allow: "src/crypto/verify", never: ["src/crypto", "src/vault", "src/kernel/secret.ts"] },
    { from: "src/contract", allow: "src/crypto/verify", never: ["src/crypto", "src/vault", "src/kernel/secret.ts"] },
  ];

/** ★ Imports that no file of a folder makes itself. */
const NEVER_IMPORTED: readonly { readonly from: string; readonly never: readonly string[] }[] = [
  {
    from: "src/mcp",
    never: ["src/kernel/secret.ts", "src/ports/keychain.ts", "src/ports/secret_reader.ts"],
  },
  {
    from: "src/listener",
    never: ["src/kernel/secret.ts", "src/ports/keychain.ts", "src/ports/secret_reader.ts"],
  },
];

interface Module {
  readonly specifier: string;
  readonly error?: string;
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly specifier: string };
    readonly type?: { readonly specifier: string };
  }[];
}

type Graph = ReadonlyMap<string, readonly string[]>;

/** Project files reachable from all of `entries`, each with the project files it imports. */
async function graphOf(entries: readonly string[]): Promise<Graph> {
  const edges = new Map<string, readonly string[]>();
  const barrel = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(barrel, entries.map((e) => `import ${JSON.stringify(new URL(e, root).href)};`).join("\n"));
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", new URL("deno.json", root).pathname, barrel],
      cwd: root,
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const modules = JSON.parse(new TextDecoder().decode(stdout)).modules as readonly Module[];
    for (const module of modules) {
      if (!module.specifier.startsWith(root.href)) continue;
      const targets = (module.dependencies ?? [])
        .flatMap((d) => [d.code?.specifier, d.type?.specifier])
        .filter((s) => s?.startsWith(root.href) === true)
        .map((s) => s!.slice(root.href.length));
      edges.set(module.specifier.slice(root.href.length), [...new Set(targets)]);
    }
  } finally {
    await Deno.remove(barrel);
  }
  return edges;
}

function under(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

function layerOf(path: string): string | undefined {
  return Object.keys(MAY_IMPORT).filter((l) => under(path, l)).sort((a, b) => b.length - a.length)[0];
}

/** Every breach of the layer rules in a graph, as readable lines. */
export function breaches(graph: Graph): string[] {
  const wrong: string[] = [];
  for (const [from, targets] of graph) {
    const a = layerOf(from);
    if (a === undefined) {
      wrong.push(`${from} belongs to no layer`);
      continue;
    }
    for (const to of targets) {
      const b = layerOf(to);
      if (b === undefined || (a !== b && !MAY_IMPORT[a]!.includes(b))) wrong.push(`${from} → ${to}`);
    }
    for (const rule of NEVER_IMPORTED) {
      if (!under(from, rule.from)) continue;
      for (const to of targets) if (rule.never.includes(to)) wrong.push(`★ ${from} → ${to}`);
    }
  }
  for (const rule of NEVER_REACHED) {
    for (const start of [...graph.keys()].filter((path) => under(path, rule.from))) {
      for (const path of reach(graph, start)) {
        const excused = rule.allow !== undefined && under(path, rule.allow);
        if (!excused && rule.never.some((n) => under(path, n))) wrong.push(`★ ${start} reaches ${path}`);
      }
    }
  }
  return wrong;
}

function reach(graph: Graph, start: string): Set<string> {
  const seen = new Set<string>();
  const queue = [start];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const next of graph.get(at) ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      queue.push(next);
    }
  }
  return seen;
}

async function all(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of sources(folder)) found.push(path);
  return found.sort();
}

Deno.test("P20 P21 every import points down the layers and no claim about reach is broken", async () => {
  assert.deepEqual(breaches(await graphOf(["main.ts", ...(await all("src")), ...(await all("ffi"))])), []);
});

Deno.test("P20 P21 a planted illegal import of each kind is found", () => {
  const planted: readonly (readonly [string, string])[] = [
    ["src/kernel/bytes.ts", "src/ports/clock.ts"],
    ["src/cli/program.ts", "src/adapters/keychain/memory.ts"],
    ["src/adapters/files/disk.ts", "ffi/libc.ts"],
    ["src/mcp/server.ts", "src/kernel/secret.ts"],
    ["src/listener/listener.ts", "src/ports/secret_reader.ts"],
  ];
  for (const [from, to] of planted) {
    assert.equal(breaches(new Map([[from, [to]], [to, []]])).length > 0, true, `${from} → ${to}`);
  }
  const detour: Graph = new Map([
    ["src/server/app.ts", ["src/ports/blob_store.ts"]],
    ["src/ports/blob_store.ts", ["src/ports/keychain.ts"]],
    ["src/ports/keychain.ts", ["src/kernel/secret.ts"]],
    ["src/kernel/secret.ts", []],
  ]);
  assert.ok(breaches(detour).some((line) => line.startsWith("★ src/server/app.ts reaches")));
});

/** Reached from tests only: the keychain that the contract suite compares the real ones with. */
const FOR_TESTS = ["src/adapters/keychain/memory.ts"];

Deno.test("no module is an orphan: everything in src and ffi is reached from main.ts", async () => {
  const reached = await graphOf(["main.ts"]);
  const every = [...(await all("src")), ...(await all("ffi"))];
  assert.deepEqual(every.filter((path) => !reached.has(path) && !FOR_TESTS.includes(path)), []);
});

/** Text that only the listed files may hold, comments aside. */
const CONFINED: readonly { readonly what: RegExp; readonly only: readonly string[] }[] = [
  { what: /\bDeno\.exit\b/, only: ["main.ts"] },
  { what: /\bDeno\.dlopen\b/, only: ["ffi"] },
  { what: /\bDeno\.Unsafe/, only: ["ffi", "src/adapters/keychain", "src/adapters/process"] },
  { what: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/, only: ["src/adapters", "src/compose.ts"] },
  { what: /\bMath\.random\(|\bcrypto\.getRandomValues\(|\brandomBytes\(/, only: ["src/adapters", "src/compose.ts"] },
  { what: /\bDeno\.env\b|\bprocess\.env\b/, only: ["src/adapters", "src/compose.ts"] },
  { what: /\bconsole\./, only: [] },
];

Deno.test("one exit, native code in one place, no hidden clock, randomness, environment or console", async () => {
  const wrong: string[] = [];
  for (const path of ["main.ts", ...(await all("src")), ...(await all("ffi"))]) {
    const lines = (await Deno.readTextFile(new URL(path, root))).split("\n");
    for (const { what, only } of CONFINED) {
      if (only.some((folder) => under(path, folder))) continue;
      lines.forEach((line, i) => {
        if (what.test(line.replace(/^\s*(\*|\/\/|\/\*).*$/, "").replace(/\s\/\/ .*$/, ""))) {
          wrong.push(`${path}:${i + 1} ${what}`);
        }
      });
    }
  }
  assert.deepEqual(wrong, []);
});
