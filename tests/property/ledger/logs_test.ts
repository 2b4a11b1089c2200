import assert from "node:assert/strict";
import fc from "fast-check";
import type { SignedEntry } from "../../../src/contract/entry_fields.ts";
import { appendAccountEntries, replayAccountLog } from "../../../src/ledger/account_log.ts";
import { appendCommits, emptyEnvironment, replayEnvironment } from "../../../src/ledger/environment_chain.ts";
import { checkPin } from "../../../src/ledger/pin.ts";
import { appendWorkspaceEntries, replayWorkspaceLog } from "../../../src/ledger/workspace_log.ts";
import { fromBase64Url, toBase64Url } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { World } from "../../support/ledger_world.ts";

const world = new World();
const rules = (version: number): { version: number; scope: "workspace"; rules: string[] } => {
  return { version, scope: "workspace", rules: [`host-${version}.example`] };
};
for (let version = 1; version <= 4; version++) world.append(world.owner, "allowlist.set", rules(version));
const member = world.admit("member", "member", true);

const context = { workspace: world.ws, accounts: world.accounts };
const place = { ws: world.ws.id, project: world.project, env: world.env };
let environment = emptyEnvironment(place);
const commits: SignedEntry[] = [];
for (const [name, by] of [["ONE", world.owner], ["TWO", member], ["ONE", member], ["THREE", world.owner]] as const) {
  commits.push(world.commit(environment, [world.set(environment, name, "x").change], by));
  environment = appendCommits(environment, commits.slice(-1), context);
}

/** The three kinds of logs, each with the function that replays it. */
const LOGS: Readonly<Record<string, readonly [readonly SignedEntry[], (entries: readonly SignedEntry[]) => unknown]>> =
  {
    account: [world.owner.entries, (entries) => replayAccountLog(entries, world.owner.id)],
    workspace: [world.entries, (entries) => replayWorkspaceLog(entries, world.accounts, world.ws.id)],
    environment: [commits, (entries) => replayEnvironment(place, entries, context)],
  };
const refused = (error: unknown): boolean => isAppError(error, "log_invalid", "signature_invalid");

for (const [name, [entries, replay]] of Object.entries(LOGS)) {
  Deno.test(`the ${name} log with an entry left out, doubled, moved or from elsewhere is refused`, () => {
    replay(entries);
    for (let i = 0; i < entries.length; i++) {
      // Leaving out the last ones is a truncation, which only a pin can tell.
      if (i < entries.length - 1) assert.throws(() => replay(entries.toSpliced(i, 1)), refused, `without ${i}`);
      assert.throws(() => replay(entries.toSpliced(i, 0, entries[i]!)), refused, `${i} twice`);
      for (let j = i + 1; j < entries.length; j++) {
        assert.throws(
          () => replay(entries.with(i, entries[j]!).with(j, entries[i]!)),
          refused,
          `${i} and ${j} swapped`,
        );
      }
      for (const [foreign] of Object.values(LOGS)) {
        if (foreign !== entries) assert.throws(() => replay(entries.with(i, foreign[0]!)), refused, `foreign ${i}`);
      }
    }
  });

  Deno.test(`no bit of any entry of the ${name} log can be changed`, () => {
    const at = fc.record({ entry: fc.nat(entries.length - 1), byte: fc.nat(4000), bit: fc.nat(7) });
    const part = fc.constantFrom("body", "key", "sig");
    fc.assert(
      fc.property(at, part, ({ entry, byte, bit }, which) => {
        const signed = entries[entry]!, first = signed.sigs[0]!;
        const bytes = fromBase64Url(which === "body" ? signed.body : first[which])!;
        bytes[byte % bytes.length]! ^= 1 << bit;
        const text = toBase64Url(bytes);
        const changed = which === "body"
          ? { ...signed, body: text }
          : { ...signed, sigs: [{ ...first, [which]: text }, ...signed.sigs.slice(1)] };
        assert.throws(() => replay(entries.with(entry, changed)), refused);
      }),
      { numRuns: 200 },
    );
  });
}

Deno.test("replaying in any number of pieces gives the same state as in one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: world.entries.length }), fc.nat(4), (cut, commitCut) => {
      const first = replayWorkspaceLog(world.entries.slice(0, cut), world.accounts, world.ws.id);
      assert.deepEqual(appendWorkspaceEntries(first, world.entries.slice(cut), world.accounts), world.ws);
      const begun = appendCommits(emptyEnvironment(place), commits.slice(0, commitCut), context);
      assert.deepEqual(appendCommits(begun, commits.slice(commitCut), context), environment);
      const { owner } = world, account = replayAccountLog(owner.entries.slice(0, 1), owner.id);
      assert.deepEqual(appendAccountEntries(account, owner.entries.slice(1)), owner.account);
    }),
    { numRuns: 20 },
  );
});

Deno.test("every truncation of a log is a breach of its pin, and no longer one is", () => {
  for (let length = 1; length <= world.entries.length; length++) {
    const { hashes } = replayWorkspaceLog(world.entries.slice(0, length), world.accounts, world.ws.id);
    for (let seq = 1; seq <= world.entries.length; seq++) {
      const check = (): void => checkPin("it", hashes, { seq, hash: world.ws.hashes[seq - 1]! });
      if (seq <= length) check();
      else assert.throws(check, (error) => isAppError(error, "pin_mismatch"));
    }
  }
});
