import assert from "node:assert/strict";
import { asKeychainError } from "../../../../src/adapters/keychain/secret_service/failure.ts";
import { NativeFailure } from "../../../../src/adapters/keychain/secret_service/watch.ts";
import { AppError } from "../../../../src/kernel/error.ts";

Deno.test("native statuses become the catalog's words by their numbers alone", () => {
  const cases: readonly (readonly [string, number, string])[] = [
    ["g-io-error-quark", 0, "keychain_failed"],
    ["g-io-error-quark", 1, "keychain_absent"],
    ["g-io-error-quark", 18, "keychain_absent"],
    ["g-io-error-quark", 24, "keychain_timeout"],
    ["g-io-error-quark", 39, "keychain_absent"],
    ["g-dbus-error-quark", 2, "keychain_absent"],
    ["g-dbus-error-quark", 3, "keychain_absent"],
    ["g-dbus-error-quark", 4, "keychain_timeout"],
    ["g-dbus-error-quark", 9, "keychain_failed"],
    ["g-dbus-error-quark", 20, "keychain_timeout"],
    ["g-dbus-error-quark", 25, "keychain_absent"],
    ["secret-error", 1, "keychain_failed"],
    ["secret-error", 2, "keychain_locked"],
    ["another", 2, "keychain_failed"],
  ];
  for (const [domain, code, expected] of cases) {
    const error = asKeychainError(new NativeFailure({ domain, code }), false, 5);
    assert.ok(error instanceof AppError);
    assert.equal(error.code, expected, `${domain} ${code}`);
    if (expected === "keychain_failed") assert.deepEqual([error.fields.domain, error.fields.status], [domain, code]);
  }
});

Deno.test("after the deadline every native failure is the timeout; other errors pass unchanged", () => {
  const cancelled = new NativeFailure({ domain: "g-io-error-quark", code: 19 });
  assert.equal((asKeychainError(cancelled, true, 5) as AppError).code, "keychain_timeout");
  const other = new TypeError("a bug");
  assert.equal(asKeychainError(other, true, 5), other);
});
