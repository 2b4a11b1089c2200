/** Texts that would write a second line, member or colour into the log, and values in URLs (proxy.md, "log injection and values in URLs"). */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { CanarySearch } from "../../support/canary.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { RunningProxy } from "../../support/running_proxy.ts";

const VALUE = "sk_live_canary/in+urls=0123456789";
/** A whole record, as a line that somebody would like to see in the log. */
const FORGED = '{"v":1,"id":"log_forged","status":"OK","reason":"-"}';
const ESCAPES = "\x1b[2J\x1b]0;pwned\x07\x1b[31m";

/** What a caller writes where the log looks; a call, a refusal or no call at all comes of it. */
function hostile(origin: string): readonly (readonly string[])[] {
  const utf8 = (text: string): string => String.fromCharCode(...new TextEncoder().encode(text));
  const paths = [
    `/a%0d%0a${FORGED}`,
    `/a%0a${encodeURIComponent(FORGED)}`,
    `/a","status":"OK","reason":"-"}`,
    `/a\\","b":"`,
    `/a\\u000a\\u001b[2J`,
    `/%1b[2J%1b]0;pwned%07`,
    utf8("/\u2028\u2029\u0085\u202egpj.exe\u200b\ufeff\ud83d\ude00"),
    `/${"%00".repeat(400)}`,
    `/${"x".repeat(20_000)}`,
  ];
  const ids = ['","status":"OK', `a\\u001b[2J`, "{}", "\\", "x".repeat(128), "</script><script>alert(1)</script>"];
  const target = `x-as-target-url: ${origin}/plain`;
  return [
    ...paths.map((path) => [`x-as-target-url: ${origin}${path}`, "x-as-inject-bearer: KEY"]),
    ...paths.map((path) => [`x-as-target-url: https://evil.example${path}`]),
    ...ids.map((id) => [target, `x-as-agent-id: ${id}`]),
    [target, `x-as-agent-id: a\tb`],
    [target, `x-as-agent-id: a b`],
    [target, `x-as-agent-id: ${ESCAPES}`],
    [target, `x-as-agent-id: ${utf8("\u202e\u2028")}`],
    [target, `x-as-method: ${"M".repeat(33)}`],
    [target, `x-as-method: ${FORGED}`],
    [target, "x-as-method: G-E_T9"],
    [target, `x-as-inject-bearer: ${FORGED}`],
    [target, `x-as-inject-query-${encodeURIComponent(FORGED)}: KEY`],
    [target, `x-as-inject-query-%1b%5b2J: KEY`],
    [target, `x-as-inject-header-x'!#$*: KEY`],
    [`x-as-target-url: ${utf8("https://évil\u202e.example/")}`],
    [`x-as-target-url: ${utf8("https://bücher.example/ü")}`],
    [target, `x-as-project: ${FORGED}`],
    [target, `x-as-environment: ../../${FORGED}`],
    [target, `x-own: ${utf8(ESCAPES.replaceAll("\x1b", "\u009b"))}`],
  ];
}

/** An upstream whose every text is hostile too. */
function hostileUpstream(): RawUpstream {
  const lines = ["x-a: \x9b2J", `content-type: text/${FORGED}`, `www-authenticate: Basic realm="${FORGED}"`];
  return new RawUpstream((exchange) => exchange.write(rawAnswer(lines, `\n${FORGED}\n${ESCAPES}`, `299 ${FORGED}`)));
}

Deno.test("P37 whatever callers and upstreams say, the log stays one JSON object a line and shows no control character", async () => {
  await using upstream = hostileUpstream();
  await RunningProxy.run({ origins: [upstream.origin], value: VALUE }, async (proxy) => {
    const { port, sandbox } = proxy;
    let expected = 0;
    for (const headers of hostile(upstream.origin)) {
      const answer = await exchange(port, proxyHead(port, [...headers, "connection: close"]));
      const status = Number(answer.slice(9, 12));
      // Whoever was refused before the engine looked is on no record; whoever was not, on one.
      if (status === 299 || status === 403) expected++;
      else assert.ok([400, 404].includes(status), `${headers.join(" | ")}: ${answer.slice(0, 300)}`);
      if (status !== 299) assertPlain(answer.slice(answer.indexOf("\r\n\r\n") + 4), "a refusal's text");
    }
    const log = await proxy.log();
    assertPlain(log, "the log");
    const records = log.trimEnd().split("\n").map((line) => JSON.parse(line));
    const members = new Set(["error", "covers"]);
    const shape = (record: object): string => Object.keys(record).filter((name) => !members.has(name)).join();
    assert.deepEqual([...new Set(records.map(shape))].length, 1, "no record has a member of its own");
    const calls = records.filter(({ error }) => error === undefined);
    assert.equal(calls.length, expected);
    assert.ok(records.every(({ id, target_url }) => /^log_[0-9A-Z]{26}$/.test(id) && target_url.length <= 2048));
    // What people and programs are shown of it.
    const text = await sandbox.ok(["proxy", "logs", "--output", "text"]);
    assertPlain(text, "the table");
    assert.equal(text.trimEnd().split("\n").length, records.length);
    assertPlain(await sandbox.ok(["proxy", "logs"]), "the lines for programs");
    const shown = await sandbox.json(["proxy", "logs"]) as { records: { agent_id: string }[] };
    assert.ok(shown.records.some(({ agent_id }) => agent_id === '","status":"OK'), "they arrive as the text they are");
    await sandbox.ok(["proxy", "logs", "--verify"]);
  });
});

