import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import {
  parseEmail,
  parseEnvironmentName,
  parseProjectName,
  parseSecretName,
  parseWorkspaceName,
  showable,
} from "../../../src/kernel/names.ts";

const PARSERS: readonly {
  readonly name: string;
  readonly parse: (text: string) => string;
  readonly good: readonly string[];
  readonly bad: readonly string[];
}[] = [
  {
    name: "parseSecretName()",
    parse: parseSecretName,
    good: ["A", "_", "STRIPE_KEY", "a1", "A".repeat(128)],
    bad: ["", "1A", "A-B", "A B", "A=B", "Ä", "A\n", "A".repeat(129), "$(id)", "A\0"],
  },
  {
    name: "parseProjectName()",
    parse: parseProjectName,
    good: ["my-app", "a", "0", "a.b_c-d", "x".repeat(64)],
    bad: ["", ".hidden", "-x", "..", "a/b", "a\\b", "a b", "x".repeat(65), "é", "a\n"],
  },
  {
    name: "parseWorkspaceName()",
    parse: parseWorkspaceName,
    good: ["Personal", "Acme Engineering", "Ünïcödé 株式会社", "x".repeat(64)],
    bad: ["", " ", " a", "a ", "a\nb", "a\u202eb", "a\u200bb", "\ud800", "x".repeat(65), "\x1b[31m"],
  },
  {
    name: "parseEnvironmentName()",
    parse: parseEnvironmentName,
    good: ["development", "staging", "production", "eu-1", "0"],
    bad: ["", "Production", "-a", "a_b", "a b", "x".repeat(33)],
  },
  {
    name: "parseEmail()",
    parse: parseEmail,
    good: ["you@example.com", "a.b+c@d", "ü@example.com"],
    bad: ["", "you", "@x", "x@", "a b@c", "a@b c", "a@b\nc", "<a@b>", "a@b,c@d", "\u202ea@b"],
  },
];

for (const { name, parse, good, bad } of PARSERS) {
  Deno.test(`${name} takes what is a name and keeps it`, () => {
    for (const text of good) assert.equal(parse(text), text);
  });

  Deno.test(`${name} refuses everything else by the catalog, showing only what can be shown`, () => {
    for (const text of bad) {
      assert.throws(() => parse(text), (error) => {
        assert.ok(isAppError(error, "invalid_name"));
        // deno-lint-ignore no-control-regex -- none of them may be shown
        assert.doesNotMatch(error.message, /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e]/);
        return true;
      }, JSON.stringify(text));
    }
  });
}

Deno.test("showable() never passes a control, an invisible or a direction character, nor more than 60 characters", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
    const shown = showable(text);
    assert.ok(shown.length <= 60);
    // deno-lint-ignore no-control-regex -- none of them may be shown
    assert.doesNotMatch(shown, /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/);
  }));
});

Deno.test("parseWorkspaceName() and parseEmail() write one name one way", () => {
  assert.equal(parseWorkspaceName("Cafe\u0301"), "Café");
  assert.equal(parseEmail(" You@Example.COM "), "you@example.com");
});
