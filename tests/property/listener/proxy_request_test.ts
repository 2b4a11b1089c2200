/** The door's parser: whatever a caller sends is a call or a refusal, and nothing of ours goes to the upstream. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { guardRequest } from "../../../src/listener/guard.ts";
import { readHead } from "../../../src/listener/head.ts";
import { proxyRequest } from "../../../src/listener/proxy_request.ts";
import { parseCallRequest } from "../../../src/proxy/request.ts";
import "../../support/runs.ts";

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,16}$/);
const ours = fc.constantFrom(
  "X-AS-Target-URL",
  "X-AS-Method",
  "X-AS-Inject-Bearer",
  "x-as-inject-basic",
  "X-AS-Inject-Query-app%49d",
  "X-AS-Inject-Header-X-Key",
  "X-AS-Inject-Body-a.b",
  "X-AS-Inject-Cookie-id",
  "X-AS-Project",
  "X-AS-Agent-ID",
);
const name = fc.oneof(ours, token.map((text) => `X-AS-${text}`), token.map((text) => `X-AS-Inject-${text}`), token);
const value = fc.oneof(
  fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,30}[\x21-\x7e\x80-\xff])?$/),
  fc.constantFrom("STRIPE_KEY", "https://api.example.test/a?b=c", "http://127.0.0.1/", "POST", "%", "%zz", "a-b"),
);
const lines = fc.array(fc.tuple(name, value), { maxLength: 8 });

const CALLER = { level: "anonymous", agentId: "", tokenId: "", sessionId: "" } as const;

Deno.test("any headers give a call or a refusal, and no header of ours leaves", () => {
  fc.assert(fc.property(lines, fc.constantFrom("GET", "POST", "DELETE"), (headers, method) => {
    const request = new Request("http://localhost:8765/proxy", { method, headers });
    try {
      const call = parseCallRequest(proxyRequest(readHead(request), null, CALLER));
      assert.ok(["https:", "http:"].includes(call.url.protocol));
      assert.equal(call.url.username + call.url.password, "");
      for (const [name] of call.headers) assert.ok(!name.toLowerCase().startsWith("x-as-"), name);
      for (const { secret } of call.injections) assert.match(secret, /^[A-Za-z_][A-Za-z0-9_.-]*$/);
    } catch (error) {
      assert.ok(isAppError(error), String(error));
    }
  }));
});

Deno.test("only the names of this machine with our port pass the guard, and no request of a page", () => {
  const host = fc.oneof(
    fc.constantFrom("localhost:8765", "127.0.0.1:8765", "[::1]:8765", "LOCALHOST:8765"),
    fc.stringMatching(/^[a-z0-9.:\[\]-]{1,20}$/),
    fc.stringMatching(/^localhost[.a-z]{0,4}(:8765)?$/),
  );
  fc.assert(
    fc.property(host, fc.option(fc.constantFrom("Origin", "Sec-Fetch-Site", "Sec-Fetch-Dest")), (text, sent) => {
      const headers = new Headers({ host: text, ...(sent === null ? {} : { [sent]: "x" }) });
      const ours = ["localhost:8765", "127.0.0.1:8765", "[::1]:8765"].includes(text.toLowerCase());
      const pass = (): void => guardRequest(readHead({ method: "GET", url: "http://x/", headers }), 8765);
      if (ours && sent === null) pass();
      else assert.throws(pass, (error) => isAppError(error, "host_refused", "browser_refused"));
    }),
  );
});