Deno.test("P37 a record that somebody wrote into the file himself steers no terminal, as text or as JSON", async () => {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "ok")));
  await RunningProxy.run({ origins: [upstream.origin], value: VALUE }, async ({ port, sandbox, home }) => {
    const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: KEY", "connection: close"];
    await exchange(port, proxyHead(port, headers));
    const path = `${home}/proxy.log`, record = JSON.parse(await Deno.readTextFile(path));
    const orders = `${ESCAPES}\u009b2J\u202e\u2028`;
    for (
      const member of ["secret_keys", "auth_styles", "method", "target_url", "domain", "status", "reason", "agent_id"]
    ) {
      const forged = { ...record, [member]: Array.isArray(record[member]) ? [orders] : orders };
      await Deno.writeTextFile(path, `${JSON.stringify(forged)}\n`);
      for (const output of [["--output", "text"], [], ["--json"]]) {
        assertPlain(await sandbox.ok(["proxy", "logs", ...output]), `${member} ${output}`);
      }
      const { records } = await sandbox.json(["proxy", "logs"]) as { records: Record<string, unknown>[] };
      assert.deepEqual(records[0]![member], forged[member], "and programs get it as it is");
    }
    await sandbox.fails("audit_invalid", 8, ["proxy", "logs", "--verify"]);
  });
});

/** Line feeds, printable ASCII, and what no terminal takes for an order. */
function assertPlain(text: string, what: string): void {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  const found = /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/.exec(text);
  assert.equal(found, null, `${what}: ${JSON.stringify(found?.[0])} in ${JSON.stringify(text.slice(0, 300))}`);
}

Deno.test("P4 a value in a URL is in no log, whichever part of it holds it and however it is written there", async () => {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "ok")));
  await RunningProxy.run({ origins: [upstream.origin], value: VALUE }, async (proxy) => {
    const { port, sandbox } = proxy;
    const spelled = [
      VALUE,
      encodeURIComponent(VALUE),
      Array.from(VALUE, (c) => `%${c.charCodeAt(0).toString(16)}`).join(""),
      encodeURIComponent(encodeURIComponent(VALUE)),
      btoa(VALUE),
      btoa(`x${VALUE}`),
      btoa(VALUE).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
      new TextEncoder().encode(VALUE).toHex(),
    ];
    for (const text of spelled) {
      const path = text.replaceAll("/", "%2F");
      for (const place of [`/a/${path}/b`, `/a?k=${text}`, `/a?${text}`, `/a?${text}=1&b=2`, `/a#${text}`]) {
        const headers = [`x-as-target-url: ${upstream.origin}${place}`, "x-as-inject-bearer: KEY", "connection: close"];
        const answer = await exchange(port, proxyHead(port, headers));
        assert.match(answer, /^HTTP\/1\.1 200 /, place);
      }
    }
    // Injected into the query, and refused as user info: neither is written anywhere.
    const query = [`x-as-target-url: ${upstream.origin}/q`, "x-as-inject-query-k: KEY", "connection: close"];
    assert.match(await exchange(port, proxyHead(port, query)), /^HTTP\/1\.1 200 /);
    const user = [`x-as-target-url: ${upstream.origin.replace("//", `//u:${btoa(VALUE)}@`)}/`, "connection: close"];
    const refused = await exchange(port, proxyHead(port, user));
    assert.match(refused, /^HTTP\/1\.1 400 /);
    assert.equal(bodyOf(refused).includes(btoa(VALUE)), false);
    const records = await proxy.records();
    assert.equal(records.length, spelled.length * 5 + 1);
    for (const { target_url } of records) {
      assert.equal(target_url.includes("?") || target_url.includes("#"), false, target_url);
    }
    assert.equal(records.filter(({ target_url }) => target_url.includes(REDACTION_MARKER)).length, spelled.length);
    const search = new CanarySearch({ KEY: VALUE });
    search.text("the table", await sandbox.ok(["proxy", "logs", "--output", "text"]));
    search.text("the lines", await sandbox.ok(["proxy", "logs"]));
    await search.folder(sandbox.base);
    assert.deepEqual(search.found, []);
  });
});
