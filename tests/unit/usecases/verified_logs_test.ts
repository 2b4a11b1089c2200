import assert from "node:assert/strict";
import type { SignedEntry } from "../../../src/contract/entry_fields.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { replayWorkspaceLog } from "../../../src/ledger/workspace_log.ts";
import { VerifiedLogs } from "../../../src/usecases/verified_logs.ts";
import { World } from "../../support/ledger_world.ts";

/** The entries as another answer of the server holds them. */
function again(entries: readonly SignedEntry[]): SignedEntry[] {
  return structuredClone([...entries]);
}

const invalid = (error: unknown): boolean => isAppError(error, "log_invalid", "signature_invalid");

Deno.test("what was verified comes again as the same state, and what follows is what a whole replay gives", () => {
  const world = new World(), logs = new VerifiedLogs();
  const first = logs.workspace(again(world.entries), world.accounts, world.ws.id);
  assert.deepEqual(first, replayWorkspaceLog(world.entries, world.accounts, world.ws.id));
  assert.equal(logs.workspace(again(world.entries), world.accounts, world.ws.id), first);
  world.append(world.owner, "allowlist.set", { version: 1, scope: "workspace", rules: ["api.example.com"] });
  const second = logs.workspace(again(world.entries), world.accounts, world.ws.id);
  assert.deepEqual(second, replayWorkspaceLog(world.entries, world.accounts, world.ws.id));
  assert.notEqual(second, first);
});

Deno.test("P5 a byte that changed since is found wherever it is, also in entries that were verified before", () => {
  const world = new World();
  world.append(world.owner, "allowlist.set", { version: 1, scope: "workspace", rules: ["api.example.com"] });
  for (let at = 0; at < world.entries.length; at++) {
    for (const what of ["body", "sig", "key", "type", "sigs"] as const) {
      const logs = new VerifiedLogs();
      logs.workspace(again(world.entries), world.accounts, world.ws.id);
      const forged = again(world.entries) as { type: string; body: string; sigs: { key: string; sig: string }[] }[];
      const entry = forged[at]!;
      const flip = (text: string): string => (text.startsWith("A") ? "B" : "A") + text.slice(1);
      if (what === "body") entry.body = flip(entry.body);
      else if (what === "type") entry.type = "ws.delete";
      else if (what === "sigs") entry.sigs = [];
      else entry.sigs[0]![what] = flip(entry.sigs[0]![what]);
      const replay = () => logs.workspace(forged as SignedEntry[], world.accounts, world.ws.id);
      assert.throws(replay, invalid, `${what} of entry ${at + 1}`);
      // What failed is not taken for verified.
      assert.throws(replay, invalid, `${what} of entry ${at + 1} again`);
    }
  }
});

Deno.test("a log that became shorter, or whose author's account is another one, is replayed from the beginning", () => {
  const world = new World(), logs = new VerifiedLogs();
  logs.workspace(again(world.entries), world.accounts, world.ws.id);
  const shorter = logs.workspace(again(world.entries.slice(0, -1)), world.accounts, world.ws.id);
  assert.equal(shorter.head.seq, world.entries.length - 1);
  logs.workspace(again(world.entries), world.accounts, world.ws.id);
  const account = world.accounts.get(world.owner.id)!;
  const forked = new Map([[world.owner.id, { ...account, hashes: account.hashes.map(() => "0".repeat(64)) }]]);
  assert.throws(() => logs.workspace(again(world.entries), forked, world.ws.id), invalid);
});

Deno.test("an account's log goes on from what was verified, and no further than it verifies", () => {
  const world = new World(), logs = new VerifiedLogs();
  const { owner } = world;
  const entries = owner.entries;
  const first = logs.account(again(entries), owner.id);
  assert.deepEqual(first, owner.account);
  assert.equal(logs.account(again(entries), owner.id), first);
  const forged = again(entries);
  forged[0] = { ...forged[0]!, sigs: [] };
  assert.throws(() => logs.account(forged, owner.id), invalid);
});
