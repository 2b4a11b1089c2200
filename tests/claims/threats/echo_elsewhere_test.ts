/** What one call left at an upstream comes back through another call, another name or another door (proxy.md, "echo through …"). */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import type { SecretName } from "../../../src/kernel/names.ts";
import { collectionOf } from "../../../src/vault/local_state.ts";
import { SCOPE } from "../../support/engine.ts";
import { type TestDoor, withDoor } from "../../support/listener.ts";
import { bodyOf, exchange, proxyHead } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";

const FIRST = "first-canary-0123456789abcdef", SECOND = "second-canary-fedcba9876543210";
/** Ways in which an upstream may say later what it was told before. */
const LATER: readonly ((value: string) => string)[] = [
  (value) => value,
  (value) => btoa(`x${value}`),
  (value) => encodeURIComponent(value).replaceAll("-", "%2D"),
  (value) => JSON.stringify({ nested: JSON.stringify({ value }) }),
  (value) => Array.from(value, (c) => c.charCodeAt(0).toString(16)).join(""),
];

/** An upstream that keeps what it was told, and a caller that uses `injections` (place and name). */
async function withMemory(
  work: (
    call: (injections: Readonly<Record<string, string>>, said?: string) => Promise<string>,
    door: TestDoor,
  ) => Promise<void>,
): Promise<void> {
  let answer = "";
  await using upstream = new RawUpstream((exchange) =>
    exchange.write(rawAnswer([`x-memory: ${answer}`, `set-cookie: m=${answer}`], answer, `200 ${answer}`))
  );
  await withDoor(async (door) => {
    await door.engine.set("FIRST", FIRST);
    await door.engine.set("SECOND", SECOND);
    const { port } = door.listener;
    await work(async (injections, said = "") => {
      answer = said;
      const lines = Object.entries(injections).map(([place, name]) => `x-as-inject-${place}: ${name}`);
      const text = await exchange(
        port,
        proxyHead(port, [`x-as-target-url: ${upstream.origin}/`, ...lines, "connection: close"]),
      );
      assert.match(text, /^HTTP\/1\.1 200 /, text);
      for (const value of [FIRST, SECOND]) {
        for (const later of LATER) assert.equal(text.includes(later(value)), false, `${later(value)} in ${text}`);
      }
      return bodyOf(text);
    }, door);
  }, { allow: [upstream.origin] });
}

function remove(door: TestDoor, name: string): Promise<void> {
  return door.engine.keychain.apply([{
    op: "remove",
    key: { collection: collectionOf(SCOPE), name: name as SecretName },
  }]);
}

Deno.test("P3 what another call sent comes back in no form, whichever secret a later call uses, or none", async () => {
  await withMemory(async (call) => {
    await call({ bearer: "FIRST" });
    for (const injections of [{ bearer: "SECOND" }, { "header-x-key": "SECOND", "query-k": "SECOND" }, {}]) {
      for (const later of LATER) {
        const text = await call(injections as Record<string, string>, later(FIRST));
        assert.ok(text.includes(REDACTION_MARKER), text);
      }
    }
  });
});

Deno.test("P3 the value of a secret that no call has used yet is replaced too", async () => {
  await withMemory(async (call) => {
    assert.equal(await call({ bearer: "FIRST" }, `<${SECOND}>`), `<${REDACTION_MARKER}>`);
  });
});

Deno.test("P3 one value under two names stays away when either name is used or deleted", async () => {
  await withMemory(async (call, door) => {
    await door.engine.set("SAME", FIRST);
    assert.equal(await call({ bearer: "SAME" }, FIRST), REDACTION_MARKER);
    await remove(door, "FIRST");
    assert.equal(await call({ bearer: "SAME" }, FIRST), REDACTION_MARKER);
    await remove(door, "SAME");
    assert.equal(await call({ bearer: "SECOND" }, FIRST), REDACTION_MARKER);
  });
});

Deno.test("P3 a value that was replaced or deleted a moment ago is still looked for", async () => {
  const old = "third-canary-which-is-replaced-0123";
  await withMemory(async (call, door) => {
    await door.engine.set("THIRD", old);
    await call({ bearer: "THIRD" });
    await door.engine.set("THIRD", "third-canary-which-took-its-place");
    assert.equal(await call({ bearer: "THIRD" }, `<${old}>`), `<${REDACTION_MARKER}>`);
    await remove(door, "THIRD");
    assert.equal(await call({}, `<${old}><${btoa(old)}>`), `<${REDACTION_MARKER}><${REDACTION_MARKER}>`);
  });
});

Deno.test("P3 two values said in one breath, one inside the other or overlapping, are replaced together", async () => {
  await withMemory(async (call, door) => {
    await door.engine.set("OUTER", `${FIRST}-and-more`);
    await door.engine.set("TAIL", `${FIRST.slice(-6)}-tail-of-it`);
    const text = await call({ bearer: "OUTER" }, `<${FIRST}-and-more><${FIRST}-tail-of-it><${SECOND}${FIRST}>`);
    assert.equal(text, `<${REDACTION_MARKER}><${REDACTION_MARKER}><${REDACTION_MARKER}${REDACTION_MARKER}>`);
  });
});
