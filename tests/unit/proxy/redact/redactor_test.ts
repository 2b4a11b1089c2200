import assert from "node:assert/strict";
import { concat, utf8 } from "../../../../src/kernel/bytes.ts";
import { MAX_VALUE_BYTES, REDACTION_MARKER as MARKER } from "../../../../src/kernel/limits.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { createRedactor, isRedactable, type Redactor } from "../../../../src/proxy/redact/redactor.ts";

const secrets = (...values: readonly string[]): Redactor =>
  createRedactor(values.map((value) => Secret.fromText(value)));
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What comes out of each push, and of the end. */
function pushes(redactor: Redactor, ...chunks: readonly string[]): string[] {
  const stream = redactor.stream();
  return [...chunks.map((chunk) => decode(stream.push(utf8(chunk)))), decode(stream.end())];
}

Deno.test("text() and bytes() return the very same object when nothing was found", () => {
  using redactor = secrets("hunter2hunter2");
  const bytes = utf8("nothing here, hunter2 alone is not it");
  assert.equal(redactor.bytes(bytes), bytes);
  assert.equal(redactor.text("nothing \ud800 here"), "nothing \ud800 here");
  assert.equal(redactor.text("x hunter2hunter2 y"), `x ${MARKER} y`);
});

Deno.test("text() finds a value beyond ASCII in a header that holds one character a byte", () => {
  using redactor = secrets("пароль-пароль", "motdépassé1");
  for (const value of ["пароль-пароль", "motdépassé1"]) {
    const header = Array.from(utf8(value), (byte) => String.fromCharCode(byte)).join("");
    assert.equal(redactor.text(`é ${header}`), `é ${MARKER}`);
    assert.equal(redactor.text(`é ${value}`), `é ${MARKER}`);
  }
  assert.equal(decode(redactor.bytes(Uint8Array.from("motdépassé1", (c) => c.charCodeAt(0)))), MARKER);
});

Deno.test("a chunk without a partial match at its end comes out of the same push, and is not copied", () => {
  using redactor = secrets("hunter2hunter2");
  const event = utf8('data: {"delta":"some words"}\n\n');
  const stream = redactor.stream();
  assert.equal(stream.push(event), event);
  assert.equal(stream.heldBytes, 0);
});

Deno.test("an SSE event is complete in its own push whatever 200 secrets begin with", () => {
  const values = Array.from({ length: 200 }, (_, i) => `${String.fromCharCode(33 + i % 94)}${i}-secret-value`);
  using redactor = secrets(...values);
  const stream = redactor.stream();
  for (let i = 0; i < 94; i++) {
    const event = `data: {"token":"${String.fromCharCode(33 + i)}"}\n\n`;
    assert.equal(decode(stream.push(utf8(event))), event);
  }
});

Deno.test("only what may still become a match is held back, and it is let go as soon as it cannot", () => {
  using redactor = secrets("abcdefghij");
  assert.deepEqual(pushes(redactor, "xx abcde", "f", "gh", "iX yy"), ["xx ", "", "", "abcdefghiX yy", ""]);
  assert.deepEqual(pushes(redactor, "xx abcde", "fghij", " yy"), ["xx ", MARKER, " yy", ""]);
  assert.deepEqual(pushes(redactor, "ab", "ab", "abcdefghi"), ["", "ab", "ab", "abcdefghi"]);
  assert.deepEqual(pushes(redactor, "abcdefghij"), [MARKER, ""]);
});

Deno.test("no text holds back more than one possible match", () => {
  const value = "k".repeat(40) + "-" + "v".repeat(MAX_VALUE_BYTES - 41);
  using redactor = secrets(value);
  // 256 decisive bytes, each at most 6 here; zeros and nested escapes could make it some hundred kilobytes, never more.
  for (
    const body of [
      value.slice(0, 250),
      "%6b".repeat(5000),
      "\\u006b".repeat(5000),
      "\\".repeat(9000),
      "&#000".repeat(5000),
    ]
  ) {
    const stream = redactor.stream();
    let held = 0;
    for (const character of body) {
      stream.push(utf8(character));
      held = Math.max(held, stream.heldBytes);
    }
    assert.ok(held <= 256 * 6, `${held} bytes`);
  }
});

