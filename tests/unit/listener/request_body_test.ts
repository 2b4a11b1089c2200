import assert from "node:assert/strict";
import { AppError, isAppError } from "../../../src/kernel/error.ts";
import { readHead } from "../../../src/listener/head.ts";
import { bodyOf } from "../../../src/listener/request_body.ts";

const NEVER = new AbortController().signal;

/** A request whose body comes in these pieces, and stays open with `open`. */
function request(pieces: readonly string[], length: number | undefined, open = false): Request {
  const encoder = new TextEncoder();
  const body = new ReadableStream({
    start(controller): void {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      if (!open) controller.close();
    },
  });
  const headers: Record<string, string> = length === undefined ? {} : { "content-length": String(length) };
  return new Request("http://localhost:8765/proxy", { method: "POST", headers, body });
}

Deno.test("a body that says that it is small comes whole, every other one as it comes", async () => {
  const small = request(["ab", "cd"], 4);
  assert.deepEqual(await bodyOf(small, readHead(small), NEVER), new TextEncoder().encode("abcd"));
  for (const length of [undefined, 16 * 1024 + 1]) {
    const large = request(["ab"], length, true);
    assert.equal(await bodyOf(large, readHead(large), NEVER), large.body);
  }
  const none = new Request("http://localhost:8765/proxy");
  assert.equal(await bodyOf(none, readHead(none), NEVER), null);
});

Deno.test("the wait for a small body ends with the call, and a body that breaks off is a call that was left", async () => {
  const slow = request(["ab"], 4, true);
  const call = new AbortController();
  const waiting = bodyOf(slow, readHead(slow), call.signal);
  call.abort(new AppError("vault_sealed"));
  await assert.rejects(waiting, (e) => isAppError(e, "vault_sealed"));
  const broken = { body: null, bytes: () => Promise.reject(new TypeError("connection closed")) };
  await assert.rejects(bodyOf(broken, readHead(request([], 4)), NEVER), (e) => isAppError(e, "cancelled"));
});

Deno.test("a content length that is none is not believed", () => {
  for (const text of ["", "-1", "0x10", "1e3", "5, 5", "00", "9".repeat(20)]) {
    const head = readHead({
      method: "POST",
      url: "http://localhost/",
      headers: new Headers({ "content-length": text }),
    });
    assert.equal(head.contentLength, undefined, text);
  }
});
