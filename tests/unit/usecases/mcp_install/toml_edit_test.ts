/** Edits of TOML settings leave everything else byte for byte. */
import assert from "node:assert/strict";
import { applyEdits } from "../../../../src/usecases/mcp_install/text_edit.ts";
import { removeTableEdits, setTableEdits, type TableValue } from "../../../../src/usecases/mcp_install/toml_edit.ts";
import { readTomlText, TomlTextError } from "../../../../src/usecases/mcp_install/toml_text.ts";

const PLACE = { section: "mcp_servers", name: "ours" };
const VALUES: Readonly<Record<string, TableValue>> = { command: "/bin/x", args: ["mcp", "serve"] };
const TABLE = '[mcp_servers.ours]\ncommand = "/bin/x"\nargs = ["mcp", "serve"]\n';

const set = (text: string, values = VALUES): string => applyEdits(text, setTableEdits(text, PLACE, values));
const remove = (text: string): string => applyEdits(text, removeTableEdits(text, PLACE));

const OTHERS = `# mine
model = "o3" # why
long = """
[mcp_servers.ours]
not a table
"""
raw = '''
[x]'''
list = [ # one
  1, 'two', "thr]ee", { a = 1, b.c = [2026-11-23] },
]
when = 2026-11-23 07:32:00Z

[[profiles]]
"name with = and ]" = 'x'

[mcp_servers.ctx]
command = "npx"
# about ctx
`;

Deno.test("the table goes behind everything else, once, and comes out again byte for byte", () => {
  for (const text of ["", OTHERS, 'a = 1\r\n[b]\r\nc = "d"\r\n']) {
    const after = set(text);
    assert.ok(after.startsWith(text));
    assert.deepEqual(setTableEdits(after, PLACE, VALUES), []);
    assert.equal(remove(after), text);
  }
  assert.equal(set(""), TABLE);
  assert.equal(set("a = 1\n"), `a = 1\n\n${TABLE}`);
  assert.equal(set("a = 1"), `a = 1\n\n${TABLE}`);
  assert.equal(remove(set("a = 1")), "a = 1\n");
  assert.equal(set("[a]\r\n"), `[a]\r\n\r\n${TABLE.replaceAll("\n", "\r\n")}`);
});

Deno.test("a table that is there gets what is wrong put right and keeps the person's keys and comments", () => {
  const text = '[mcp_servers.ours]\ncommand = "/old" # where\nstartup_timeout_sec = 20\n\n[next]\na = 1\n';
  assert.equal(
    set(text),
    '[mcp_servers.ours]\nargs = ["mcp", "serve"]\ncommand = "/bin/x" # where\nstartup_timeout_sec = 20\n\n[next]\na = 1\n',
  );
  assert.equal(set("['mcp_servers' . \"ours\"]"), TABLE.replace("mcp_servers.ours", "'mcp_servers' . \"ours\""));
});

Deno.test("removal takes the tables below it along, and leaves comments and what follows", () => {
  const text = `a = 1\n\n${TABLE}\n[mcp_servers.ours.env]\nX = "1"\n\n# about next\n[next]\nb = 2\n`;
  assert.equal(remove(text), "a = 1\n\n# about next\n[next]\nb = 2\n");
  assert.equal(remove(OTHERS), OTHERS);
});

Deno.test("a damaged or doubtful text is refused with its line and without a quotation", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["a", /'=' is missing/],
    ["a =", /no value/],
    ['a = "x', /no value/],
    ["ok = 1\na = [1", /line 2: a comma or a bracket/],
    ["[a", /'\]' is missing/],
    ["[[a]", /'\]\]' is missing/],
    ["a = 1 b = 2", /goes on/],
    ['a = """x', /goes on|no value/],
    ["= 1", /no key/],
    ["[[mcp_servers]]", /array of tables/],
    ["mcp_servers = {}", /not written as/],
    ["mcp_servers.ours.command = 'x'", /not written as/],
    ["[mcp_servers]\nours = { command = 'x' }", /not written as/],
    [`${TABLE}${TABLE}`, /twice/],
    ["[mcp_servers.ours]\nargs.x = 1", /dots/],
  ];
  for (const [text, why] of cases) {
    assert.throws(() => set(text), (error) => error instanceof TomlTextError && why.test(error.message), text);
  }
  assert.throws(() => set("[mcp_servers.ours]\nenv = { A = 'b' }\n", { env: { X: "y" } }), /entries of its own/);
  assert.throws(() => set("[mcp_servers.ours]\n[mcp_servers.ours.env]\n", { env: { X: "y" } }), /table of its own/);
});

Deno.test("texts are written so that TOML reads them back", () => {
  const after = set("", { command: 'C:\\Program Files\\"x"\u007f\n', env: { A: "é" } });
  assert.equal(after, '[mcp_servers.ours]\ncommand = "C:\\\\Program Files\\\\\\"x\\"\\u007f\\n"\nenv = { A = "é" }\n');
  assert.equal(readTomlText(after).length, 3);
});
