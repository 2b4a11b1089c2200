import assert from "node:assert/strict";
import { fromUtf8, utf8 } from "../../../../src/kernel/bytes.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { parseSecretName, type SecretName } from "../../../../src/kernel/names.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { quoteDotenv } from "../../../../src/vault/dotenv/quote.ts";
import { readDotenv } from "../../../../src/vault/dotenv/read.ts";
import { updateDotenv, updateExample } from "../../../../src/vault/dotenv/write.ts";

const N = parseSecretName;

function read(text: string): Record<string, string> {
  const { values } = readDotenv(utf8(text), ".env");
  return Object.fromEntries([...values].map(([name, secret]) => [name, secret.expose((b) => fromUtf8(b))]));
}

function update(text: string, changes: Record<string, string | null>): string {
  const map = new Map<SecretName, Secret | null>(
    Object.entries(changes).map(([name, value]) => [N(name), value === null ? null : Secret.fromText(value)]),
  );
  return fromUtf8(updateDotenv(utf8(text), map, ".env").bytes);
}

const READS: readonly [what: string, text: string, values: Record<string, string>][] = [
  ["a plain value", "A=1", { A: "1" }],
  ["blanks around the sign and the value", "  A =  b c \t\n", { A: "b c" }],
  ["export", "export A=1\nexport\tB=2", { A: "1", B: "2" }],
  ["a colon with a blank after it", "A: 1\nB:2", { A: "1" }],
  ["an empty value", "A=\nB=''\nC=\"\"", { A: "", B: "", C: "" }],
  ["comments, also without a blank before them", "# A=0\nA=1 # x\nB=2#x\nC='3' # x", { A: "1", B: "2", C: "3" }],
  ["a # between quotes", "A='1 # 2'\nB=\"#\"\nC=`#`", { A: "1 # 2", B: "#", C: "#" }],
  ["values over several lines", "A='x\ny'\nB=\"x\ny\"\nC=`x\ny`", { A: "x\ny", B: "x\ny", C: "x\ny" }],
  ["\\n and \\r between double quotes only", "A=\"x\\ny\\rz\"\nB='x\\ny'\nC=x\\ny", {
    A: "x\ny\rz",
    B: "x\\ny",
    C: "x\\ny",
  }],
  ["other escapes as they stand", 'A="a\\tb\\"c\\\\d"', { A: 'a\\tb\\"c\\\\d' }],
  ["JSON between single quotes", `A='{"k": "v"}'`, { A: '{"k": "v"}' }],
  ["both quotes between backticks", 'A=`it\'s "x"`', { A: `it's "x"` }],
  ["CRLF and a byte order mark", "\ufeffA=1\r\nB='x\r\ny'\r\n", { A: "1", B: "x\ny" }],
  ["the last of two", "A=1\nA=2", { A: "2" }],
  ["an = in the value", "A=a=b==", { A: "a=b==" }],
  ["no $ expansion", 'A=$HOME\nB="${A}"', { A: "$HOME", B: "${A}" }],
  ["a quote that is never closed, as part of the value", "A='x\nB=1", { A: "'x", B: "1" }],
];

for (const [what, text, expected] of READS) {
  Deno.test(`readDotenv() reads ${what}`, () => assert.deepEqual(read(text), expected));
}

Deno.test("readDotenv() names lines it cannot use by number and keeps their content to itself", () => {
  const content = readDotenv(utf8("A=1\nnot an assignment canary\n\n# fine\na.b=canary\n1X=canary\nB=2\n"), ".env");
  assert.deepEqual([...content.values.keys()], ["A", "B"]);
  assert.deepEqual(content.ignoredLines, [2]);
  assert.deepEqual(content.unusableLines, [5, 6]);
  assert.ok(!Deno.inspect(content, { depth: 9 }).includes("canary"));
});

