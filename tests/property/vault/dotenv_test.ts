/** The `.env` reader against npm's `dotenv`, the writer against `dotenv` and `sh`, the editor against itself. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import { parseSecretName, type SecretName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { quoteDotenv } from "../../../src/vault/dotenv/quote.ts";
import { readDotenv } from "../../../src/vault/dotenv/read.ts";
import { scanDotenv } from "../../../src/vault/dotenv/scan.ts";
import { updateDotenv, updateExample } from "../../../src/vault/dotenv/write.ts";
import { runs } from "../../support/runs.ts";

const npm = createRequire(import.meta.url)("dotenv") as { parse(text: string): Record<string, string> };

/** Text made of the pieces that decide how a `.env` file is read. */
const dotenvText = fc.array(
  fc.constantFrom(
    ..."A|B_1|export|export |=|:|: | |\t|\n|\r\n|\r|'|\"|`|\\|\\n|\\'|\\\"|#|x|$|é|\u2028|\u00a0|\ufeff|A=|B=|\nC=|'a'|-|."
      .split("|"),
    '"b\nc"',
    "export\tD = '1' # c\n",
  ),
  { maxLength: 40 },
).map((pieces) => pieces.join(""));
const value = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(
    fc.constantFrom(
      "a",
      " ",
      "'",
      '"',
      "`",
      "\\",
      "\\n",
      "\\r",
      "$",
      "$(id)",
      "#",
      "\n",
      "\r",
      "=",
      "é",
      "!",
      "~",
      "\u2028",
      ";",
      "&",
    ),
    {
      maxLength: 12,
    },
  ).map((pieces) => pieces.join("")),
).filter((text) => text.isWellFormed());
const name = fc.constantFrom("A", "B_1", "C", "D", "NEW", "LONGER_NAME").map(parseSecretName);

function values(text: string): Record<string, string> {
  return Object.fromEntries(scanDotenv(text).assignments.map(({ name, value }) => [name, value]));
}

