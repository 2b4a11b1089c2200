/** Whatever path a caller sends behind `/proxy`, the call goes to the origin of the header, and to that very path. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { targetOf } from "../../../src/listener/target_of.ts";
import { parseTarget } from "../../../src/proxy/target.ts";
import "../../support/runs.ts";

const piece = fc.oneof(
  fc.constantFrom(
    "/",
    "//",
    "..",
    ".",
    "%2e",
    "%2E",
    "%2f",
    "%5c",
    "\\",
    "@",
    ":",
    "?",
    "#",
    "&",
    "=",
    "%",
    "evil.example",
  ),
  fc.stringMatching(/^[!-~]{0,8}$/),
);
const path = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

/** Undone: what a URL parser escapes in any URL, and which means the same (WHATWG URL §1.3). */
function unescaped(text: string): string {
  return text.replace(/%(22|27|3C|3E|5E|60|7B|7D)/gi, (escape) => decodeURIComponent(escape));
}

Deno.test("P11 a path behind /proxy never moves a call to another origin or another path", () => {
  fc.assert(fc.property(path, fc.constantFrom("https://api.example.test", "http://localhost:1234"), (rest, origin) => {
    const own = new Map([["x-as-target-origin", origin]]);
    try {
      const url = parseTarget(targetOf({ asked: `/proxy/${rest}`, own }));
      assert.equal(url.origin, origin);
      // An empty query is no query.
      assert.equal(unescaped(url.pathname + url.search), unescaped(`/${rest}`.replace(/^([^?]*)\?$/, "$1")));
    } catch (error) {
      assert.ok(isAppError(error, "bad_request", "invalid_target"), String(error));
    }
  }));
});
