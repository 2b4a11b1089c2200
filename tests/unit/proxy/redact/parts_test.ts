import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../../../src/kernel/bytes.ts";
import { isSearchable, MAX_PARTS, searchedParts } from "../../../../src/proxy/redact/parts.ts";

const parts = (value: string): string[] => searchedParts(utf8(value)).map((part) => fromUtf8(part));

const CASES: readonly (readonly [string, string, readonly string[]])[] = [
  ["a plain key has no parts", "sk_test_abcdefgh", ["sk_test_abcdefgh"]],
  ["a short value is not searched", "abc", []],
  ["a short password is not searched alone", "user:abc", ["user:abc"]],
  ["the password of a pair", "me:passw0rd", ["me:passw0rd", "passw0rd"]],
  ["a password with a colon is kept whole", "me:pass:w0rd", ["me:pass:w0rd", "pass:w0rd"]],
  ["an address is no pair", "https://a.example/hook", ["https://a.example/hook"]],
  ["a port is no password", "https://a.example:44300000/", ["https://a.example:44300000/"]],
  ["the scheme is left out", "Bearer abcdefgh", ["Bearer abcdefgh", "abcdefgh"]],
  ["white space around it too", " abcdefgh\n", [" abcdefgh\n", "abcdefgh"]],
  ["lines from 16 bytes on", "0123456789abcdef\nshort\n0123456789ABCDEF", [
    "0123456789abcdef\nshort\n0123456789ABCDEF",
    "0123456789abcdef",
    "0123456789ABCDEF",
  ]],
  ["line ends of the other kind", "one line\r\ntwo line", ["one line\r\ntwo line", "one line\ntwo line"]],
];

for (const [what, value, expected] of CASES) {
  Deno.test(`parts of a value: ${what}`, () => assert.deepEqual(parts(value), expected));
}

Deno.test("a URL gives its password, as written and decoded", () => {
  assert.deepEqual(parts("redis://:p%40ssw0rd@h:1/0").slice(1), ["p%40ssw0rd", "p@ssw0rd"]);
});

Deno.test("PEM gives its lines without the boundaries, and its body in one piece", () => {
  const found = parts("-----BEGIN PRIVATE KEY-----\nAAAABBBBCCCCDDDD\nEEEEFFFFGGGGHHHH\n-----END PRIVATE KEY-----");
  assert.ok(found.includes("AAAABBBBCCCCDDDD") && found.includes("AAAABBBBCCCCDDDDEEEEFFFFGGGGHHHH"));
  assert.ok(!found.some((part) => /^-----(BEGIN|END) PRIVATE KEY-----$/.test(part)));
});

Deno.test("JSON gives its private members at any depth, and no public ones", () => {
  const value = JSON.stringify({
    type: "service_account",
    project_id: "some-project",
    token_uri: "https://a.example/token",
    private_key: "-----BEGIN K-----\nAAAABBBBCCCCDDDD\n-----END K-----\n",
    nested: [{ apiKey: "abcdefgh" }, { credentials: { any: "ijklmnop" } }, { url: "amqp://u:qrstuvwx@h" }],
  });
  const found = parts(value);
  for (const part of ["AAAABBBBCCCCDDDD", "abcdefgh", "qrstuvwx"]) assert.ok(found.includes(part), part);
  for (const part of ["service_account", "some-project", "https://a.example/token"]) {
    assert.ok(!found.includes(part), part);
  }
});

Deno.test("a hostile value has a bounded number of parts", () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `line number ${i} here`).join("\n");
  assert.equal(searchedParts(utf8(lines)).length, MAX_PARTS + 1);
  assert.ok(searchedParts(utf8("[".repeat(60000))).length >= 1);
  assert.ok(searchedParts(utf8("a:".repeat(30000))).length >= 1);
});

Deno.test("the parts are copies: wiping them leaves the value alone", () => {
  const value = utf8("abcdefgh");
  searchedParts(value).forEach((part) => part.fill(0));
  assert.equal(fromUtf8(value), "abcdefgh");
});

Deno.test("a piece of the marker is not searchable, nor is less than eight bytes", () => {
  for (const text of ["RED", "REDACTED", "[REDACTED_BY_AGENTSECRETS]"]) assert.equal(isSearchable(utf8(text)), false);
  for (const text of ["redacted", "x[REDACTED_BY_AGENTSECRETS]"]) assert.equal(isSearchable(utf8(text)), true);
});
