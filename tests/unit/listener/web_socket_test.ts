/** WebSockets through the door, with real sockets at both ends. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { joinSockets } from "../../../src/listener/web_socket.ts";
import type { SocketEnd } from "../../../src/ports/upstream_socket.ts";
import type { CallSocket } from "../../../src/usecases/call.ts";
import { KEY, type TestDoor, withDoor } from "../../support/listener.ts";

/** A client's WebSocket and what it gets, in order. */
class Client {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<CloseEvent>;
  readonly #messages: (string | ArrayBuffer)[] = [];
  #wake: (() => void) | undefined;

  constructor({ origin, upstream }: TestDoor, headers: Record<string, string> = {}, protocols: string[] = []) {
    const target = `${upstream.origin.replace("https", "wss")}/ws`;
    const all = { "x-as-target-url": target, "x-as-inject-bearer": "STRIPE_KEY", ...headers };
    this.socket = new WebSocket(`${origin.replace("http", "ws")}/proxy`, { headers: all, protocols });
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = ({ data }) => {
      this.#messages.push(data);
      this.#wake?.();
    };
    this.opened = new Promise((resolve, reject) => {
      this.socket.onopen = () => resolve();
      this.socket.onerror = () => reject(new Error("not opened"));
    });
    this.closed = new Promise((resolve) => {
      this.socket.onclose = (event) => {
        resolve(event);
        this.#wake?.();
      };
    });
  }