function sorted(record: Record<string, string>): [string, string][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

function textOf(secret: Secret): string {
  return secret.expose((bytes) => fromUtf8(bytes));
}

Deno.test("scanDotenv() reads what npm's dotenv reads, on arbitrary text", () => {
  fc.assert(
    fc.property(dotenvText, (text) => assert.deepEqual(sorted(values(text)), sorted(npm.parse(text)))),
    runs(20_000),
  );
});

Deno.test("scanDotenv() points at the values it read", () => {
  fc.assert(
    fc.property(dotenvText, (text) => {
      let before = 0;
      for (const found of scanDotenv(text).assignments) {
        assert.ok(before <= found.start && found.start < found.valueStart && found.valueStart <= found.valueEnd);
        before = found.valueEnd;
      }
      assert.ok(before <= text.length);
    }),
    runs(5_000),
  );
});

Deno.test("scanDotenv() takes time linear in the text, quotes and blanks included", () => {
  for (const piece of ["A='\\'", "\n", " ", 'A="\\"\n', "'\n", "A=`x\n", "#", "export ", "A:\t"]) {
    const started = performance.now();
    scanDotenv(`A='${piece.repeat(100_000)}`);
    assert.ok(performance.now() - started < 2_000, JSON.stringify(piece));
  }
});

Deno.test("quoteDotenv() spells values that scanDotenv() and npm's dotenv read back", () => {
  fc.assert(
    fc.property(value, (text) => {
      const written = quoteDotenv(text);
      if (written === undefined) return;
      for (const file of [`K=${written}\n`, `A=1\r\nK=${written}\r\nB='x'\r\n`, `export K=${written}`]) {
        assert.equal(values(file).K, text);
        assert.equal(npm.parse(file).K, text);
      }
    }),
    runs(20_000),
  );
});

Deno.test("quoteDotenv() leaves out only NUL bytes and values that mix quotes with what no quote can hold", () => {
  fc.assert(
    fc.property(value, (text) => {
      if (quoteDotenv(text) !== undefined) return;
      const breaksOut = text.includes("\r")
        ? /\\[nr]|"|\\$/.test(text)
        : text.endsWith("\\") || /'/.test(text) && /`/.test(text);
      assert.ok(text.includes("\0") || breaksOut, JSON.stringify(text));
    }),
    runs(20_000),
  );
});

/** The forms that mean the same to `sh`. */
const SHELL_FORM = /^([A-Za-z0-9_./:@%+,=-]+|'[^']*'|"[^"$`\\]*")$/;

Deno.test("what quoteDotenv() writes is read back by sh, wherever dotenv has a spelling that sh reads alike", async () => {
  const samples = fc.sample(value, { numRuns: 400, seed: 7 }).filter((text) =>
    SHELL_FORM.test(quoteDotenv(text) ?? "`")
  );
  // A value without quotes, carriage returns and a backslash at its end always has one.
  const easy = fc.stringMatching(/^[^'\r\0]*[^'\r\0\\]$/);
  fc.assert(fc.property(easy, (text) => SHELL_FORM.test(quoteDotenv(text)!)));
  assert.ok(samples.length > 100);
  const script = samples.map((text) => `K=${quoteDotenv(text)}\nprintf '%s\\0' "$K"\n`).join("");
  const { stdout, success } = await new Deno.Command("sh", { args: ["-c", script], env: { LC_ALL: "C" } }).output();
  assert.ok(success);
  assert.deepEqual(new TextDecoder("utf-8", { ignoreBOM: true }).decode(stdout).split("\0").slice(0, -1), samples);
});

Deno.test("updateDotenv() changes what it was asked to and nothing else, on arbitrary text", () => {
  const update = fc.uniqueArray(fc.tuple(name, fc.option(value)), { selector: ([n]) => n, maxLength: 4 });
  fc.assert(
    fc.property(dotenvText, update, (text, changes) => {
      const secrets = new Map(changes.map(([n, v]) => [n, v === null ? null : Secret.fromText(v)] as const));
      let written;
      try {
        written = updateDotenv(utf8(text), secrets, ".env");
      } catch (error) {
        assert.equal((error as { code: string }).code, "invalid_input");
        return;
      }
      const expected = new Map(Object.entries(values(text)));
      for (const [n, v] of changes) {
        if (v === null || written.leftOut.includes(n)) expected.delete(n);
        else expected.set(n, v);
      }
      assert.deepEqual(sorted(npm.parse(fromUtf8(written.bytes))), sorted(Object.fromEntries(expected)));
    }),
    runs(10_000),
  );
});

/** Well-formed lines, as people write them. */
const line = fc.constantFrom(
  "# a comment\n",
  "\n",
  "  \n",
  "A=1\n",
  "export B_1='two' # why\n",
  'C="three\nlines\nlong"\n',
  "D: four\n",
  "OTHER = `five`\n",
  "A=again # last wins\n",
);

Deno.test("updateDotenv() keeps every other line byte for byte, with LF and CRLF, and undoes itself", () => {
  const document = fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean(), fc.boolean()).map(([lines, crlf, mark]) =>
    (mark ? "\ufeff" : "") + (crlf ? lines.join("").replaceAll("\n", "\r\n") : lines.join(""))
  );
  fc.assert(
    fc.property(document, value.filter((v) => quoteDotenv(v) !== undefined), (text, v) => {
      const fresh = parseSecretName("FRESH");
      const added = updateDotenv(utf8(text), new Map([[fresh, Secret.fromText(v)]]), ".env").bytes;
      assert.ok(fromUtf8(added).startsWith(text));
      assert.equal(fromUtf8(updateDotenv(added, new Map([[fresh, null]]), ".env").bytes), text);
      const same = new Map([...readDotenv(utf8(text), ".env").values]) as Map<SecretName, Secret>;
      assert.equal(fromUtf8(updateDotenv(utf8(text), same, ".env").bytes), text);
      const kept = (t: string): string[] => t.split(/\r?\n/).filter((l) => /^(#|OTHER|D:)/.test(l));
      const changed = updateDotenv(utf8(text), new Map([[parseSecretName("C"), Secret.fromText("x")]]), ".env").bytes;
      assert.deepEqual(kept(fromUtf8(changed)), kept(text));
    }),
    runs(3_000),
  );
});

Deno.test("readDotenv() gives back what updateDotenv() wrote into an empty file", () => {
  const entries = fc.uniqueArray(fc.tuple(name, value.filter((v) => quoteDotenv(v) !== undefined)), {
    selector: ([n]) => n,
    maxLength: 6,
  });
  fc.assert(
    fc.property(entries, (all) => {
      const secrets = new Map(all.map(([n, v]) => [n, Secret.fromText(v)] as const));
      const { bytes } = updateDotenv(undefined, secrets, ".env");
      const back = readDotenv(bytes, ".env");
      assert.deepEqual([...back.values].map(([n, s]) => [n, textOf(s)]), all);
      assert.deepEqual([...back.ignoredLines, ...back.unusableLines], []);
    }),
    runs(5_000),
  );
});

Deno.test("updateExample() never writes a value and never changes a line that is there", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }).map((l) => l.join("")), fc.uniqueArray(name), (text, names) => {
      const out = fromUtf8(updateExample(utf8(text), names, [], ".env.example"));
      assert.ok(out.startsWith(text));
      assert.match(out.slice(text.length), /^([A-Z_0-9]+=\n)*$/);
      for (const n of names) assert.ok(n in values(out));
    }),
    runs(2_000),
  );
});