Deno.test("a value of 64 KiB is swallowed as it comes, without being held back", () => {
  const value = Array.from(
    { length: MAX_VALUE_BYTES / 8 },
    (_, i) => (i * 2654435761 >>> 0).toString(16).padStart(8, "0"),
  )
    .join("");
  using redactor = secrets(value);
  const stream = redactor.stream();
  let held = 0;
  const out: Uint8Array[] = [stream.push(utf8("<"))];
  for (let at = 0; at < value.length; at += 100) {
    out.push(stream.push(utf8(value.slice(at, at + 100))));
    held = Math.max(held, stream.heldBytes);
  }
  out.push(stream.push(utf8(">")), stream.end());
  assert.equal(decode(concat(...out)), `<${MARKER}>`);
  assert.ok(held <= 300, `${held} bytes`);
  assert.equal(redactor.text(`"${btoa(value)}"`), `"${MARKER}"`);
  assert.equal(
    redactor.text(value.slice(0, 300) + "|"),
    `${MARKER}|`,
    "the first 256 bytes of a long value are decisive",
  );
});

Deno.test("nested values are replaced by the longest, overlapping ones as a whole", () => {
  using redactor = secrets(
    "inner-value",
    "outer-inner-value-outer",
    "AAAAbbbbCCCC",
    "CCCCddddEEEE",
    "EEEEffffGGGG-and-a-long-tail",
  );
  assert.equal(redactor.text("<outer-inner-value-outer>"), `<${MARKER}>`);
  assert.equal(redactor.text("<outer-inner-value-out>"), `<outer-${MARKER}-out>`);
  assert.equal(redactor.text("<AAAAbbbbCCCCddddEEEE>"), `<${MARKER}>`);
  assert.equal(redactor.text("<AAAAbbbbCCCCddddEEEEffffGGGG-and-a-long-tail>"), `<${MARKER}>`);
  assert.equal(redactor.text("<AAAAbbbbCCCCddddEEEEffffGGGG-and-a-long-tai>"), `<${MARKER}ffffGGGG-and-a-long-tai>`);
  assert.equal(redactor.text("AAAAbbbbCCCCCCCCddddEEEE"), `${MARKER}${MARKER}`, "side by side is not overlapping");
  const body = "<AAAAbbbbCCCCddddEEEEffffGGGG-and-a-long-tail>AAAAbbbbCCCCddddEEEEffffGGGG-and-a-long-tai";
  const whole = redactor.text(body);
  for (let at = 0; at <= body.length; at++) {
    assert.equal(pushes(redactor, body.slice(0, at), body.slice(at)).join(""), whole);
  }
  assert.equal(pushes(redactor, ...body).join(""), whole);
});

Deno.test("values that share a single byte are replaced as a whole, at every split", () => {
  using redactor = secrets("AAAAbbbbCCCC", "Cddddeeee");
  const body = "<AAAAbbbbCCCCddddeeee>";
  for (let at = 0; at <= body.length; at++) {
    assert.equal(pushes(redactor, body.slice(0, at), body.slice(at)).join(""), `<${MARKER}>`);
  }
});

Deno.test("a value inside another one's match is found although it begins late in it", () => {
  using redactor = secrets("xxxxABCDEFGH", "ABCDEFGH0123456789abcdefghijklmnop");
  assert.equal(redactor.text("xxxxABCDEFGH0123456789abcdefghijklmnop!"), `${MARKER}!`);
});

Deno.test("a value that repeats itself is replaced whole, and long runs of it in reasonable time", () => {
  using redactor = secrets("a".repeat(MAX_VALUE_BYTES));
  const body = "a".repeat(MAX_VALUE_BYTES + 5000);
  const out = redactor.text(`<${body}>`);
  assert.match(out, /^<\[REDACTED_BY_AGENTSECRETS\][^]*>$/);
  assert.ok(out.length < 2000, `${out.length}`);
  using tail = secrets("a".repeat(255) + "b");
  assert.equal(tail.text("a".repeat(20000)), "a".repeat(20000));
});

