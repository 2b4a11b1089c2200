import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { parseInjections } from "../../../src/proxy/injection.ts";

const REFUSED_PLACES: readonly string[] = [
  "",
  "bearer:x",
  "basic:",
  "digest",
  "header",
  "header:",
  "header:X Y",
  "header:X\r\nY",
  "header:Host",
  "header:content-length",
  "header:Transfer-Encoding",
  "header:Connection",
  "header:Expect",
  "header:X-AS-Target-URL",
  "header:Proxy-Authorization",
  "header:Accept-Encoding",
  "query:",
  "query:a\nb",
  "query:a\0b",
  "body:",
  "body:a..b",
  "body:-a",
  "body:a.",
  "body:a%zz",
  "form:",
  `query:${"a".repeat(600)}`,
];

Deno.test("P11 a place that is none, or that steers the connection, is refused before anything is resolved", () => {
  for (const place of REFUSED_PLACES) {
    assert.throws(() => parseInjections([[place, "KEY"]]), (e) => isAppError(e, "invalid_injection"), place);
  }
  assert.throws(() => parseInjections([["bearer", "not a name"]]), (e) => isAppError(e, "invalid_name"));
  assert.throws(() => parseInjections([["bearer", "A, B"]]), (e) => isAppError(e, "invalid_name"));
  const many = Array.from({ length: 40 }, (_, i) => [`query:p${i}`, "KEY"] as const);
  assert.throws(() => parseInjections(many), (e) => isAppError(e, "invalid_injection"));
});

const CONFLICTS: readonly (readonly [string, string])[] = [
  ["bearer", "bearer"],
  ["bearer", "basic"],
  ["bearer", "header:authorization"],
  ["header:X-A", "header:x-a"],
  ["query:a", "query:a"],
  ["form:a", "form:a"],
  ["body:a", "body:a"],
  ["body:a.b", "body:a-b"],
  ["body:a", "body:a.b"],
  ["body:a.b.c", "body:a"],
  ["body:a", "form:b"],
  ["form:b", "body:a"],
];

Deno.test("two injections into one place are refused", () => {
  for (const [one, other] of CONFLICTS) {
    const lines = [[one, "A"], [other, "B"]] as const;
    assert.throws(() => parseInjections(lines), (e) => isAppError(e, "injection_conflict"), `${one} ${other}`);
  }
});

Deno.test("places beside each other are no conflict, and a path is split at dots and hyphens but not at their escapes", () => {
  const lines = [
    ["bearer", "A"],
    ["header:X-A", "A"],
    ["query:a", "A"],
    ["query:A", "A"],
    ["body:a.b", "A"],
    ["body:a.c", "A"],
    ["body:ab", "A"],
    ["body:auth-key%2Did%2E1", "A"],
  ] as const;
  const parsed = parseInjections(lines);
  assert.deepEqual(parsed.at(-1), { style: "body", path: ["auth", "key-id.1"], secret: "A" });
});
