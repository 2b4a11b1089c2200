import assert from "node:assert/strict";
import { replaceSection } from "../../../bench/report.ts";

const DOCUMENT =
  "# P\n\n<!-- bench:a -->\n\nold\n\n<!-- /bench:a -->\n\n<!-- bench:b -->\n\nkept\n\n<!-- /bench:b -->\n";

Deno.test("a bench writes its own section and leaves the others", () => {
  const after = replaceSection(DOCUMENT, "a", "new $& $1");
  assert.equal(after, DOCUMENT.replace("old", () => "new $& $1"));
  assert.equal(replaceSection(after, "a", "old"), DOCUMENT);
});

Deno.test("a section that is not there yet comes last", () => {
  const after = replaceSection(DOCUMENT, "c", "x");
  assert.ok(
    after.startsWith(DOCUMENT.trimEnd()) && after.endsWith("## c\n\n<!-- bench:c -->\n\nx\n\n<!-- /bench:c -->\n"),
  );
});