  async next(): Promise<string | ArrayBuffer | undefined> {
    while (this.#messages.length === 0) {
      if (this.socket.readyState === WebSocket.CLOSED) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    return this.#messages.shift();
  }
}

Deno.test("P32 a WebSocket carries the credential in its handshake, and both ways what it says back is redacted", async () => {
  await withDoor(async (door) => {
    const client = new Client(door, {}, ["chat.v1", "chat.v2"]);
    await client.opened;
    assert.equal(client.socket.protocol, "chat.v1");
    assert.equal(door.upstream.requests[0]!.headers.authorization, `Bearer ${KEY}`);
    assert.equal(Object.keys(door.upstream.requests[0]!.headers).some((name) => name.startsWith("x-as-")), false);
    client.socket.send("headers");
    const headers = JSON.parse(await client.next() as string);
    assert.equal(headers.authorization, `Bearer ${REDACTION_MARKER}`);
    client.socket.send("as it is: é");
    assert.equal(await client.next(), "as it is: é");
    client.socket.send(Uint8Array.of(0, 255, 128));
    assert.deepEqual(new Uint8Array(await client.next() as ArrayBuffer), Uint8Array.of(0, 255, 128));
    client.socket.send(new TextEncoder().encode(`\0${btoa(KEY)}\0`));
    const binary = new TextDecoder().decode(await client.next() as ArrayBuffer);
    assert.equal(binary.includes(btoa(KEY).slice(4, 20)), false);
    client.socket.close(3002, "done");
    await client.closed;
    await door.upstream.aborted.next();
    while ((await door.engine.records()).length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
    assert.deepEqual(
      (await door.engine.records()).map((r) => [r.statusCode, r.status, r.reason, r.redacted, r.secretKeys]),
      [[101, "OK", "opened", false, ["STRIPE_KEY"]], [101, "OK", "credential_echo", true, ["STRIPE_KEY"]]],
    );
  });
});

Deno.test("P32 a credential that goes out as a subprotocol, which servers must choose to accept, is not the caller's", async () => {
  await withDoor(async (door) => {
    for (const offered of [[], ["chat.v1"]]) {
      const client = new Client(door, { "x-as-inject-header-sec-websocket-protocol": "STRIPE_KEY" }, offered);
      await client.opened;
      assert.equal(door.upstream.requests.at(-1)!.headers["sec-websocket-protocol"], KEY);
      assert.equal(client.socket.protocol, "");
      client.socket.send("as it is");
      assert.equal(await client.next(), "as it is");
      client.socket.close();
    }
  });
});

Deno.test("P32 a value that is cut over two messages does not pass: the socket ends", async () => {
  for (const cut of [7 + 8, 7 + 20, `Bearer ${KEY}`.length - 1]) {
    await withDoor(async (door) => {
      const client = new Client(door);
      await client.opened;
      client.socket.send(`split ${cut}`);
      let text = "";
      for (let part = await client.next(); part !== undefined; part = await client.next()) text += part;
      assert.equal(text.includes(KEY.slice(0, 8)), false, text);
      assert.equal((await client.closed).code, 1008);
    });
  }
});

Deno.test("P66 messages that guess a value are held back once and then no more, right or wrong; completing one ends the socket", async () => {
  await withDoor(async (door) => {
    const first = new Client(door);
    await first.opened;
    first.socket.send(KEY.slice(0, 10));
    first.socket.send(" is none");
    assert.equal(await first.next(), KEY.slice(0, 10));
    for (const guess of [KEY.slice(0, 11), `${KEY.slice(0, 10)}~`, KEY.slice(0, -1)]) {
      const client = new Client(door);
      await client.opened;
      client.socket.send(guess);
      assert.equal(await client.next(), guess);
      client.socket.close();
    }
    const last = new Client(door);
    await last.opened;
    last.socket.send(KEY.slice(0, -1));
    assert.equal(await last.next(), KEY.slice(0, -1));
    last.socket.send(KEY.slice(-1));
    assert.equal((await last.closed).code, 1008);
  });
});

Deno.test("close codes and reasons pass, the reason redacted", async () => {
  await withDoor(async (door) => {
    const client = new Client(door);
    await client.opened;
    client.socket.send("close 3001");
    const { code, reason } = await client.closed;
    assert.deepEqual([code, reason], [3001, `reason Bearer ${REDACTION_MARKER}`]);
  });
});

Deno.test("P17 P32 a page's WebSocket, a refused target and an unknown secret are refused before anything opens", async () => {
  await withDoor(async (door) => {
    const refused: Record<string, string>[] = [
      { origin: "https://evil.example" },
      { "x-as-target-url": "wss://api.example.org/ws" },
      { "x-as-inject-bearer": "NOPE" },
      { "x-as-session": "wrong" },
      { "x-as-target-url": `${door.upstream.origin}/status/401` },
    ];
    for (const headers of refused) {
      const client = new Client(door, headers);
      await assert.rejects(client.opened, JSON.stringify(headers));
    }
    assert.equal(door.upstream.requests.some(({ path }) => path === "/ws"), false);
    assert.deepEqual((await door.engine.records()).map(({ status, statusCode }) => [status, statusCode]), [
      ["BLOCKED", 0],
      ["ERROR", 0],
      ["ERROR", 0],
    ]);
  });
});

Deno.test("P13 a WebSocket without a record is none", async () => {
  await withDoor(async (door) => {
    await Deno.mkdir(`${door.engine.folder}/proxy.log`);
    const client = new Client(door);
    await assert.rejects(client.opened, /not opened/);
    assert.equal(door.upstream.requests.length, 0);
  });
});

Deno.test("the proxy's end closes open sockets in order, and their end is on record when it is over", async () => {
  await withDoor(async (door) => {
    const client = new Client(door);
    await client.opened;
    client.socket.send("hello");
    assert.equal(await client.next(), "hello");
    await door.listener.shutdown(60_000);
    assert.deepEqual((await door.engine.records()).map(({ reason }) => reason), ["opened", "-"]);
    assert.ok([1001, 1006].includes((await client.closed).code));
    await door.upstream.aborted.next();
  });
});

Deno.test("P33 a caller whose messages wait by the ten thousand is cut off, however small they are", async () => {
  const ended = Promise.withResolvers<SocketEnd>();
  let waiting = 0;
  // An upstream that takes nothing.
  const upstream: CallSocket = {
    protocol: "",
    receive: () => ended.promise,
    send: () => (waiting++, new Promise(() => {})),
    close: (code = 1005) => ended.resolve({ code, reason: "" }),
    cut: () => Promise.resolve(),
    outcome: new Promise<never>(() => {}),
  };
  const { signal } = new AbortController();
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen(): void {} }, (request) => {
    return joinSockets(request, upstream, { begins: signal, cuts: signal }).response;
  });
  const socket = new WebSocket(`ws://127.0.0.1:${server.addr.port}/`);
  const closed = new Promise<number>((resolve) => socket.onclose = ({ code }) => resolve(code));
  await new Promise((resolve) => socket.onopen = resolve);
  for (let i = 0; i < 40_000; i++) socket.send("a");
  socket.close();
  await Promise.race([ended.promise, closed]);
  assert.equal((await ended.promise).code, 1008);
  assert.ok(waiting < 20_000, `${waiting} wait`);
  await closed;
});
