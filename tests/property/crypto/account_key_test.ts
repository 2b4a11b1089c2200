import assert from "node:assert/strict";
import fc from "fast-check";
import {
  formatAccountKey,
  formatRecoveryCode,
  generateAccountKey,
  generateRecoveryCode,
  parseAccountKey,
  parseRecoveryCode,
} from "../../../src/crypto/account_key.ts";
import { fromUtf8 } from "../../../src/kernel/bytes.ts";
import { CROCKFORD } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import "../../support/runs.ts";

const KINDS = [
  { bytes: 16, prefix: "AS1", format: formatAccountKey, parse: parseAccountKey },
  { bytes: 20, prefix: "ASR1", format: formatRecoveryCode, parse: parseRecoveryCode },
] as const;
const textOf = (secret: Secret): string => secret.expose(fromUtf8);
const invalid = (error: unknown): boolean => isAppError(error, "account_key_invalid");
/** Random text may happen to begin like a key of a later suite. */
const refused = (error: unknown): boolean => isAppError(error, "account_key_invalid", "unsupported_format");

for (const { bytes, prefix, format, parse } of KINDS) {
  const key = fc.uint8Array({ minLength: bytes, maxLength: bytes });

  Deno.test(`${prefix}: what was printed is read back`, () => {
    fc.assert(fc.property(key, (raw) => {
      const text = textOf(format(Secret.copyOf(raw)));
      assert.match(text, new RegExp(`^${prefix}(-[0-9A-HJKMNP-TV-Z]{1,5})+$`));
      assert.ok(parse(Secret.fromText(text)).equals(Secret.copyOf(raw)));
    }));
  });

  Deno.test(`${prefix}: lower case, look-alikes, spaces, dashes and missing hyphens are read as meant`, () => {
    fc.assert(fc.property(key, (raw) => {
      const text = textOf(format(Secret.copyOf(raw)));
      const body = text.slice(prefix.length);
      const variants = [
        text.toLowerCase(),
        text.replaceAll("-", ""),
        text.replaceAll("-", " "),
        text.replaceAll("-", " – "),
        `  ${text}\n`,
        prefix + body.replaceAll("0", "O").replaceAll("1", "l"),
        prefix.replace("1", "I") + body.replaceAll("0", "o").replaceAll("1", "i"),
      ];
      for (const variant of variants) {
        assert.ok(parse(Secret.fromText(variant)).equals(Secret.copyOf(raw)), "variant");
      }
    }));
  });

  Deno.test(`${prefix}: every single wrong character and every swap of neighbours is noticed`, () => {
    const text = textOf(format(Secret.take(seededRandom(prefix)(bytes)))).replaceAll("-", "");
    for (let i = prefix.length; i < text.length; i++) {
      for (const wrong of CROCKFORD) {
        if (wrong === text[i]) continue;
        assert.throws(() => parse(Secret.fromText(text.slice(0, i) + wrong + text.slice(i + 1))), invalid);
      }
      const next = text[i + 1];
      if (next === undefined || next === text[i]) continue;
      assert.throws(() => parse(Secret.fromText(text.slice(0, i) + next + text[i] + text.slice(i + 2))), invalid);
    }
  });

  Deno.test(`${prefix}: no other text is a key`, () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
      assert.throws(() => parse(Secret.fromText(text)), refused);
      assert.throws(() => parse(Secret.fromText(prefix + text)), invalid);
    }));
    assert.throws(() => parse(Secret.take(Uint8Array.of(0xff, 0xfe))), invalid);
  });

  Deno.test(`${prefix}: a key of a later suite says so`, () => {
    const later = prefix.replace("1", "2") + "-ABCDE";
    assert.throws(() => parse(Secret.fromText(later)), (error) => isAppError(error, "unsupported_format"));
  });
}

Deno.test("the account key and the recovery code are never taken for each other", () => {
  const random = seededRandom("kinds");
  const [ak, rc] = [formatAccountKey(generateAccountKey(random)), formatRecoveryCode(generateRecoveryCode(random))];
  assert.throws(() => parseRecoveryCode(ak), invalid);
  assert.throws(() => parseAccountKey(rc), invalid);
});

Deno.test("a refused key is not in the error", () => {
  const typed = "AS1-0000S-ECRET-00000-00000-00000-00";
  try {
    parseAccountKey(Secret.fromText(typed));
    assert.fail();
  } catch (error) {
    assert.ok(!JSON.stringify([error, String(error)]).includes("ECRET"));
  }
});
