/** Messages on the broker's socket are what they may be, or are refused. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../../../src/kernel/error.ts";
import { CATALOG } from "../../../../src/kernel/error_catalog.ts";
import {
  type Ask,
  decodeAnswer,
  decodeAnswerHead,
  decodeAsk,
  decodeNames,
  decodeOutcome,
  decodeStatus,
  encodeAsk,
  encodeFailure,
} from "../../../../src/usecases/broker/messages.ts";
import { BEARER_CALL } from "../../../support/call_request.ts";
import "../../../support/runs.ts";

const CALL: Ask = {
  ask: "call",
  call: {
    ...BEARER_CALL,
    folder: "/home/you/app",
    project: "app",
    environment: "staging",
    timeouts: { connectMs: 1000 },
  },
  body: "stream",
};

Deno.test("every question survives the way", () => {
  const asks: readonly Ask[] = [
    { ask: "status" },
    { ask: "lock" },
    { ask: "names", input: { folder: "/home/you/app", project: "app" } },
    CALL,
  ];
  for (const ask of asks) assert.deepEqual(decodeAsk(JSON.parse(JSON.stringify(encodeAsk(ask)))), ask);
});

Deno.test("P41 there is no question but status, lock, names and call, and none takes a field that is not known", () => {
  const words = fc.oneof(
    fc.string(),
    fc.constantFrom("get", "value", "env", "exec", "export", "unlock", "__proto__", "constructor"),
  );
  fc.assert(fc.property(words.filter((word) => !["status", "lock", "names", "call"].includes(word)), (ask) => {
    assert.throws(() => decodeAsk({ v: 1, ask }), { code: "bad_request" });
  }));
  for (const ask of [{ v: 1, ask: "status" }, encodeAsk(CALL)] as object[]) {
    assert.throws(() => decodeAsk({ ...ask, values: true }), { code: "bad_request" });
    assert.throws(() => decodeAsk({ ...ask, v: 2 }), { code: "bad_request" });
  }
});

Deno.test("nothing on the socket makes a caller an issued agent, or a call an `env`", () => {
  const { call } = CALL as Ask & { ask: "call" };
  const as = (changed: object): unknown => ({ v: 1, ask: "call", call: { ...call, ...changed }, body: "none" });
  assert.throws(() => decodeAsk(as({ caller: { ...call.caller, level: "issued" } })), { code: "bad_request" });
  assert.throws(() => decodeAsk(as({ path: "env" })), { code: "bad_request" });
  assert.throws(() => decodeAsk(as({ folder: "relative" })), { code: "bad_request" });
});

Deno.test("whatever JSON comes, a decoder gives its type or an error of the catalog", () => {
  const decoders = [decodeAsk, decodeAnswer, decodeStatus, decodeAnswerHead, decodeOutcome, decodeNames];
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    for (const decode of decoders) {
      try {
        decode(value);
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
      }
    }
  }));
});

Deno.test("a failure arrives as the same failure", () => {
  const sent = new AppError("secret_not_found", { name: "KEY" });
  assert.throws(() => decodeAnswer(JSON.parse(JSON.stringify(encodeFailure(sent)))), (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.deepEqual([error.code, error.message, error.exit], [sent.code, sent.message, sent.exit]);
    return true;
  });
  assert.throws(() => decodeAnswer(JSON.parse(JSON.stringify(encodeFailure(new Error("with a path"))))), {
    code: "internal",
  });
  for (const error of ["toString", "__proto__", "no_such_code"]) {
    assert.equal(Object.hasOwn(CATALOG, error), false);
    assert.throws(() => decodeAnswer({ error, fields: {} }), { code: "bad_request" });
  }
});