Deno.test("readDotenv() refuses bytes that are no UTF-8 and says when they are UTF-16", () => {
  const refused = (bytes: number[]): string => {
    try {
      readDotenv(new Uint8Array(bytes), ".env");
    } catch (error) {
      if (isAppError(error, "invalid_input")) return error.message;
    }
    return "";
  };
  assert.match(refused([0x41, 0x3d, 0xff]), /not valid UTF-8/);
  assert.match(refused([0xff, 0xfe, 0x41, 0]), /UTF-16/);
});

Deno.test("quoteDotenv() uses the plainest form that survives", () => {
  const forms: [string, string | undefined][] = [
    ["sk_live_51H", "sk_live_51H"],
    ["postgresql://u:p@h:5432/d", "postgresql://u:p@h:5432/d"],
    ["", '""'],
    ["two words", "'two words'"],
    ["$HOME `id` $(id)", "'$HOME `id` $(id)'"],
    ["it's", '"it\'s"'],
    ["it's $5", "it's $5"],
    ["it's # $5", "`it's # $5`"],
    ["a\nb", "'a\nb'"],
    ["a\rb", '"a\\rb"'],
    ["ends with \\", "ends with \\"],
    [`all ' " \` three`, `all ' " \` three`],
    [`all ' " \` three # and a hash`, undefined],
    ["nul\0", undefined],
  ];
  for (const [value, form] of forms) assert.equal(quoteDotenv(value), form);
});

const FILE = `# Payment\nSTRIPE_KEY=old # live\n\nexport OTHER='kept'\r\nPEM="-----BEGIN\nabc\n-----END"\nLAST=1`;

Deno.test("updateDotenv() replaces a value in place and keeps its comment", () => {
  assert.equal(update(FILE, { STRIPE_KEY: "sk new" }), FILE.replace("=old #", "='sk new' #"));
});

Deno.test("updateDotenv() replaces and removes values of several lines whole", () => {
  assert.equal(update(FILE, { PEM: "x" }), FILE.replace(/PEM="[^"]*"/, "PEM=x"));
  assert.equal(update(FILE, { PEM: null }), FILE.replace(/PEM="[^"]*"\n/, ""));
});

Deno.test("updateDotenv() adds names at the end, after a line break where one is missing, in the file's line ending", () => {
  assert.equal(update("A=1", { B: "2", C: "x y" }), "A=1\nB=2\nC='x y'\n");
  assert.equal(update("A=1\r\n", { B: "2" }), "A=1\r\nB=2\r\n");
  assert.equal(update("", { B: "2" }), "B=2\n");
});

Deno.test("updateDotenv() changes the last of two lines and removes both", () => {
  assert.equal(update("A=1\n#\nA=2\n", { A: "3" }), "A=1\n#\nA=3\n");
  assert.equal(update("A=1\n#\nA=2\n", { A: null }), "#\n");
});

Deno.test("updateDotenv() separates a value from a comment that followed at once", () => {
  assert.equal(update("A=#c\n", { A: "1" }), "A=1 #c\n");
});

Deno.test("updateDotenv() removes the old value of a name whose new value no .env can hold", () => {
  const { bytes, leftOut } = updateDotenv(utf8("A=old\n"), new Map([[N("A"), Secret.fromText("x\0y")]]), ".env");
  assert.equal(fromUtf8(bytes), "");
  assert.deepEqual(leftOut, ["A"]);
});

Deno.test("updateDotenv() refuses a change that would alter what a broken line means", () => {
  assert.throws(
    () => update("A='never closed", { B: "\nx" }),
    (error) => isAppError(error, "invalid_input") && !error.message.includes("never closed"),
  );
});

Deno.test("updateExample() adds empty names, keeps samples and comments, removes names", () => {
  const before = utf8("# Copy to .env\nPORT=3000 # sample\nGONE=\n");
  const after = updateExample(before, [N("PORT"), N("STRIPE_KEY")], [N("GONE")], ".env.example");
  assert.equal(fromUtf8(after), "# Copy to .env\nPORT=3000 # sample\nSTRIPE_KEY=\n");
});
