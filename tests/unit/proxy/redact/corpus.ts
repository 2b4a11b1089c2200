/**
 * Adversarial echoes. Whoever learns of another way in which a server repeats a credential adds a line: to `SPELLINGS` when it
 * can be done to any value, to `ECHOES` when it is one particular body. Every line is tried in every place, at every
 * split, alone and among other text.
 */
import { Buffer } from "node:buffer";

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const binary = (text: string): string => Buffer.from(text).toString("latin1");
const each = (text: string, spell: (byte: number) => string): string => Array.from(bytesOf(text), spell).join("");
const eachPoint = (text: string, spell: (point: number) => string): string =>
  Array.from(text, (character) => spell(character.codePointAt(0)!)).join("");
const eachUnit = (text: string, spell: (unit: number) => string): string =>
  Array.from({ length: text.length }, (_, i) => spell(text.charCodeAt(i))).join("");
const hex = (value: number, width: number): string => value.toString(16).padStart(width, "0");
const inner = (text: string): string => JSON.stringify(text).slice(1, -1);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const base64url = (text: string): string => Buffer.from(text).toString("base64url");
const html = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]!);
const wrap = (text: string, width: number, end: string): string =>
  text.replace(new RegExp(`[^]{${width}}(?=[^])`, "g"), `$&${end}`);

