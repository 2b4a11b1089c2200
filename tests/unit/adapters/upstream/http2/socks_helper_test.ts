/** The loopback helper answers its own clients alone, and each for its own origin alone. */
import assert from "node:assert/strict";
import { SocksHelper } from "../../../../../src/adapters/upstream/http2/socks_helper.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const OK = 0, NOT_ALLOWED = 2;

const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];

/** What the helper answers to a whole conversation; `asked` says whether a connection was made. */
async function converse(
  conversation: readonly (readonly number[])[],
): Promise<{ answers: number[][]; asked: number }> {
  const far = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const helper = new SocksHelper();
  let asked = 0;
  helper.open(TOKEN, {
    host: "api.example.test",
    port: 443,
    connect: async () => {
      asked++;
      return { connection: await Deno.connect({ hostname: "127.0.0.1", port: far.addr.port }), address: "127.0.0.1" };
    },
    onTraffic: () => {},
  });
  const answers: number[][] = [];
  {
    using client = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(helper.url(TOKEN).replace("socks5", "http")).port),
    });
    for (const part of conversation) {
      const buffer = new Uint8Array(64);
      await client.write(Uint8Array.from(part)).catch(() => {});
      const count = await client.read(buffer).catch(() => null);
      answers.push([...buffer.subarray(0, count ?? 0)]);
    }
  }
  helper.close();
  far.close();
  return { answers, asked };
}

const GREETING = [5, 1, 2];
const LOGIN = [1, ...text("pin"), ...text(TOKEN)];
const to = (host: string, port: number): number[] => [5, 1, 0, 3, ...text(host), port >> 8, port & 255];

Deno.test("a client with its password is connected to its own origin", async () => {
  const { answers, asked } = await converse([GREETING, LOGIN, to("api.example.test", 443)]);
  assert.deepEqual(answers.slice(0, 2), [[5, 2], [1, 0]]);
  assert.equal(answers[2]![1], OK);
  assert.equal(asked, 1);
});

Deno.test("another program on the machine gets no connection: no password, a wrong one, or none offered", async () => {
  const wrong = [1, ...text("pin"), ...text("f".repeat(32))];
  const refused = await converse([GREETING, wrong, to("api.example.test", 443)]);
  assert.deepEqual([refused.answers[1], refused.asked], [[1, 1], 0]);
  assert.deepEqual(refused.answers[2], []);
  const anonymous = await converse([[5, 1, 0], to("api.example.test", 443)]);
  assert.deepEqual([anonymous.answers[0], anonymous.asked], [[5, 255], 0]);
  assert.equal((await converse([[4, 1, 1, 187, 127, 0, 0, 1, 0]])).asked, 0);
});

Deno.test("a client gets no connection to another host, port or kind of command", async () => {
  const others = [
    to("evil.example", 443),
    to("api.example.test", 444),
    to("api.example.test.", 443),
    [5, 1, 0, 1, 127, 0, 0, 1, 1, 187],
    [5, 1, 0, 4, ...Array(15).fill(0), 1, 1, 187],
  ];
  for (const other of others) {
    const { answers, asked } = await converse([GREETING, LOGIN, other]);
    assert.deepEqual([answers[2]![1], asked], [NOT_ALLOWED, 0]);
  }
  const bind = await converse([GREETING, LOGIN, [5, 2, ...to("api.example.test", 443).slice(2)]]);
  assert.deepEqual([bind.answers[2]![1], bind.asked], [7, 0]);
});
