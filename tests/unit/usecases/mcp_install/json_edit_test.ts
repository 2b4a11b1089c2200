/** Edits of JSON settings leave everything else byte for byte. */
import assert from "node:assert/strict";
import { type EntryValue, removeEntryEdits, setEntryEdits } from "../../../../src/usecases/mcp_install/json_edit.ts";
import { JsonTextError, readJsonText, valueOf } from "../../../../src/usecases/mcp_install/json_text.ts";
import { applyEdits, showEdits } from "../../../../src/usecases/mcp_install/text_edit.ts";

const PLACE = { section: "mcpServers", name: "ours" };
const ENTRY = { command: "/bin/x", args: ["mcp", "serve"] };

const set = (text: string, entry: EntryValue = ENTRY): string => applyEdits(text, setEntryEdits(text, PLACE, entry));
function findEntry(text: string, place: typeof PLACE): unknown {
  const sections = valueOf(readJsonText(text) ?? readJsonText("{}")!) as Record<string, Record<string, unknown>>;
  return sections[place.section]?.[place.name];
}

const remove = (text: string): string => applyEdits(text, removeEntryEdits(text, PLACE));

const CASES: readonly (readonly [what: string, before: string, after: string])[] = [
  [
    "an empty file",
    "",
    '{\n  "mcpServers": {\n    "ours": {\n      "command": "/bin/x",\n      "args": ["mcp", "serve"]\n    }\n  }\n}\n',
  ],
  [
    "an empty object",
    "{}\n",
    '{\n  "mcpServers": {\n    "ours": {\n      "command": "/bin/x",\n      "args": ["mcp", "serve"]\n    }\n  }\n}\n',
  ],
  [
    "four spaces, another server and a member behind",
    '{\n    "mcpServers": {\n        "gh": {}\n    },\n    "theme": "dark"\n}',
    '{\n    "mcpServers": {\n        "gh": {},\n        "ours": {\n            "command": "/bin/x",\n' +
    '            "args": ["mcp", "serve"]\n        }\n    },\n    "theme": "dark"\n}',
  ],
  [
    "comments and trailing commas",
    '// top\n{\n\t"a": 1, // one\n\t/* two */ "b": [1, 2,], // last\n}\n// end',
    '// top\n{\n\t"a": 1, // one\n\t/* two */ "b": [1, 2,], // last\n\t"mcpServers": {\n\t\t"ours": {\n' +
    '\t\t\t"command": "/bin/x",\n\t\t\t"args": ["mcp", "serve"]\n\t\t}\n\t},\n}\n// end',
  ],
  [
    "a comment behind a last member without comma",
    '{\n  "a": 1 // about a\n}',
    '{\n  "a": 1, // about a\n  "mcpServers": {\n    "ours": {\n      "command": "/bin/x",\n' +
    '      "args": ["mcp", "serve"]\n    }\n  }\n}',
  ],
  [
    "a section that holds only a comment",
    '{\n  "mcpServers": {\n    // none yet\n  }\n}',
    '{\n  "mcpServers": {\n    // none yet\n    "ours": {\n      "command": "/bin/x",\n' +
    '      "args": ["mcp", "serve"]\n    }\n  }\n}',
  ],
  [
    "one line",
    '{"mcpServers":{"gh":{}}}',
    '{"mcpServers":{"gh":{}, "ours": {"command":"/bin/x","args":["mcp","serve"]}}}',
  ],
  [
    "Windows line ends and a byte order mark",
    '\ufeff{\r\n  "a": 1\r\n}\r\n',
    '\ufeff{\r\n  "a": 1,\r\n  "mcpServers": {\r\n    "ours": {\r\n      "command": "/bin/x",\r\n' +
    '      "args": ["mcp", "serve"]\r\n    }\r\n  }\r\n}\r\n',
  ],
];

for (const [what, before, after] of CASES) {
  Deno.test(`the entry goes into ${what}, once, and comes out again`, () => {
    assert.equal(set(before), after);
    assert.deepEqual(setEntryEdits(after, PLACE, ENTRY), [], "a second time changes nothing");
    assert.deepEqual(findEntry(after, PLACE), ENTRY);
    const out = remove(after);
    assert.equal(findEntry(out, PLACE), undefined);
    readJsonText(out);
    assert.deepEqual(removeEntryEdits(out, PLACE), []);
  });
}

