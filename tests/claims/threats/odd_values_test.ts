/** Values that are hard to find, said back in every spelling through the real engine (proxy.md, "secret whose value contains …"). */
import assert from "node:assert/strict";
import { concat, utf8 } from "../../../src/kernel/bytes.ts";
import { MAX_VALUE_BYTES, REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { EMBEDDINGS, SPELLINGS } from "../../unit/proxy/redact/corpus.ts";
import { leak } from "../../unit/proxy/redact/leaks.ts";
import { withDoor } from "../../support/listener.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";
import { bytesOf, latin1, rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";

/** Digits that do not repeat within any window that a reader would take for the value. */
const LONG = Array.from({ length: MAX_VALUE_BYTES / 8 }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 0).toString(16))
  .map((text) => text.padStart(8, "0")).join("");

/** How each value is used, and what the upstream sees of it. */
interface Odd {
  readonly value: string | Uint8Array;
  readonly injection: string;
  readonly method?: string;
  readonly body?: string;
}

const ODD: Readonly<Record<string, Odd>> = {
  "the marker in its middle": { value: `left-half${REDACTION_MARKER}right-half`, injection: "bearer" },
  "the marker at its beginning": { value: `${REDACTION_MARKER}-and-more-of-it`, injection: "header-x-key" },
  "a newline": { value: "first-line-0123\nsecond-line-4567\r\nthird-line-89ab\n", injection: "query-k" },
  "quotes, escapes and signs": { value: 'a"b\\c%41&amp;+=/<é€😀>~end', injection: "form-k", method: "POST" },
};

/** Sets KEY, calls with it once, and hands on what asks the upstream for any body. */
async function withValue(
  { value, injection, method = "GET", body = "" }: Odd,
  work: (ask: (body: Uint8Array) => Promise<string>, sent: string) => Promise<void>,
): Promise<void> {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "nothing yet")));
  await withDoor(async ({ listener: { port }, engine }) => {
    await engine.set("KEY", value);
    const headers = [`x-as-target-url: ${upstream.origin}/`, `x-as-inject-${injection}: KEY`, "connection: close"];
    const request = proxyHead(port, [...headers, `content-length: ${body.length}`], method) + body;
    const ask = async (echo: Uint8Array): Promise<string> => {
      upstream.script = (exchange) => exchange.write(rawAnswer(["content-type: text/plain"], echo));
      const answer = await exchange(port, method === "GET" ? request.replace(/content-length: 0\r\n/, "") : request);
      assert.match(answer, /^HTTP\/1\.1 200 /, answer.slice(0, 500));
      return bodyOf(answer);
    };
    await ask(utf8("first"));
    await work(ask, upstream.heads[0]!);
  }, { allow: [upstream.origin] });
}

/** What a reader who knows the marker sees between the markers. */
function around(text: string): Uint8Array {
  return bytesOf(text.split(REDACTION_MARKER).join("\0<>\0"));
}

for (const [what, odd] of Object.entries(ODD)) {
  const value = odd.value as string;
  Deno.test(`P2 a value with ${what} does not come back in any spelling or embedding`, async () => {
    await withValue(odd, async (ask, sent) => {
      const spelled = { ...SPELLINGS, ...EMBEDDINGS };
      for (const [spelling, spell] of Object.entries(spelled)) {
        const echo = spell(value);
        const bytes = concat(utf8("<!"), typeof echo === "string" ? utf8(echo) : echo, utf8("!>"));
        const text = await ask(bytes);
        assert.equal(leak(around(text), utf8(value)), undefined, `${spelling}: ${text}`);
        assert.ok(text.includes(REDACTION_MARKER), `${spelling}: ${text}`);
      }
      assert.equal(sent.includes(REDACTION_MARKER), value.includes(REDACTION_MARKER), "the upstream got the value");
      assert.equal(await ask(utf8("nothing of it: left-hal")), "nothing of it: left-hal");
    });
  });
}

/** Spellings of bytes that are no text. */
const OF_BYTES: Readonly<Record<string, (bytes: Uint8Array) => string>> = {
  "as they are": latin1,
  "percent-encoded": (bytes) => Array.from(bytes, (b) => `%${b.toString(16).padStart(2, "0")}`).join(""),
  "percent-encoded in capitals": (bytes) =>
    Array.from(bytes, (b) => `%${b.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
  "\\x of each": (bytes) => Array.from(bytes, (b) => `\\x${b.toString(16).padStart(2, "0")}`).join(""),
  hex: (bytes) => bytes.toHex(),
  "hex in capitals": (bytes) => bytes.toHex().toUpperCase(),
  base64: (bytes) => bytes.toBase64(),
  "base64 without padding": (bytes) => bytes.toBase64({ omitPadding: true }),
  base64url: (bytes) => bytes.toBase64({ alphabet: "base64url" }),
  "base64 after one byte": (bytes) => concat(utf8("~"), bytes, utf8("~")).toBase64(),
  "base64 after two bytes": (bytes) => concat(utf8("~~"), bytes, utf8("~~")).toBase64(),
  "base64url after two bytes": (bytes) => concat(utf8("~~"), bytes).toBase64({ alphabet: "base64url" }),
};

Deno.test("P2 a value that is no UTF-8 goes out byte for byte and comes back in no form", async () => {
  const value = Uint8Array.of(0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0xf8, 0x88, 0xc0, 0xaf, 0xe2, 0x82, 0xfb, 0xef);
  for (const injection of ["header-x-key", "bearer", "query-k"]) {
    await withValue({ value, injection }, async (ask, sent) => {
      const form = injection === "query-k" ? OF_BYTES["percent-encoded in capitals"]! : latin1;
      assert.ok(sent.includes(form(value)), sent);
      for (const [spelling, spell] of Object.entries(OF_BYTES)) {
        const text = await ask(bytesOf(`<!${spell(value)}!>`));
        assert.equal(leak(around(text), value), undefined, `${injection}, ${spelling}`);
        assert.ok(text.includes(REDACTION_MARKER), `${injection}, ${spelling}`);
      }
      assert.equal(await ask(value.subarray(0, 9)), latin1(value.subarray(0, 9)));
    });
  }
});

Deno.test("P2 a value of 64 KiB is replaced whole in every form", async () => {
  const spellings = ["as it is", "percent-encoded, every byte", "hex", "base64"];
  await withValue({ value: LONG, injection: "form-k", method: "POST", body: "a=1" }, async (ask) => {
    for (const spelling of spellings) {
      const echo = SPELLINGS[spelling]!(LONG) as string;
      assert.equal(await ask(bytesOf(`<!${echo}!>`)), `<!${REDACTION_MARKER}!>`, spelling);
    }
    for (const lead of ["~", "~~"]) {
      const text = await ask(bytesOf(btoa(`${lead}${LONG}${lead}`)));
      assert.ok(text.length < REDACTION_MARKER.length + 12 && text.includes(REDACTION_MARKER), text.slice(0, 200));
    }
  });
});
