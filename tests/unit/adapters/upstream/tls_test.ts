/** Failures of TLS: each has a code of its own, over both protocols' way in, and not a byte of the request goes out. */
import assert from "node:assert/strict";
import { PinnedUpstream } from "../../../../src/adapters/upstream/pinned.ts";
import { type ErrorCode, isAppError } from "../../../../src/kernel/error.ts";
import { makeAuthority } from "../../../support/authority.ts";
import { startScripted } from "../../../support/scripted_upstream.ts";
import { startUpstream, type UpstreamOptions } from "../../../support/upstream.ts";

const TIMEOUTS = { connectMs: 10_000, firstByteMs: 10_000, idleMs: 10_000 };

/** The code that a GET of the address ends with. */
async function failureOf(url: string, caCerts: readonly string[], connectMs = 10_000): Promise<ErrorCode | undefined> {
  const adapter = new PinnedUpstream({ caCerts });
  const request = { method: "GET", headers: [], addresses: ["127.0.0.1"], timeouts: { ...TIMEOUTS, connectMs } };
  try {
    await new Response((await adapter.send({ ...request, url: new URL(url) })).body).text();
    return undefined;
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    return error.code;
  } finally {
    await adapter.close();
  }
}

Deno.test("P7 certificates: expired, not yet valid, for another name, of a stranger or signed by themselves are told apart", async () => {
  const cases: readonly (readonly [UpstreamOptions, boolean, ErrorCode | undefined])[] = [
    [{}, true, undefined],
    [{}, false, "upstream_tls_untrusted"],
    [{ expired: true }, true, "upstream_tls_expired"],
    [{ early: true }, true, "upstream_tls_expired"],
    [{ hosts: ["elsewhere.example"] }, true, "upstream_tls_name"],
    [{ hosts: ["*.localhost"] }, true, "upstream_tls_name"],
  ];
  for (const [options, isTrusted, code] of cases) {
    for (const http2 of [true, false]) {
      const upstream = await startUpstream({ ...options, http2 });
      assert.equal(await failureOf(upstream.origin, isTrusted ? [upstream.caPem] : []), code, JSON.stringify(options));
      assert.equal(upstream.requests.length, code === undefined ? 1 : 0);
      await upstream.close();
    }
  }
});

Deno.test("an address in the URL is held against the certificate's addresses, IPv6 too", async () => {
  for (const [hosts, code] of [[["127.0.0.1", "::1"], undefined], [["localhost"], "upstream_tls_name"]] as const) {
    const upstream = await startUpstream({ hosts, http2: false });
    assert.equal(await failureOf(`https://127.0.0.1:${upstream.port}/`, [upstream.caPem]), code);
    assert.equal(await failureOf(`https://[::1]:${upstream.port}/`, [upstream.caPem]), code);
    await upstream.close();
  }
});

Deno.test("P7 what is no TLS, an old version, a demand for a client's certificate and silence each have their code", async () => {
  const alert = (description: number): string => `\x15\x03\x01\0\x02\x02${String.fromCharCode(description)}`;
  const cases: readonly (readonly [string, ErrorCode])[] = [
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "upstream_not_tls"],
    ["SSH-2.0-OpenSSH_9.6\r\n", "upstream_not_tls"],
    // RFC 8446 §6.2: protocol_version, handshake_failure, no_application_protocol, certificate_required, internal_error.
    [alert(70), "upstream_tls_version"],
    [alert(40), "upstream_tls_version"],
    [alert(120), "upstream_tls_version"],
    [alert(116), "upstream_tls"],
    [alert(80), "upstream_tls"],
  ];
  for (const [answer, code] of cases) {
    await using server = startScripted(async (visit) => {
      await visit.bytes(1);
      await visit.say(answer);
      await visit.rest();
    });
    assert.equal(await failureOf(`https://localhost:${server.port}/`, []), code, JSON.stringify(answer));
  }
  await using silent = startScripted(async (visit) => void await visit.rest());
  assert.equal(await failureOf(`https://localhost:${silent.port}/`, [], 50), "upstream_timeout");
  await using gone = startScripted(async (visit) => void await visit.bytes(1));
  assert.equal(await failureOf(`https://localhost:${gone.port}/`, []), "upstream_unreachable");
});

Deno.test("a root that a person names is trusted beside the built-in ones, several in one file too, and nonsense is not", async () => {
  const upstream = await startUpstream({ http2: false }), other = await makeAuthority();
  assert.equal(await failureOf(upstream.origin, [`${other.caPem}${upstream.caPem}`]), undefined);
  assert.equal(await failureOf(upstream.origin, [other.caPem, upstream.caPem]), undefined);
  assert.equal(await failureOf(upstream.origin, [other.caPem]), "upstream_tls_untrusted");
  for (const body of ["AAAA", "!!!!"]) {
    const broken = `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const adapter = new PinnedUpstream({ caCerts: [`${upstream.caPem}${broken}`] });
    const request = { url: new URL(upstream.origin), method: "GET", headers: [], addresses: ["127.0.0.1"] };
    await assert.rejects(adapter.send({ ...request, timeouts: TIMEOUTS }), (e) => {
      return isAppError(e, "upstream_tls") && e.message.includes("SSL_CERT_FILE");
    }, body);
    await adapter.close();
  }
  await upstream.close();
});