Deno.test("an entry that is there gets what is wrong in it put right and keeps what the person added", () => {
  const before = '{"mcpServers": {"ours": {"command": "/old", "args": ["mcp", "serve"], "disabled": true}}}';
  assert.equal(set(before), before.replace("/old", "/bin/x"));
  for (const empty of ["{}", "{\n}", "{ // mine\n }", '{"x": 1 // mine\n}', '{\n"x": 1 // mine\n}']) {
    const filled = set(`{"mcpServers": {"ours": ${empty}}}`);
    assert.deepEqual({ x: 1, ...findEntry(filled, PLACE) as object }, { x: 1, ...ENTRY }, filled);
    assert.equal(filled.includes("// mine"), empty.includes("// mine"));
  }
  const env = { ...ENTRY, env: { HOME_OF: "/h" } };
  const text = '{\n  "mcpServers": {\n    "ours": {\n      "env": {\n        "X": "1"\n      }\n    }\n  }\n}';
  assert.deepEqual(findEntry(set(text, env), PLACE), { env: { X: "1", HOME_OF: "/h" }, ...ENTRY });
});

Deno.test("removal takes one entry out of first, middle, last and only place", () => {
  const entry = '"ours": {"command": "x"}';
  const cases: readonly (readonly [string, string])[] = [
    [`{"mcpServers": {${entry}, "b": 1}}`, '{"mcpServers": { "b": 1}}'],
    [`{"mcpServers": {"a": 1, ${entry}, "b": 1}}`, '{"mcpServers": {"a": 1, "b": 1}}'],
    [`{"mcpServers": {"a": 1, ${entry}}}`, '{"mcpServers": {"a": 1}}'],
    [`{"mcpServers": {${entry}}}`, '{"mcpServers": {}}'],
    [
      `{"mcpServers": {\n  "a": 1,\n  ${entry},\n  // b\n  "b": 2\n}}`,
      '{"mcpServers": {\n  "a": 1,\n  // b\n  "b": 2\n}}',
    ],
    [`{"mcpServers": {\n  "a": 1, // a\n  ${entry}\n}}`, '{"mcpServers": {\n  "a": 1 // a\n}}'],
    [`{"mcpServers": {\n  // mine\n  ${entry},\n}}`, '{"mcpServers": {\n  // mine\n}}'],
    ['{"mcpServers": {"a": 1}}', '{"mcpServers": {"a": 1}}'],
    ["{}", "{}"],
    ["", ""],
  ];
  for (const [before, after] of cases) assert.equal(remove(before), after);
});

Deno.test("a damaged or doubtful text is refused with its line and without a quotation", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{"a": 1', /comma or a brace/],
    ['{"a" 1}', /colon/],
    ['{"a": tru}', /no value/],
    ['{"a": 1}}', /behind its end/],
    ['{\n"a": "unclosed\n}', /line 2: there is no value/],
    ['{"a": [1 2]}', /comma or a bracket/],
    ["{a: 1}", /no name/],
    ["[]", /not an object/],
    ['{"mcpServers": []}', /mcpServers is not an object/],
    ['{"mcpServers": {}, "mcpServers": {}}', /stands there twice/],
    ['{"mcpServers": {"ours": {}, "ours": {}}}', /stands there twice/],
    ['{"mcpServers": {"ours": "text"}}', /ours is not an object/],
    [`${"[".repeat(300)}`, /nested too deeply/],
    ["/* unclosed", /no value/],
  ];
  for (const [text, why] of cases) {
    assert.throws(() => set(text), (error) => error instanceof JsonTextError && why.test(error.message), text);
  }
});

Deno.test("what is shown of a change holds nothing of what stands around it", () => {
  const text = '{"mcpServers":{"gh":{"env":{"TOKEN":"ghp_secret"}},"ours":{"command":"/old","env":{"MINE":"s3cret"}}}}';
  for (const edits of [setEntryEdits(text, PLACE, ENTRY), removeEntryEdits(text, PLACE)]) {
    const shown = showEdits(text, edits);
    assert.ok(shown.includes("line 1") && !/ghp_secret|s3cret/.test(shown), shown);
  }
});

Deno.test("a settings file of megabytes is read", () => {
  const text = JSON.stringify({ history: "x".repeat(8_000_000), list: Array(100_000).fill({ a: [1] }) });
  assert.ok(remove(set(text)) === `${text.slice(0, -1)}, "mcpServers": {}}`);
});

Deno.test("values are read as JSON.parse reads them", () => {
  for (const text of ['{"a":[1,-2.5e3,true,false,null,"\\u00e9\\n",{"__proto__":1}],"":{}}', '"x"', "7", "[]"]) {
    assert.deepEqual(valueOf(readJsonText(text)!), JSON.parse(text));
  }
});
