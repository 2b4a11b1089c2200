/** Injection changes its own place and nothing else, for any request and any value. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../src/kernel/bytes.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { setJsonMember } from "../../src/proxy/inject/json_text.ts";
import { query } from "../../src/proxy/inject/query.ts";
import { percentEncode, setPair } from "../../src/proxy/inject/urlencoded.ts";
import "../support/runs.ts";

const name = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((text) => text.isWellFormed());
const value = fc.string({ maxLength: 40, unit: "grapheme" }).filter((text) => text.isWellFormed());
/** What is in a query after WHATWG parsing, odd pairs included. */
const rawQuery = fc.stringMatching(/^[a-c=&%+A-F0-9;~!$()*,\/:?@_.-]{0,40}$/);

Deno.test("a query parameter is read back as the value, and every other pair stays byte for byte", () => {
  fc.assert(
    fc.property(rawQuery, name, value, (search, parameter, text) => {
      const url = new URL("https://api.example.test/p");
      url.search = search;
      const place = { style: "query", parameter } as const;
      const after = query.inject({ url, method: "GET", headers: [] }, place, Secret.fromText(text)).url;
      assert.equal(after.searchParams.get(parameter), text);
      assert.equal(after.searchParams.getAll(parameter).length, 1);
      assert.deepEqual(others(after.search, parameter), others(url.search, parameter));
      assert.equal(after.origin + after.pathname + after.hash, url.origin + url.pathname + url.hash);
    }),
    { examples: [["??", " ", ""]] },
  );
});

Deno.test("a form field is read back as the value, and every other pair stays byte for byte", () => {
  const pairs = fc.array(fc.tuple(name, value), { maxLength: 5 });
  fc.assert(fc.property(pairs, name, value, (given, field, text) => {
    const before = new URLSearchParams(given.map(([k, v]) => [k, v])).toString();
    const after = setPair(before, field, percentEncode(utf8(text)));
    const read = new URLSearchParams(after);
    assert.equal(read.get(field), text);
    assert.equal(read.getAll(field).length, 1);
    const kept = given.filter(([k]) => k !== field);
    assert.deepEqual([...read].filter(([k]) => k !== field), kept);
  }));
});

Deno.test("a JSON member is read back as the value; the rest means the same and is spelled the same", () => {
  const json = fc.json({ maxDepth: 4 }).filter((text) => text.trimStart().startsWith("{"));
  const path = fc.array(fc.constantFrom("a", "b", "x-y", "__proto__", "é", '"'), { minLength: 1, maxLength: 3 });
  fc.assert(fc.property(json, path, value, (text, steps, secret) => {
    let after: string;
    try {
      after = setJsonMember(text, steps, JSON.stringify(secret));
    } catch {
      return assert.ok(!isObjectWay(JSON.parse(text), steps));
    }
    assert.equal(read(JSON.parse(after), steps), secret);
    // Setting it again changes that one place only.
    assert.equal(setJsonMember(after, steps, JSON.stringify(secret)), after);
  }));
});

Deno.test("numbers keep their digits, members their order, and white space its place", () => {
  const text = `{ "z":1.10,"big" : 12345678901234567890123, "e":1E+2,\n\t"a" : { "b":[1,2.0,{"c":null}] } , "k":"v" }`;
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["k"], text.replace('"k":"v"', '"k":"S"')],
    [["n"], text.replace('"k":"v" }', '"k":"v","n":"S" }')],
    [["a", "n"], text.replace(`{"c":null}] }`, `{"c":null}],"n":"S" }`)],
    [["a", "b"], text.replace('[1,2.0,{"c":null}]', '"S"')],
    [["big"], text.replace("12345678901234567890123", '"S"')],
    [["n", "m", "o"], text.replace('"k":"v" }', '"k":"v","n":{"m":{"o":"S"}} }')],
  ];
  for (const [path, expected] of cases) assert.equal(setJsonMember(text, path, '"S"'), expected);
  assert.equal(setJsonMember("", ["a"], '"S"'), '{"a":"S"}');
  assert.equal(setJsonMember(" {\n} ", ["a"], '"S"'), ' {"a":"S"\n} ');
});

Deno.test("what is no object on the way, no JSON, or ambiguous is refused without quoting the body", () => {
  const refused: readonly (readonly [string, readonly string[]])[] = [
    ["[1]", ["a"]],
    ['"text"', ["a"]],
    ["null", ["a"]],
    ['{"a":1}', ["a", "b"]],
    ['{"a":[{}]}', ["a", "b"]],
    ['{"a":1,"a":2}', ["a"]],
    ['{"a":{},"\\u0061":{}}', ["a", "b"]],
    ["{secret-in-body", ["a"]],
    ['{"a":1}}', ["b"]],
    ["\ufeff{}", ["a"]],
  ];
  for (const [text, path] of refused) {
    assert.throws(() => setJsonMember(text, path, '"S"'), (e: Error) => !e.message.includes("secret-in-body"), text);
  }
});

Deno.test("a deeply nested body exhausts nothing", () => {
  const deep = `{"d":${"[".repeat(50_000)}${"]".repeat(50_000)},"k":1}`;
  assert.equal(setJsonMember(deep, ["k"], '"S"'), deep.replace('"k":1', '"k":"S"'));
});

Deno.test("P38 a body of millions of levels is refused before the parser makes an object of each", () => {
  const deep = `{"d":${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}}`;
  assert.throws(() => setJsonMember(deep, ["k"], '"S"'), /nested too deeply/);
  // Brackets in strings are no levels.
  const text = JSON.stringify({ d: '[{"\\'.repeat(200_000) });
  assert.equal(setJsonMember(text, ["k"], '"S"'), `${text.slice(0, -1)},"k":"S"}`);
});

Deno.test("P38 a form of millions of pairs is gone through without making anything of them", () => {
  const pairs = "&b=1&%62&+&é=".repeat(400_000);
  assert.equal(setPair(pairs, "a", "S"), `${pairs}&a=S`);
  assert.equal(setPair(`${pairs}&%61=1${pairs}&a&x&a=2`, "a", "S"), `${pairs}&a=S${pairs}&x`);
});

function others(search: string, parameter: string): string[] {
  return search.replace(/^\?/, "").split("&").filter((pair) => {
    return pair !== "" && [...new URLSearchParams(pair).keys()][0] !== parameter;
  });
}

function isObjectWay(json: unknown, path: readonly string[]): boolean {
  let at = json;
  for (const step of path.slice(0, -1)) {
    if (!Object.hasOwn(at as object, step)) return true;
    at = (at as Readonly<Record<string, unknown>>)[step];
    if (typeof at !== "object" || at === null || Array.isArray(at)) return false;
  }
  return true;
}

function read(json: unknown, path: readonly string[]): unknown {
  return path.reduce((at, step) => Object.getOwnPropertyDescriptor(at, step)?.value, json);
}
