/** Which proxy is meant, and what goes past it. */
import assert from "node:assert/strict";
import { goesThrough, proxySettings } from "../../../../../src/adapters/upstream/proxy/settings.ts";
import { isAppError } from "../../../../../src/kernel/error.ts";

Deno.test("a proxy is an origin, with or without TLS, a user and a password", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["http://proxy.example:3128", { isSecure: false, host: "proxy.example", port: 3128, authorization: undefined }],
    ["http://proxy.example/", { isSecure: false, host: "proxy.example", port: 80, authorization: undefined }],
    ["https://[2001:db8::1]", { isSecure: true, host: "2001:db8::1", port: 443, authorization: undefined }],
    ["http://a%40b:p%3A%20w@10.0.0.1:8080", {
      isSecure: false,
      host: "10.0.0.1",
      port: 8080,
      authorization: `Basic ${btoa("a@b:p: w")}`,
    }],
    ["http://only@p.example", {
      isSecure: false,
      host: "p.example",
      port: 80,
      authorization: `Basic ${btoa("only:")}`,
    }],
  ];
  for (const [text, proxy] of cases) assert.deepEqual(proxySettings(text, {}), { proxy, except: [] }, text);
});

Deno.test("what is no proxy is refused without being quoted: it may hold a password", () => {
  const refused = [
    "",
    "proxy.example:3128",
    "socks5://u:hunter22@p.example",
    "http://u:hunter22@p.example/path",
    "http://u:hunter22@p.example/?q",
    "http://u:hunter22%zz@p.example",
    "ENV",
    "http://",
  ];
  for (const text of refused) {
    assert.throws(
      () => proxySettings(text, { HTTPS_PROXY: "http://p.example" }),
      (e) => isAppError(e, "usage") && !JSON.stringify([e.message, e.fields]).includes("hunter22"),
      text,
    );
  }
});

Deno.test("P7 the environment counts when it was asked for, lower case first, and not when it names nothing", () => {
  const host = (environment: Record<string, string>): string | undefined =>
    proxySettings("env", environment)?.proxy.host;
  assert.equal(host({ HTTPS_PROXY: "http://upper.example", https_proxy: "http://lower.example" }), "lower.example");
  assert.equal(host({ HTTPS_PROXY: "upper.example:3128" }), "upper.example");
  assert.equal(host({ ALL_PROXY: "http://all.example" }), "all.example");
  assert.equal(host({ HTTP_PROXY: "http://plain.example", HTTPS_PROXY: "" }), undefined);
  assert.equal(proxySettings("http://p.example", { NO_PROXY: "*" })?.except.length, 0);
});

Deno.test("NO_PROXY names hosts with all below, ports, addresses and blocks; this machine never goes through", () => {
  const through = (entries: string, target: string): boolean => {
    const settings = proxySettings("env", { HTTPS_PROXY: "http://p.example", NO_PROXY: entries });
    return goesThrough(settings!, new URL(target));
  };
  const past: readonly (readonly [string, string])[] = [
    ["*", "https://any.example/"],
    ["example.com", "https://example.com/"],
    ["example.com", "https://api.example.com/"],
    [".Example.com", "https://api.example.com/"],
    ["*.example.com", "https://api.example.com/"],
    ["a.example, example.com", "https://example.com/"],
    ["a.example example.com.", "https://example.com/"],
    ["example.com:8443", "https://example.com:8443/"],
    ["example.com:443", "https://example.com/"],
    ["10.0.0.0/8", "https://10.1.2.3/"],
    ["10.1.2.3", "https://10.1.2.3:8443/"],
    ["fd00::/8", "https://[fd00::1]/"],
    ["[fd00::1]:443", "https://[fd00::1]/"],
    ["", "https://localhost:8443/"],
    ["", "https://api.localhost/"],
    ["", "http://127.0.0.1:3000/"],
    ["", "https://127.9.9.9/"],
    ["", "https://[::1]/"],
    ["", "https://[::ffff:127.0.0.1]/"],
  ];
  for (const [entries, target] of past) assert.equal(through(entries, target), false, `${entries} ${target}`);
  const not: readonly (readonly [string, string])[] = [
    ["", "https://api.example.com/"],
    ["example.com", "https://notexample.com/"],
    ["example.com", "https://example.com.evil.example/"],
    ["example.com:8443", "https://example.com/"],
    ["10.0.0.0/8", "https://11.0.0.1/"],
    ["10.0.0.0/8", "https://[fd00::1]/"],
    ["10.1.2.3", "https://10.1.2.4/"],
    ["example.com", "https://10.0.0.1/"],
    ["com:x", "https://example.com/"],
  ];
  for (const [entries, target] of not) assert.equal(through(entries, target), true, `${entries} ${target}`);
});
