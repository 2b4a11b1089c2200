/** One written form for an entry, and a match that means what the entry says, for any text. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { type AllowlistEntry, matchesAllowlistEntry, parseAllowlistEntry } from "../../../src/proxy/allowlist_entry.ts";
import { parseTarget } from "../../../src/proxy/target.ts";
import { runs } from "../../support/runs.ts";

const host = fc.oneof(
  fc.stringMatching(/^[a-cA-C0-9.-]{1,12}$/),
  fc.constantFrom(
    "api.example.com",
    "example.com",
    "xn--bcher-kva.example",
    "b\u00fccher.example",
    "127.0.0.1",
    "[::1]",
    "0x7f.1",
  ),
);
const scheme = fc.constantFrom("", "", "https://", "http://", "HTTPS://");
const port = fc.oneof(fc.constant(""), fc.constantFrom(":443", ":80", ":8443", ":0", ":99999", ":"));
const entryText = fc.oneof(
  fc.tuple(scheme, fc.constantFrom("", "", "*."), host, port, fc.constantFrom("", "/")).map((parts) => parts.join("")),
  fc.string({ maxLength: 20, unit: "grapheme" }),
);

function parsed(text: string): AllowlistEntry | undefined {
  try {
    return parseAllowlistEntry(text);
  } catch (error) {
    assert.ok(isAppError(error, "invalid_allowlist_entry"), String(error));
    return undefined;
  }
}

function target(text: string): URL | undefined {
  try {
    return parseTarget(text);
  } catch {
    return undefined;
  }
}

Deno.test("an entry's written form parses to the same entry", () => {
  fc.assert(fc.property(entryText, (text) => {
    const entry = parsed(text);
    if (entry !== undefined) assert.deepEqual(parseAllowlistEntry(entry.text), entry);
  }));
});

/** An entry and a target that may be what it means: of the same host or below it, on its port or another. */
const pair = fc.record({
  scheme: fc.constantFrom("", "", "https://", "http://"),
  star: fc.constantFrom("", "*."),
  host: fc.constantFrom("api.example.com", "example.com", "b\u00fccher.example", "127.0.0.1", "[::1]"),
  port: fc.constantFrom("", "", ":443", ":8443"),
  to: fc.constantFrom("https://", "https://", "http://"),
  below: fc.constantFrom("", "a.", "b.a.", "a"),
  other: fc.constantFrom(undefined, "", ":80", ":443", ":8443"),
}).map(({ scheme, star, host, port, to, below, other }) =>
  [`${scheme}${star}${host}${port}`, `${to}${below}${host}${other ?? port}`] as const
);

Deno.test("what matches has the entry's host, scheme and port, or is below its wildcard", () => {
  const url = fc.tuple(fc.constantFrom("https://", "http://"), fc.constantFrom("", "", "a."), host, port);
  const strangers = fc.tuple(entryText, url.map((parts) => parts.join("")));
  let matched = 0;
  fc.assert(
    fc.property(fc.oneof({ weight: 3, arbitrary: pair }, { weight: 1, arbitrary: strangers }), ([text, url]) => {
      const entry = parsed(text), to = target(url);
      if (entry === undefined || to === undefined || !matchesAllowlistEntry(entry, to)) return;
      matched++;
      assert.equal(to.protocol, `${entry.scheme}:`);
      assert.equal(Number(to.port || (entry.scheme === "https" ? 443 : 80)), entry.port);
      if (entry.wildcard) assert.ok(to.hostname.endsWith(`.${entry.host}`));
      else assert.equal(to.hostname, entry.host);
    }),
    runs(2_000),
  );
  assert.ok(matched > 0, "nothing matched, so nothing was shown");
});
