import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { parseTarget } from "../../../src/proxy/target.ts";
import "../../support/runs.ts";

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "not absolute http(s)": [
    "",
    "api.stripe.com",
    "/v1",
    "//api.stripe.com",
    "ftp://a.com",
    "file:///etc/passwd",
    "data:,x",
  ],
  "one slash or none": ["https:/api.stripe.com", "https:api.stripe.com", "https:\\\\api.stripe.com"],
  "user info": ["https://u@api.stripe.com/", "https://u:p@api.stripe.com", "https://api.stripe.com@evil.example/"],
  "two readings of the host": [
    "https://api.stripe.com\\@evil.example",
    "https://api%2estripe.com",
    "https://a%00b.com",
  ],
  "spaces and control characters": [
    "https://api.stripe.com/ x",
    "https://api.stripe.com/\r\nX: 1",
    "https://a.com/\0",
    " https://a.com",
  ],
  "characters that stand for others": [
    "https://ａpi.stripe.com/",
    "https://api。stripe.com/",
    "https://api.ſtripe.com",
  ],
  "no host": ["https://", "https:///path", "https://:443/"],
  "bad port": ["https://api.stripe.com:99999/", "https://api.stripe.com:x/"],
  "too long": [`https://api.stripe.com/${"a".repeat(40_000)}`],
};

Deno.test("P6 a target that two readers could understand differently is refused", () => {
  for (const [what, texts] of Object.entries(REFUSED)) {
    for (const text of texts) {
      assert.throws(() => parseTarget(text), (e) => isAppError(e, "invalid_target"), `${what}: ${text.slice(0, 60)}`);
    }
  }
});

const PARSED: readonly (readonly [text: string, href: string])[] = [
  ["HTTPS://API.Stripe.com:443/v1?a=%7e#x", "https://api.stripe.com/v1?a=%7e"],
  ["https://api.stripe.com./v1", "https://api.stripe.com/v1"],
  ["https://0x7f.1/", "https://127.0.0.1/"],
  ["https://2130706433/", "https://127.0.0.1/"],
  ["https://017700000001/", "https://127.0.0.1/"],
  ["https://[0:0:0:0:0:ffff:7f00:1]/", "https://[::ffff:7f00:1]/"],
  ["https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"],
  ["https://api.stripe.com/a/../b//c", "https://api.stripe.com/b//c"],
];

Deno.test("a target has one parsed form, which is all that is used", () => {
  for (const [text, href] of PARSED) assert.equal(parseTarget(text).href, href);
});

Deno.test("whatever is parsed has a lower-case host without user info, fragment or trailing dot", () => {
  const host = fc.stringMatching(/^[A-Za-z0-9.@:\\%#?\/\u00e4\uff0e-]{1,30}$/);
  fc.assert(fc.property(host, fc.string(), (authority, path) => {
    let url: URL;
    try {
      url = parseTarget(`https://${authority}/${path}`);
    } catch (error) {
      return assert.ok(isAppError(error, "invalid_target"));
    }
    assert.equal(url.username + url.password + url.hash, "");
    assert.equal(url.hostname, url.hostname.toLowerCase());
    assert.equal(url.hostname.endsWith("."), false);
    assert.ok(/^[\x21-\x7e]+$/.test(url.hostname));
  }));
});
