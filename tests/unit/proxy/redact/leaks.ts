/**
 * An attacker's reading of redacted bytes, written without the redactor's code: every decoder the reader may try, in every order to
 * a depth of three, and then any run of eight bytes of the secret.
 */
import { Buffer } from "node:buffer";

/** Bytes of a secret in a row that count as a leak. */
export const WINDOW = 8;
const DEPTH = 3;

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const fromCode = (text: string, base: number): string => {
  const code = parseInt(text, base);
  return code <= 0x10ffff ? Buffer.from(String.fromCodePoint(code)).toString("latin1") : "";
};
const NAMES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  sol: "/",
  equals: "=",
  lowbar: "_",
  plus: "+",
  colon: ":",
};
const SHORT: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  b: "\b",
  f: "\f",
  v: "\v",
  "0": "\0",
  a: "\x07",
  e: "\x1b",
};

type Decode = (text: string) => readonly string[];

/** Each takes and gives text of one character a byte. */
const DECODERS: readonly Decode[] = [
  (t) => [t.replace(/%([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16)))],
  (t) => [t.replace(/=\r?\n/g, "").replace(/=([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16)))],
  (t) => [
    t.replace(
      /\\+u([d][89ab][0-9a-f]{2})\\+u([d][c-f][0-9a-f]{2})/gi,
      (_, a, b) => Buffer.from(String.fromCharCode(parseInt(a, 16), parseInt(b, 16))).toString("latin1"),
    )
      .replace(/\\+u([0-9a-f]{4})/gi, (_, h) => fromCode(h, 16))
      .replace(/\\+u\{([0-9a-f]+)\}/gi, (_, h) => fromCode(h, 16))
      .replace(/\\+U([0-9a-f]{8})/g, (_, h) => fromCode(h, 16))
      .replace(/\\+x([0-9a-f]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16)))
      .replace(/\\([0-7]{3})/g, (_, o) => String.fromCharCode(parseInt(o, 8) & 255))
      .replace(/\\+([nrtbfv0ae])/g, (_, c) => SHORT[c]!)
      .replace(/\\+([^0-9A-Za-z\\])/g, "$1")
      .replace(/\\\\/g, "\\"),
  ],
  (t) => [
    t.replace(/&#x0*([0-9a-f]{1,6});?/gi, (_, h) => fromCode(h, 16))
      .replace(/&#0*([0-9]{1,7});?/g, (_, d) => fromCode(d, 10))
      .replace(/&([A-Za-z]+);/g, (all, name) => NAMES[name] ?? all),
  ],
  (t) => [t.replaceAll("+", " ")],
  (t) => {
    const digits = t.replace(/\\+[rn]/g, "").replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
    const runs = digits.match(/[A-Za-z0-9+/]{10,}/g) ?? [];
    return [0, 1, 2, 3].map((skip) =>
      runs.map((run) => Buffer.from(run.slice(skip), "base64").toString("latin1")).join("\0")
    );
  },
  (t) => {
    const runs = t.replace(/0x/gi, "").replace(/[\s:,_-]/g, "").match(/[0-9a-f]{16,}/gi) ?? [];
    return [0, 1].map((skip) => runs.map((run) => Buffer.from(run.slice(skip), "hex").toString("latin1")).join("\0"));
  },
  (t) => [(t.match(/[0-9]+/g) ?? []).map((n) => String.fromCharCode(Number(n) & 255)).join("")],
  (t) => [t.replaceAll("\0", "")],
];

/** The first run of {@linkcode WINDOW} bytes of `secret` that can be read out of `bytes`, or undefined. */
export function leak(bytes: Uint8Array, secret: Uint8Array): string | undefined {
  const value = latin1(secret);
  const windows = new Set<string>();
  for (let at = 0; at + WINDOW <= value.length; at++) windows.add(value.slice(at, at + WINDOW));
  let texts = new Set([latin1(bytes)]);
  const seen = new Set<string>();
  for (let depth = 0; depth <= DEPTH; depth++) {
    const next = new Set<string>();
    for (const text of texts) {
      if (seen.has(text)) continue;
      seen.add(text);
      for (const window of windows) if (text.includes(window)) return `${JSON.stringify(window)} at depth ${depth}`;
      for (const decode of DECODERS) for (const decoded of decode(text)) next.add(decoded);
    }
    texts = next;
  }
  return undefined;
}
