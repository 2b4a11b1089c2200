import assert from "node:assert/strict";
import type { PostAudit } from "../../../src/contract/audit.ts";
import { HeadMoved } from "../../../src/cloud/client.ts";
import type { SigningKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { sha256 } from "../../../src/crypto/verify/sha256.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { type Bytes, lengthPrefixed, utf8 } from "../../../src/kernel/bytes.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import { Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

/** Events of one device, chained and signed. */
class Source {
  readonly #owner: Person;
  readonly #ws: string;
  #hash: Bytes = new Uint8Array(32);
  #seq = 0;

  constructor(owner: Person, ws: string) {
    this.#owner = owner;
    this.#ws = ws;
  }

  next(texts: readonly string[], change: object = {}, key: SigningKey = this.#owner.device): PostAudit {
    const after = this.#seq, events = texts.map(utf8);
    for (const event of events) this.#hash = sha256(lengthPrefixed(this.#hash, event));
    this.#seq += events.length;
    const { deviceId: source, server } = this.#owner;
    const head = { v: 1, ws: this.#ws, source, seq: this.#seq, hash: toBase64Url(this.#hash), ts: server.clock.now() };
    const body = utf8(JSON.stringify({ ...head, ...change }));
    return { source, after, events, head: signEntry({ type: "audit.head", body }, key) };
  }
}

async function setUp(): Promise<{ server: TestServer; owner: Person; ws: TestWorkspace["id"]; source: Source }> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const { id } = await TestWorkspace.found(owner);
  return { server, owner, ws: id, source: new Source(owner, id) };
}

Deno.test("audit events are appended under a signed head and read in order", async () => {
  const { server, owner, ws, source } = await setUp();
  await using _ = server;
  const [first, second] = [source.next(["one", "two"]), source.next(["three"])];
  assert.equal((await owner.client.postAudit(ws, first)).seq, 2);
  assert.equal((await owner.client.postAudit(ws, second)).seq, 3);
  const page = await owner.client.audit(ws);
  assert.deepEqual(page.events.map(({ seq, event }) => [seq, new TextDecoder().decode(event)]), [
    [1, "one"],
    [2, "two"],
    [3, "three"],
  ]);
  assert.deepEqual(page.heads, [second.head]);
  assert.equal(
    (await owner.client.audit(ws, { source: owner.deviceId, after: page.events[1]!.cursor })).events.length,
    1,
  );
});

Deno.test("a gap, a repeat or a fork of a source's chain is told where the chain is", async () => {
  const { server, owner, ws, source } = await setUp();
  await using _ = server;
  const first = source.next(["one"]);
  source.next(["lost"]);
  const gap = source.next(["three"]);
  await owner.client.postAudit(ws, first);
  for (const wrong of [first, gap]) {
    await assert.rejects(owner.client.postAudit(ws, wrong), (error) => {
      assert.ok(isAppError(error, "head_moved") && error.cause instanceof HeadMoved);
      assert.equal(error.cause.head?.seq, 1);
      return true;
    });
  }
});

Deno.test("events that the head does not sign, or that another key signed, are refused", async () => {
  const { server, owner, ws, source } = await setUp();
  await using _ = server;
  const good = source.next(["one"]);
  await assert.rejects(owner.client.postAudit(ws, { ...good, events: [utf8("other")] }), { code: "bad_request" });
  const fresh = (change: object, key?: SigningKey): PostAudit => new Source(owner, ws).next(["one"], change, key);
  await assert.rejects(owner.client.postAudit(ws, fresh({ ws: `w_${"a".repeat(32)}` })), { code: "bad_request" });
  await assert.rejects(owner.client.postAudit(ws, fresh({ seq: 2 })), { code: "bad_request" });
  await assert.rejects(owner.client.postAudit(ws, fresh({}, owner.admin)), { code: "signature_invalid" });
  const stranger = new Person(server);
  await assert.rejects(owner.client.postAudit(ws, { ...good, source: stranger.deviceId }), { code: "bad_request" });
  await owner.client.postAudit(ws, good);
});
