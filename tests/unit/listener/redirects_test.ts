import assert from "node:assert/strict";
import fc from "fast-check";
import { readHead } from "../../../src/listener/head.ts";
import { withSafeRedirect } from "../../../src/listener/redirects.ts";

const ORIGIN = "https://api.example.com";

interface Case {
  readonly token?: string;
  readonly status?: number;
  /** Behind the base URL; default: the whole URL in a header. */
  readonly path?: string;
}

/** The names and values of what comes back for one `Location`. */
function answerTo(location: string, { token, status = 302, path }: Case = {}): readonly (readonly [string, string])[] {
  const headers = new Headers(token === undefined ? {} : { [token]: "a-token" });
  const url = `http://localhost:8765/proxy${path ?? ""}`;
  const answer = { status, headers: [["Location", location], ["X-AS-Location", "https://lie.example/"]], body: null };
  const target = `${ORIGIN}${path ?? "/v1/a"}`;
  return withSafeRedirect(answer as never, readHead({ method: "GET", url, headers }), target).headers;
}

const AWAY = [
  "https://evil.example/x",
  "//evil.example/x",
  "/\\evil.example",
  "\\\\evil.example",
  "http://localhost:9999/",
  `http://api.example.com/`,
  "https://api.example.com:8443/",
  "https://api.example.com.evil.example/",
  "https://u@evil.example@x.example/",
  "HTTPS://EVIL.EXAMPLE",
  " https://evil.example",
  "data:text/plain,x",
  "https://",
];

Deno.test("P65 behind a base URL a redirect within the origin leads through the proxy again, path and query as they are", () => {
  const path = "/v1/models/a?x=1";
  for (
    const [location, expected] of [
      ["/v2/b?y=%20z&z=%2F#part", "/proxy/v2/b?y=%20z&z=%2F#part"],
      ["b", "/proxy/v1/models/b"],
      ["../b/", "/proxy/v1/b/"],
      ["?page=2", "/proxy/v1/models/a?page=2"],
      [`${ORIGIN}/v2`, "/proxy/v2"],
      [`${ORIGIN}:443/v2`, "/proxy/v2"],
      ["HTTPS://API.EXAMPLE.COM/v2", "/proxy/v2"],
      ["//api.example.com//odd", "/proxy//odd"],
      ["https://user@api.example.com/v2", "/proxy/v2"],
      ["/../../forget", "/proxy/forget"],
      ["/caf\xe9?q=a b|c", "/proxy/caf%C3%A9?q=a%20b|c"],
      [".", "/proxy/v1/models/"],
      ["", "/proxy/v1/models/a?x=1"],
    ] as const
  ) {
    for (const status of [301, 302, 303, 307, 308]) {
      assert.deepEqual(answerTo(location, { path, status })[0], ["Location", expected], location);
    }
    assert.deepEqual(answerTo(location, { path, token: "x-as-session" }), [["Location", expected]], location);
    assert.deepEqual(answerTo(location, { path, status: 201 })[0], ["Location", location], "no redirect");
  }
});

Deno.test("P65 P2 what a parser would put together from a redirect's text, after the search for credentials, is not put together", () => {
  const path = "/v1/a";
  for (
    const location of [
      "/v2?key=sk_live_01\t23456789",
      "/sk_live/./0123456789",
      "/sk_live/x/../0123456789",
      "/sk_live/%2e/0123456789",
      "/sk_live\\0123456789",
      "../v2/./b",
      `${ORIGIN}/a/../b`,
    ]
  ) {
    assert.deepEqual(answerTo(location, { path })[0], ["Location", location]);
    assert.deepEqual(answerTo(location, { path, token: "x-as-session" }), [["X-AS-Location", location]]);
  }
});

Deno.test("P65 with a token no redirect that a client would follow leads away from the proxy: it is told in X-AS-Location", () => {
  for (const token of ["x-as-session", "x-as-agent-token"]) {
    for (const location of AWAY) {
      for (const path of [undefined, "/v1/a"]) {
        const expected = [["X-AS-Location", location]];
        assert.deepEqual(answerTo(location, { token, ...(path === undefined ? {} : { path }) }), expected, location);
      }
    }
    // Without a base URL nothing can be followed here: the request's header would still name the first place.
    for (const location of [`${ORIGIN}/v2`, "/v2", ""]) {
      assert.deepEqual(answerTo(location, { token }), [["X-AS-Location", location]], location);
    }
  }
});

Deno.test("without a token the whole-URL form hands redirects on as they are, and so does a base URL those to elsewhere", () => {
  for (const location of [...AWAY, "/v2", `${ORIGIN}/v2`]) {
    assert.deepEqual(answerTo(location)[0], ["Location", location]);
  }
  for (const location of AWAY) assert.deepEqual(answerTo(location, { path: "/v1/a" })[0], ["Location", location]);
});

Deno.test("P65 whatever an upstream says, with a token a parser that follows it stays at the door", () => {
  const part = fc.constantFrom(
    "/",
    "\\",
    ":",
    "//",
    "..",
    "@",
    "?",
    "#",
    "%2f",
    "evil.example",
    "https:",
    "http:",
    " ",
    "\t",
    "x",
  );
  const location = fc.oneof(
    fc.webUrl({ withFragments: true }),
    fc.string(),
    fc.array(part).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(location, fc.constantFrom(undefined, "/v1/a"), (text, path) => {
    const headers = answerTo(text, { token: "x-as-session", ...(path === undefined ? {} : { path }) });
    for (const [name, value] of headers) {
      if (name !== "Location") continue;
      const followed = new URL(value, `http://localhost:8765/proxy${path ?? ""}`);
      assert.equal(followed.origin, "http://localhost:8765");
      if (path !== undefined) assert.ok(followed.pathname.startsWith("/proxy/"), value);
    }
  }));
});