/** Ways to repeat any value whole, each alone between two neighbours. */
export const SPELLINGS: Readonly<Record<string, (secret: string) => string | Uint8Array>> = {
  "as it is": (s) => s,
  "percent-encoded": (s) => encodeURIComponent(s),
  "percent-encoded, lower case": (s) => encodeURIComponent(s).replace(/%../g, (x) => x.toLowerCase()),
  "percent-encoded, every byte": (s) => each(s, (b) => "%" + hex(b, 2)),
  "percent-encoded, every second byte": (s) =>
    each(s, (b) => b % 2 || b > 127 ? "%" + hex(b, 2).toUpperCase() : String.fromCharCode(b)),
  "percent-encoded twice": (s) => encodeURIComponent(encodeURIComponent(s)),
  "percent-encoded three times": (s) => encodeURIComponent(encodeURIComponent(encodeURIComponent(s))),
  "form-encoded": (s) => new URLSearchParams([["", s]]).toString().slice(1),
  "form-encoded twice": (s) => encodeURIComponent(new URLSearchParams([["", s]]).toString().slice(1)),
  "JSON": (s) => inner(s),
  "JSON in JSON": (s) => inner(inner(s)),
  "JSON in JSON in JSON": (s) => inner(inner(inner(s))),
  "JSON in JSON, five deep": (s) => inner(inner(inner(inner(inner(s))))),
  "with CRLF line ends": (s) => s.replace(/\r?\n/g, "\r\n"),
  "JSON with escaped slashes (PHP)": (s) => inner(s).replaceAll("/", "\\/"),
  "JSON, ASCII only (Python)": (s) => inner(s).replace(/[\x7f-\uffff]/g, (c) => "\\u" + hex(c.charCodeAt(0), 4)),
  "JSON in JSON, ASCII only": (s) => inner(inner(s).replace(/[\x7f-\uffff]/g, (c) => "\\u" + hex(c.charCodeAt(0), 4))),
  "JSON safe for HTML (Go)": (s) => inner(s).replace(/[<>&=+]/g, (c) => "\\u" + hex(c.charCodeAt(0), 4)),
  "HTML in JSON safe for HTML": (s) => inner(html(s)).replace(/[<>&]/g, (c) => "\\u" + hex(c.charCodeAt(0), 4)),
  "\\u of every unit": (s) => eachUnit(s, (u) => "\\u" + hex(u, 4)),
  "\\u of every unit, upper case": (s) => eachUnit(s, (u) => "\\u" + hex(u, 4).toUpperCase()),
  "\\u{} of every character": (s) => eachPoint(s, (p) => `\\u{${hex(p, 1)}}`),
  "\\u{000} of every character": (s) => eachPoint(s, (p) => `\\u{000${hex(p, 1)}}`),
  "\\U of every character (Python)": (s) => eachPoint(s, (p) => "\\U" + hex(p, 8)),
  "\\x of every byte": (s) => each(s, (b) => "\\x" + hex(b, 2)),
  "\\x in JSON": (s) => each(s, (b) => "\\\\x" + hex(b, 2)),
  "octal of every byte": (s) => each(s, (b) => "\\" + b.toString(8).padStart(3, "0")),
  "Markdown-escaped": (s) => s.replace(/[_*\\`]/g, "\\$&"),
  "HTML": html,
  "HTML in HTML": (s) => html(html(s)),
  "HTML, decimal": (s) => eachPoint(s, (p) => `&#${p};`),
  "HTML, decimal with zeros": (s) => eachPoint(s, (p) => `&#000${p};`),
  "HTML, hex": (s) => eachPoint(s, (p) => `&#x${hex(p, 1)};`),
  "HTML, hex upper case with zeros": (s) => eachPoint(s, (p) => `&#X00${hex(p, 1).toUpperCase()};`),
  "HTML, slashes and equals named": (s) =>
    html(s).replaceAll("/", "&sol;").replaceAll("=", "&equals;").replaceAll("_", "&lowbar;"),
  "HTML then percent-encoded": (s) => encodeURIComponent(eachPoint(s, (p) => `&#${p};`)),
  "percent-encoded then HTML": (s) => each(s, (b) => "&#37;" + hex(b, 2)),
  "JSON then percent-encoded": (s) => encodeURIComponent(inner(s)),
  "\\u then percent-encoded": (s) => encodeURIComponent(eachUnit(s, (u) => "\\u" + hex(u, 4))),
  "quoted-printable": (s) =>
    each(s, (b) => b === 0x3d || b < 0x20 || b > 0x7e ? "=" + hex(b, 2).toUpperCase() : String.fromCharCode(b)),
  "quoted-printable, soft breaks": (s) => wrap(each(s, (b) => "=" + hex(b, 2).toUpperCase()), 9, "=\r\n"),
  "hex": (s) => each(s, (b) => hex(b, 2)),
  "hex, upper case": (s) => each(s, (b) => hex(b, 2).toUpperCase()),
  "hex, mixed case": (s) => each(s, (b) => b % 2 ? hex(b, 2) : hex(b, 2).toUpperCase()),
  "hex with colons": (s) => each(s, (b) => ":" + hex(b, 2)).slice(1),
  "hex with spaces": (s) => each(s, (b) => " " + hex(b, 2)).slice(1),
  "hex as in C": (s) => each(s, (b) => ", 0x" + hex(b, 2)).slice(4),
  "hex wrapped (xxd -p)": (s) => wrap(each(s, (b) => hex(b, 2)), 60, "\n"),
  "a JSON array of bytes": (s) => Array.from(bytesOf(s)).join(","),
  "a JSON array of bytes, pretty": (s) => Array.from(bytesOf(s)).join(",\n      "),
  "base64": base64,
  "base64url": base64url,
  "base64 wrapped (MIME)": (s) => wrap(base64(s), 76, "\r\n"),
  "base64 wrapped narrowly": (s) => wrap(base64(s), 8, "\n"),
  "base64 wrapped and indented (YAML)": (s) => wrap(base64(s), 16, "\n        "),
  "base64 wrapped, in JSON": (s) => inner(wrap(base64(s), 16, "\r\n")),
  "base64 with escaped slashes": (s) => base64(s).replaceAll("/", "\\/"),
  "base64, percent-encoded": (s) => encodeURIComponent(base64(s)),
  "base64 in JSON safe for HTML": (s) => base64(s).replace(/[=+]/g, (c) => "\\u" + hex(c.charCodeAt(0), 4)),
  "base64, HTML": (s) => base64(s).replace(/[=+/]/g, (c) => `&#x${hex(c.charCodeAt(0), 2)};`),
  "UTF-16LE": (s) => Uint8Array.from(Buffer.from(s, "utf16le")),
  "UTF-16BE": (s) => Uint8Array.from(Buffer.from(s, "utf16le").swap16()),
  "UTF-16LE JSON": (s) => Uint8Array.from(Buffer.from(inner(s), "utf16le")),
  "header bytes read as Latin-1": binary,
};

/** Ways to repeat any value inside something else: what stands around it shares digits with it. */
export const EMBEDDINGS: Readonly<Record<string, (secret: string) => string>> = {
  "base64 after 1 byte": (s) => base64("~" + s),
  "base64 after 2 bytes": (s) => base64("~~" + s),
  "base64 before 1 byte": (s) => base64(s + "~"),
  "base64 before 2 bytes": (s) => base64(s + "~~"),
  "base64 within 4 and 5": (s) => base64("~~~~" + s + "~~~~~"),
  "base64url within 1 and 1": (s) => base64url("~" + s + "~"),
  "base64url within 2 and 2": (s) => base64url("~~" + s + "~~"),
  "a Basic pair": (s) => `Basic ${base64(`user:${s}`)}`,
  "a Basic pair inside a body in base64": (s) => base64(`{"headers":{"authorization":"Basic ${base64(`me:${s}`)}"}}`),
  "a body in base64, wrapped": (s) => wrap(base64(`{"echo":"${s}"}`), 76, "\r\n"),
  "a body in hex": (s) => Buffer.from(`{"echo":"${s}"}`).toString("hex"),
  "a Buffer in JSON": (s) => JSON.stringify(Buffer.from(`{"echo":"${s}"}`)),
  "a debug dump of a header": (s) => `{"headers":{"Authorization":["Bearer ${inner(s)}"]}}`,
  "a redirect": (s) =>
    `https://elsewhere.example/cb?next=${encodeURIComponent(`https://a.example/?t=${encodeURIComponent(s)}`)}`,
  "a cookie": (s) => `sid=${encodeURIComponent(s)}; Path=/; HttpOnly`,
  "a challenge": (s) => `Bearer realm="x", error_description="${s.replace(/["\\]/g, "\\$&")}"`,
  "twice in a row": (s) => s + s,
  "after its own beginning": (s) => Array.from(s)[0] + s,
  "an SSE event": (s) => `data: ${inner(s)}\n\n`,
};

/** Values of every kind; each at least eight bytes. */
export const SECRETS: Readonly<Record<string, string>> = {
  "an API key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
  "the shortest": "a8_Z/+=q",
  "a password with everything": `p"w'\\&<b>%41 +=/é€😀~x\t`,
  "many lines": "first line\nsecond line\r\nthird one of it\n",
  "NUL and controls": "nul\0bel\x07esc\x1bend",
  "only punctuation": `\\\\""//&&%%==`,
  "digits": "31415926535",
  "not ASCII at all": "пароль€😀密码",
  "UTF-16 units that look like escapes": "\u040a\u0425\u043d\u0426\u045c\u0400\u0d3d\u0100",
  "the same character": "aaaaaaaaaaaa",
  "two in turn": "abababababab",
  "the marker inside": "key-[REDACTED_BY_AGENTSECRETS]-key",
};

/** Bodies that were a leak once, or look like one. `keeps`: what must still be there. */
export const ECHOES: readonly {
  readonly what: string;
  readonly secret: string;
  readonly body: string;
  readonly keeps?: string;
}[] = [
  {
    what: "Basic pair, password alone",
    secret: "user:correct-horse",
    body: "password correct-horse is wrong",
    keeps: "password ",
  },
  {
    what: "Basic pair, percent-encoded",
    secret: "user:p@ss/word+1",
    body: "https://user:p%40ss%2Fword%2B1@h/",
    keeps: "@h/",
  },
  {
    what: "DSN, password alone",
    secret: "postgres://app:s3cr3t%2Fpw9@db:5432/x",
    body: "auth failed for s3cr3t/pw9",
    keeps: "auth failed for ",
  },
  {
    what: "scheme in the value",
    secret: "Bearer abcdefgh12345678",
    body: '{"token":"abcdefgh12345678"}',
    keeps: '{"token":"',
  },
  { what: "trailing newline in the value", secret: "abcdefgh12345678\n", body: '"abcdefgh12345678"', keeps: '"' },
  {
    what: "PEM, one line of it",
    secret:
      "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n-----END PRIVATE KEY-----\n",
    body: "bad key near QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=, -----BEGIN PRIVATE KEY----- expected",
    keeps: "-----BEGIN PRIVATE KEY----- expected",
  },
  {
    what: "PEM joined into one line",
    secret: "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG\nQUJDREVGR0hJSktM\n-----END PRIVATE KEY-----\n",
    body: "MIGHAgEAMBMGByqGQUJDREVGR0hJSktM",
  },
  {
    what: "service account, its key alone",
    secret: JSON.stringify({
      type: "service_account",
      auth_uri: "https://accounts.example/auth",
      private_key: "-----BEGIN X-----\nabcdefghijklmnopqrstuvwx\n-----END X-----\n",
      client_secret: "GOCSPX-0123456789",
    }),
    body: 'see https://accounts.example/auth: "abcdefghijklmnopqrstuvwx" "GOCSPX-0123456789"',
    keeps: "see https://accounts.example/auth: ",
  },
  {
    what: "mixed spellings of one value",
    secret: "mixed/secret+value",
    body: "m%69x\\u0065d&#47;s&#x65;c\\x72et%2bvalu%65",
  },
  { what: "spelling inside spelling", secret: "mixed/secret+value", body: "mixed%5Cu002Fsecret%26%2343%3Bvalue" },
  { what: "a rare escape in a common one", secret: "abcdefgh", body: "&amp;#97;bcdefgh" },
  { what: "false start before the value", secret: "abcabcabd", body: "abcabcabcabd", keeps: "abc" },
  { what: "backslash run before a quote", secret: 'pass"word', body: '\\\\\\\\\\\\\\"'.replace(/^/, "pass") + "word" },
];
