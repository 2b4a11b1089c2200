/** Targets that read like an allowed one, through the running door (proxy.md, "allowlist tricks", "another domain", "private ranges"). */
import assert from "node:assert/strict";
import { isAppError } from "../../../src/kernel/error.ts";
import { KEY, type TestDoor, withDoor } from "../../support/listener.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";

/** What the door says to a call with the credential: the code of its refusal, or 200. */
async function ask({ listener: { port } }: TestDoor, ...target: readonly string[]): Promise<string> {
  const bytes = target.map((line) => String.fromCharCode(...new TextEncoder().encode(line)));
  const answer = await exchange(
    port,
    proxyHead(
      port,
      [...bytes, "x-as-inject-bearer: STRIPE_KEY", "connection: close"],
      "GET",
      target[0]!.startsWith("x-as-target-origin") ? "/proxy/v1" : "/proxy",
    ),
  );
  const status = answer.slice(9, 12);
  if (status === "200") return status;
  // Behind a base URL refusals have the form that SDKs read.
  const { error } = JSON.parse(bodyOf(answer));
  return `${status} ${typeof error === "string" ? error : error.code}`;
}

/** Asks for each target in every way of naming one; nothing may reach anybody. */
async function refused(
  door: TestDoor,
  targets: Readonly<Record<string, readonly string[]>>,
  codes: RegExp,
): Promise<void> {
  for (const [what, texts] of Object.entries(targets)) {
    for (const text of texts) {
      const url = text.replaceAll("PORT", String(door.upstream.port));
      assert.match(await ask(door, `x-as-target-url: ${url}`), codes, `${what}: ${url}`);
      const origin = /^([a-z]+:\/\/[^/?#]*)/i.exec(url)?.[1] ?? url;
      assert.match(await ask(door, `x-as-target-origin: ${origin}`), codes, `${what}: ${origin} as an origin`);
      // The other doors hand on text as it was typed, where a header brings one character a byte.
      const call = door.engine.call({ target: url, inject: [["bearer", "STRIPE_KEY"]] });
      await assert.rejects(call, (error) => isAppError(error) && codes.test(`${error.status} ${error.code}`), url);
    }
  }
  assert.equal(door.upstream.requests.length, 0);
  const records = await door.engine.records();
  assert.ok(records.every(({ status, statusCode }) => status !== "OK" && statusCode === 0));
  // A target that was understood is on record as blocked; what could not even be read is no call.
  assert.equal(JSON.stringify(records).includes(KEY), false);
}

const ALLOW = ["api.stripe.com"];

/** The tricks that proxy.md names, and those found since: each reads like `https://localhost:PORT` or `https://api.stripe.com`. */
const TRICKS: Readonly<Record<string, readonly string[]>> = {
  "another domain": [
    "https://evil.example/",
    "https://evil.example/?x=api.stripe.com",
    "https://evil.example/#api.stripe.com",
  ],
  userinfo: [
    "https://api.stripe.com@evil.example/",
    "https://api.stripe.com:443@evil.example/",
    "https://localhost:PORT@evil.example/",
    "https://user@localhost:PORT/",
    "https://:pw@localhost:PORT/",
    "https://api.stripe.com%40evil.example/",
  ],
  port: [
    "https://localhost/",
    "https://localhost:1PORT/",
    "https://api.stripe.com:8443/",
    "https://api.stripe.com:0443x/",
  ],
  scheme: ["http://localhost:PORT/", "http://api.stripe.com/", "ftp://api.stripe.com/", "file://localhost/etc/passwd"],
  "trailing dots and empty labels": [
    "https://api.stripe.com../",
    "https://.api.stripe.com/",
    "https://api..stripe.com/",
    "https://localhost..:PORT/",
    "https://./",
  ],
  "another domain that begins or ends so": [
    "https://api.stripe.com.evil.com/",
    "https://localhost.evil.example:PORT/",
    "https://xapi.stripe.com/",
    "https://stripe.com/",
    "https://com/",
    "https://evil.example/api.stripe.com",
    "https://a.api.stripe.com/",
    "https://api-stripe.com/",
    "https://api.stripe.co/",
  ],
  unicode: [
    "https://\u0430pi.stripe.com/",
    "https://api.str\u0131pe.com/",
    "https://\uff41pi.stripe.com/",
    "https://api\u3002stripe.com/",
    "https://api.stripe\uff0ecom/",
    "https://api.stripe.com\u2044v1/",
    "https://api.\u200bstripe.com/",
    "https://api.stri\u00adpe.com/",
    "https://loc\u0430lhost:PORT/",
    "https://\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3:PORT/",
    "https://xn--pi-7lba.stripe.com/",
  ],
  "two readings of one text": [
    "https://api.stripe.com\\@evil.example/",
    "https://evil.example\\api.stripe.com/",
    "https:\\\\evil.example/",
    "https:evil.example",
    "https:/api.stripe.com/",
    "https:///evil.example/",
    "//api.stripe.com/",
    "https://api.stripe.com%2eevil.example/",
    "https://api.stripe.com%00.evil.example/",
    "https://api.stripe.com%2f@evil.example/",
    "https://evil.example%23@api.stripe.com/",
    "https://api.stripe.com:443:443/",
    "https://[api.stripe.com]/",
  ],
};

for (const [what, texts] of Object.entries(TRICKS)) {
  Deno.test(`P6 ${what}: what reads like an allowed target and is another reaches nobody`, async () => {
    await withDoor(
      (door) =>
        refused(
          door,
          { [what]: texts },
          /^(400|403) (invalid_target|bad_request|domain_not_in_allowlist|scheme_not_https|private_address)$/,
        ),
      { allow: ALLOW },
    );
  });
}

/** Every way to write 127.0.0.1, ::1 and 169.254.169.254 that a parser of addresses or URLs is known to take. */
const NOTATIONS: Readonly<Record<string, readonly string[]>> = {
  "decimal parts": ["127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "127.0.0.001"],
  "one number": ["2130706433", "0x7f000001", "017700000001", "0x0000007F000001", "2852039166"],
  "octal and hex parts": ["0177.0.0.1", "0x7f.0.0.1", "0x7F.1", "127.0.0x1", "0251.0376.0251.0376", "0xa9fea9fe"],
  "full-width digits": ["\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1"],
  "zero and broadcast": ["0", "0.0.0.0", "255.255.255.255"],
  "IPv6": ["[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[0000::0001]", "[fe80::1]", "[fd00:ec2::254]"],
  "IPv4 in IPv6": [
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[::ffff:169.254.169.254]",
  ],
  "with a zone": ["[fe80::1%25lo]", "[::1%lo]"],
  "metadata and private ranges": [
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "168.63.129.16",
  ],
  "names of this machine": ["localhost", "localhost.", "LOCALHOST", "a.localhost", "localhost.localdomain"],
};

for (const [what, hosts] of Object.entries(NOTATIONS)) {
  Deno.test(`P6 P8 an address as ${what} is refused unless that origin is listed, over https and http, with any port`, async () => {
    await withDoor(async (door) => {
      door.engine.allow = ALLOW;
      const targets = hosts.flatMap((
        host,
      ) => [`https://${host}:PORT/`, `http://${host}:PORT/`, `https://${host}/latest`]);
      await refused(
        door,
        { [what]: targets },
        /^(400|403) (invalid_target|bad_request|domain_not_in_allowlist|scheme_not_https|private_address)$/,
      );
    });
  });
}

Deno.test("P6 P8 P9 the same target, honestly written, is called, so that the refusals above are no accident", async () => {
  await withDoor(async (door) => {
    const { port } = door.upstream;
    for (const host of ["localhost", "LocalHost", "localhost."]) {
      assert.equal(await ask(door, `x-as-target-url: https://${host}:${port}/x`), "200", host);
    }
    assert.equal(await ask(door, `x-as-target-origin: https://localhost:${port}`), "200");
    // A redirect to another origin, or to an address, is handed back: nobody else hears of it.
    const before = door.upstream.requests.length;
    for (const to of [`https://localhost:${port}/landing`, "https://evil.example/", "http://169.254.169.254/latest"]) {
      const target = `${door.upstream.origin}/redirect?to=${encodeURIComponent(to)}`;
      const headers = [`x-as-target-url: ${target}`, "x-as-inject-bearer: STRIPE_KEY", "connection: close"];
      const answer = await exchange(door.listener.port, proxyHead(door.listener.port, headers));
      assert.match(answer, new RegExp(`^HTTP/1\\.1 302 [^]*\\r\\nlocation: ${to.replaceAll(".", "\\.")}\\r\\n`, "i"));
    }
    assert.equal(door.upstream.requests.length, before + 3);
  });
});