Deno.test("bytes that are not text pass unchanged around a value with NUL", () => {
  using redactor = createRedactor([Secret.copyOf(Uint8Array.of(0, 255, 254, 0, 128, 7, 0, 1, 192))]);
  const before = Uint8Array.of(0xc3, 0x28, 0, 0xff), value = Uint8Array.of(0, 255, 254, 0, 128, 7, 0, 1, 192);
  const out = redactor.bytes(concat(before, value, before));
  assert.deepEqual(out, concat(before, utf8(MARKER), before));
});

Deno.test("a value that holds the marker cannot come back through its own replacement", () => {
  using redactor = secrets(`left-half${MARKER}right-half`, "other-secret");
  assert.equal(redactor.text(`left-half${MARKER}right-half`), MARKER);
  const out = redactor.text("left-halfother-secretright-half");
  assert.ok(!out.includes("left-half") && !out.includes("right-half"), out);
});

Deno.test("P2 values too short, and pieces of the marker, are not searched for and said so", () => {
  for (const value of ["", "1234567", "REDACTED", "_BY_AGENTSECRETS]", MARKER]) {
    assert.equal(isRedactable(Secret.fromText(value)), false, value);
    using redactor = secrets(value);
    assert.equal(redactor.text(`x${value}y`), `x${value}y`);
  }
  assert.equal(isRedactable(Secret.fromText("12345678")), true);
});

Deno.test("P2 200 secrets are all found, in base64 and raw, and the rest stays", () => {
  const values = Array.from(
    { length: 200 },
    (_, i) => `${["sk_test_", "ghp_", "xoxb-"][i % 3]}${btoa(`${i * 7919}`.repeat(4))}`,
  );
  using redactor = secrets(...values);
  const body = values.map((value, i) => `${i}<${i % 2 ? value : btoa(value)}>`).join("\n");
  assert.equal(redactor.text(body), values.map((_, i) => `${i}<${MARKER}>`).join("\n"));
});

Deno.test("without secrets everything passes", () => {
  using redactor = createRedactor([]);
  assert.deepEqual(pushes(redactor, "a", "b"), ["a", "b", ""]);
});

Deno.test("redacted tells whether something was replaced, per stream", () => {
  using redactor = secrets("hunter2hunter2");
  const [one, other] = [redactor.stream(), redactor.stream()];
  one.push(utf8("hunter2hun"));
  other.push(utf8("hunter2hun"));
  assert.equal(decode(one.push(utf8("ter2"))), MARKER);
  assert.equal(decode(other.push(utf8("terX"))), "hunter2hunterX");
  assert.deepEqual([one.redacted, other.redacted], [true, false]);
});

Deno.test("transform() redacts a piped body, holds its end back and says so", async () => {
  using redactor = secrets("hunter2hunter2");
  const transform = redactor.transform();
  const body = ReadableStream.from(["<hunter2", "hunter2", "> hunter2"].map((text) => utf8(text)));
  assert.equal(await new Response(body.pipeThrough(transform)).text(), `<${MARKER}> hunter2`);
  assert.equal(transform.redacted, true);
});

Deno.test("a disposed redactor fails instead of passing anything, open streams included", () => {
  const redactor = secrets("hunter2hunter2");
  const stream = redactor.stream();
  redactor.dispose();
  redactor.dispose();
  assert.throws(() => stream.push(utf8("x")), TypeError);
  assert.throws(() => redactor.text("x"), TypeError);
  assert.throws(() => redactor.bytes(utf8("x")), TypeError);
  assert.throws(() => redactor.stream(), TypeError);
});

Deno.test("nothing follows the end of a stream", () => {
  using redactor = secrets("hunter2hunter2");
  const stream = redactor.stream();
  stream.end();
  assert.throws(() => stream.push(utf8("x")), TypeError);
});

Deno.test("a redactor prints none of its values", () => {
  using redactor = secrets("hunter2hunter2");
  const printed = [Deno.inspect(redactor, { depth: 9, showHidden: true }), JSON.stringify(redactor), String(redactor)];
  for (const text of printed) assert.ok(!text.includes("hunter2"), text);
  const stream = redactor.stream();
  stream.push(utf8("hunter2hun"));
  assert.ok(!Deno.inspect(stream, { depth: 9, showHidden: true }).includes("104, 117"));
});
