/**
 * What redaction costs: megabytes a second through a redactor against a plain copy, for several bodies and numbers of secrets;
 * time to compile; memory. `deno run -A bench/redact.ts [MiB]`.
 *
 * @module
 */

import process from "node:process";
import { Secret } from "../src/kernel/secret.ts";
import { createRedactor, type Redactor } from "../src/proxy/redact/redactor.ts";

const CHUNK = 64 * 1024;
const COUNTS = [0, 1, 20, 200];
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** The same numbers in every run: xorshift. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

const random = generator(0x5eed);
const word = (length: number): string => Array.from({ length }, () => ALPHABET[random() % ALPHABET.length]).join("");

function filled(length: number, next: () => string): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) at += new TextEncoder().encodeInto(next(), bytes.subarray(at)).written || length;
  return bytes;
}

function bodies(length: number, secrets: readonly string[]): Record<string, Uint8Array> {
  const words = Array.from({ length: 2000 }, () => word(2 + random() % 9).toLowerCase());
  const pick = (): string => words[random() % words.length]!;
  return {
    prose: filled(length, () => `${pick()} `),
    json: filled(
      length,
      () => `{"${pick()}":"${pick()} \\"${pick()}\\"","n":${random() % 100000},"u":"\\u00${random() % 90 + 10}"},\n`,
    ),
    urls: filled(length, () => `https://${pick()}.com/${pick()}?${pick()}=${pick()}%20${pick()}%2F${pick()}&amp;`),
    base64: filled(length, () => word(76) + "\n"),
    binary: filled(length, () => "").map(() => random() & 0xff),
    "1% echoes": filled(length, () => `${Array.from({ length: 500 }, pick).join(" ")} ${secrets[0] ?? pick()} `),
  };
}

/** Processor seconds of one `work`, the best of three rounds of at least a tenth of a second: other programs may be running. */
function seconds(work: () => void): number {
  const rounds = Array.from({ length: 3 }, () => {
    const start = process.cpuUsage().user;
    let count = 0, used = 0;
    for (; used < 100_000; count++) {
      work();
      used = process.cpuUsage().user - start;
    }
    return used / count;
  });
  return Math.min(...rounds) / 1e6;
}

function pump(body: Uint8Array, through: (chunk: Uint8Array) => Uint8Array, out: Uint8Array): void {
  let at = 0;
  for (let from = 0; from < body.length; from += CHUNK) {
    const bytes = through(body.subarray(from, from + CHUNK));
    out.set(bytes, at);
    at += bytes.length;
  }
}

function redact(redactor: Redactor, body: Uint8Array, out: Uint8Array): void {
  const stream = redactor.stream();
  pump(body, (chunk) => stream.push(chunk), out);
  stream.end();
}

const size = Number(Deno.args[0] ?? 8) * 1024 * 1024;
const secrets = Array.from({ length: 200 }, (_, i) => `${["sk_live_", "ghp_", "xoxb-", "AKIA", ""][i % 5]}${word(32)}`);
const out = new Uint8Array(2 * size);
const rows = bodies(size, secrets);

for (const count of COUNTS) {
  const before = Deno.memoryUsage().heapUsed;
  const start = performance.now();
  const redactor = createRedactor(secrets.slice(0, count).map((text) => Secret.fromText(text)));
  const compileMs = performance.now() - start;
  console.log(`${count} secrets: compiled in ${compileMs.toFixed(1)} ms`);
  for (const [name, body] of Object.entries(rows)) {
    const plain = seconds(() => pump(body, (chunk) => chunk.slice(), out));
    const redacted = seconds(() => redact(redactor, body, out));
    const rate = (time: number): string => `${(size / 1e6 / time).toFixed(0)} MB/s`.padStart(10);
    console.log(`  ${name.padEnd(10)} ${rate(redacted)}  copy ${rate(plain)}  ratio ${(plain / redacted).toFixed(2)}`);
  }
  console.log(`  heap +${((Deno.memoryUsage().heapUsed - before) / 1e6).toFixed(1)} MB`);
}
