import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import {
  matchesAllowlistEntry,
  parseAllowlistEntry,
  parseNewAllowlistEntry,
} from "../../../src/proxy/allowlist_entry.ts";

const NORMALISED: readonly (readonly [typed: string, text: string])[] = [
  ["api.stripe.com", "api.stripe.com"],
  ["API.Stripe.COM.", "api.stripe.com"],
  ["api.stripe.com:443", "api.stripe.com"],
  ["api.stripe.com:8443", "api.stripe.com:8443"],
  ["*.Stripe.com", "*.stripe.com"],
  ["https://api.stripe.com/", "https://api.stripe.com"],
  ["HTTPS://api.stripe.com:443", "https://api.stripe.com"],
  ["http://printer.example:80", "http://printer.example"],
  ["https://localhost:8443", "https://localhost:8443"],
  ["https://127.0.0.1:8443/", "https://127.0.0.1:8443"],
  ["https://[::1]:8443", "https://[::1]:8443"],
  ["93.184.216.34", "93.184.216.34"],
  ["bücher.example", "xn--bcher-kva.example"],
  ["пример.рф", "xn--e1afmkfd.xn--p1ai"],
  ["例え.jp", "xn--r8jz45g.jp"],
];

const REFUSED: readonly string[] = [
  "",
  " ",
  "a b.com",
  "a\u200bb.com",
  "a\nb.com",
  "https://user@api.stripe.com",
  "user:pass@api.stripe.com",
  "api.stripe.com/v1",
  "https://api.stripe.com/v1",
  "api.stripe.com?x",
  "api.stripe.com#x",
  "api.stripe.com\\@evil.example",
  "api%2estripe.com",
  "ftp://api.stripe.com",
  "javascript://api.stripe.com",
  "*",
  "*.",
  "*.*.stripe.com",
  "api.*.com",
  "*stripe.com",
  "https://*.stripe.com",
  "*.stripe.com:8443",
  "*.127.0.0.1",
  "api..com",
  "foo.com..",
  "-api.com",
  "api.com:0",
  "api.com:65536",
  "api.com:http",
  "api.com:",
  "::1",
  "[::1]",
  "localhost",
  "a.localhost",
  "127.0.0.1",
  "10.0.0.1:8080",
  "169.254.169.254",
  "0x7f.0.0.1",
  "2130706433",
  "017700000001",
  "https://0x7f.1",
  "https://127.1:8443",
  "https://[0:0::1]:8443",
  "https://[::ffff:127.0.0.1]",
  "ａpi.com",
  "аpi.stripe.com",
  "аррӏе.com",
  "ɡοοgle.com",
  "api。stripe.com",
  "api.stripe.com⁄v1",
  `${"a".repeat(64)}.com`,
  `${"a.".repeat(200)}com`,
];

Deno.test("an allowlist entry has one spelling", () => {
  for (const [typed, text] of NORMALISED) {
    assert.equal(parseAllowlistEntry(typed).text, text, typed);
    assert.deepEqual(parseAllowlistEntry(text), parseAllowlistEntry(typed), typed);
  }
});

Deno.test("P6 what is ambiguous, private without an origin, or not what it looks like is no entry", () => {
  for (const typed of REFUSED) {
    assert.throws(() => parseAllowlistEntry(typed), (e) => isAppError(e, "invalid_allowlist_entry"), typed);
  }
});

Deno.test("a wildcard before a public suffix is refused when a person adds it", async () => {
  for (const typed of ["*.com", "*.co.uk", "*.github.io", "*.internal", "*.s3.amazonaws.com"]) {
    await assert.rejects(parseNewAllowlistEntry(typed), (e) => isAppError(e, "invalid_allowlist_entry"), typed);
  }
  assert.equal((await parseNewAllowlistEntry("*.stripe.com")).text, "*.stripe.com");
  assert.equal((await parseNewAllowlistEntry("*.somebody.github.io")).text, "*.somebody.github.io");
});

const MATCHES: readonly (readonly [entry: string, target: string, matches: boolean])[] = [
  ["api.stripe.com", "https://api.stripe.com/v1", true],
  ["api.stripe.com", "https://API.STRIPE.COM:443/v1", true],
  ["api.stripe.com", "http://api.stripe.com/", false],
  ["api.stripe.com", "https://api.stripe.com:8443/", false],
  ["api.stripe.com", "https://stripe.com/", false],
  ["api.stripe.com", "https://x.api.stripe.com/", false],
  ["api.stripe.com", "https://api.stripe.com.evil.example/", false],
  ["api.stripe.com", "https://evil-api.stripe.com/", false],
  ["api.stripe.com", "https://evil.example/api.stripe.com", false],
  ["api.stripe.com:8443", "https://api.stripe.com:8443/", true],
  ["api.stripe.com:8443", "https://api.stripe.com/", false],
  ["*.stripe.com", "https://api.stripe.com/", true],
  ["*.stripe.com", "https://a.b.stripe.com/", true],
  ["*.stripe.com", "https://stripe.com/", false],
  ["*.stripe.com", "https://evilstripe.com/", false],
  ["*.stripe.com", "https://api.stripe.com:8443/", false],
  ["*.stripe.com", "http://api.stripe.com/", false],
  ["http://printer.example", "http://printer.example/x", true],
  ["http://printer.example", "https://printer.example/x", false],
  ["https://127.0.0.1:8443", "https://0x7f.1:8443/", true],
  ["https://127.0.0.1:8443", "https://127.0.0.2:8443/", false],
  ["https://[::1]:8443", "https://[0:0:0::1]:8443/", true],
];

Deno.test("P6 an entry matches its own host, port and scheme and nothing beside them", () => {
  for (const [entry, target, matches] of MATCHES) {
    assert.equal(matchesAllowlistEntry(parseAllowlistEntry(entry), new URL(target)), matches, `${entry} ${target}`);
  }
});
