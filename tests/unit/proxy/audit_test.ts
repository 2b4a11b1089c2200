import assert from "node:assert/strict";
import fc from "fast-check";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { auditJson, hashLine, LineWriter, MAX_GROUP, nextLine, parseLine } from "../../../src/proxy/audit_line.ts";
import type { AuditFacts } from "../../../src/proxy/audit_record.ts";
import { DEVICE, type Evidence, FACTS, groupsOf, STRANGER, verify } from "../../support/audit.ts";

async function logOf(length: number, signer = DEVICE): Promise<string[]> {
  const lines: string[] = [];
  for (let i = 0; i < length; i++) {
    lines.push(nextLine({ ...FACTS, durationMs: i }, `log_${i}`, lines.at(-1), signer));
  }
  return lines;
}

async function fails(line: number, lines: readonly string[], evidence?: Evidence): Promise<void> {
  await assert.rejects(verify(lines, evidence), (e) => isAppError(e, "audit_invalid") && e.fields.line === line);
}

Deno.test("P4 a record has exactly the fields that were promised, in their order, and none for a value", async () => {
  const [line] = await logOf(1);
  assert.deepEqual(Object.keys(JSON.parse(line!)), [
    "v",
    "id",
    "timestamp",
    "workspace_id",
    "project_id",
    "environment",
    "agent_id",
    "token_id",
    "identity_level",
    "caller_role",
    "session_id",
    "secret_keys",
    "auth_styles",
    "method",
    "target_url",
    "domain",
    "status_code",
    "status",
    "reason",
    "redacted",
    "resolution_path",
    "duration_ms",
    "proxy_duration_ms",
    "allowlist_version",
    "seq",
    "prev",
    "key",
    "sig",
  ]);
  assert.equal(JSON.parse(line!).timestamp, "2025-11-23T12:13:20.123Z");
  assert.deepEqual(auditJson(parseLine(line!)!), JSON.parse(line!));
});

Deno.test("a line is read back as it was written, whatever text came from outside", async () => {
  const text = fc.string({ unit: "binary", maxLength: 3000 });
  await fc.assert(
    fc.asyncProperty(text, text, fc.option(fc.constantFrom("cancelled", "upstream_tls")), async (url, agent, error) => {
      const facts = { ...FACTS, targetUrl: url, agentId: agent, ...(error === null ? {} : { error }) };
      const line = nextLine(facts, "log_1", undefined, DEVICE);
      assert.equal(line.includes("\n"), false);
      assert.ok(line.length < 30_000);
      const record = parseLine(line)!;
      assert.equal(record.error, error ?? undefined);
      assert.deepEqual(await verify([line]), { records: 1, firstSeq: 1, lastSeq: 1, lastHash: hashLine(line) });
    }),
    { numRuns: 50 },
  );
});

Deno.test("a line says what its own call was, whatever the one before was", () => {
  const text = fc.constantFrom("a", "b", '"\\\n'), number = fc.integer({ min: 0, max: 999 });
  const changes = fc.record({
    timestamp: fc.integer({ min: 1_763_900_000_000, max: 1_763_900_003_000 }),
    projectId: text,
    agentId: text,
    sessionId: text,
    method: text,
    redacted: fc.boolean(),
    statusCode: number,
    durationMs: number,
  }, { requiredKeys: [] });
  fc.assert(fc.property(fc.array(changes, { minLength: 2, maxLength: 8 }), (calls) => {
    const writer = new LineWriter();
    for (const call of calls) {
      const facts: AuditFacts = { ...FACTS, ...call };
      const json = JSON.parse(`${writer.unplaced(facts, "log_1")}}`);
      assert.deepEqual(Object.values(json), [
        ...[1, "log_1", new Date(facts.timestamp).toISOString(), facts.workspaceId, facts.projectId, facts.environment],
        ...[facts.agentId, facts.tokenId, facts.identityLevel, facts.callerRole, facts.sessionId],
        ...[facts.secretKeys, facts.authStyles, facts.method, facts.targetUrl, facts.domain, facts.statusCode],
        ...[facts.status, facts.reason, facts.redacted, facts.resolutionPath, facts.durationMs],
        ...[facts.proxyDurationMs, facts.allowlistVersion],
      ]);
    }
  }));
});

Deno.test("a line in another spelling is no record", async () => {
  const [line] = await logOf(1);
  const json = JSON.parse(line!);
  const { sig, ...rest } = json;
  const others = [
    "",
    "{}",
    "null",
    "[]",
    `${line} `,
    line!.replace('"v":1', '"v":2'),
    line!.replace('"v":1', '"v":1,"v":1'),
    JSON.stringify({ ...json, value: "sk" }),
    JSON.stringify({ sig, ...rest }),
    JSON.stringify({ ...json, secret_keys: "STRIPE_KEY" }),
    JSON.stringify({ ...json, duration_ms: 1.5 }),
    JSON.stringify({ ...json, timestamp: "yesterday" }),
    JSON.stringify(rest),
  ];
  for (const other of others) assert.equal(parseLine(other), undefined, other);
});

Deno.test("only a signed line names a key, and only one that ends a group counts lines", () => {
  const [member, end] = groupsOf([2]) as [string, string];
  assert.equal(parseLine(member)!.sig, "");
  assert.equal(parseLine(end)!.covers, 1);
  for (const covers of [0, -1, MAX_GROUP]) {
    assert.equal(parseLine(end.replace('"covers":1', `"covers":${covers}`)), undefined, String(covers));
  }
  assert.equal(parseLine(member.replace('"key":""', `"key":"${DEVICE.key}"`)), undefined);
  assert.equal(parseLine(member.replace('"key":""', '"covers":1,"key":""')), undefined);
});

Deno.test("P14 of several wrong lines in a group the first is named, also where its signature is wrong or gone", async () => {
  const lines = groupsOf([1, 8]), end = lines.length - 1;
  const edited = lines[end]!.replace('"status_code":200', '"status_code":403');
  await fails(4, lines.with(end, edited).toSpliced(3, 1));
  await fails(4, lines.with(end, "{}").toSpliced(3, 1));
  await fails(end + 1, lines.with(end, edited));
  await fails(end + 1, lines.with(end, "{}"));
});

Deno.test("P14 a signature that counts more lines than its group has is refused, even the device's own", async () => {
  const [first, member, end] = groupsOf([1, 2]) as [string, string, string];
  const unsigned = end.replace('"covers":1', '"covers":2').replace(/,"sig":.*$/, "");
  const sig = toBase64Url(DEVICE.sign(utf8(`agentsecrets/v1/audit\0${unsigned}}`)));
  await fails(3, [first, member, `${unsigned},"sig":"${sig}"}`]);
});

Deno.test("P14 a stranger's endless unsigned lines are not all held in memory", async () => {
  let asked = 0;
  async function* endless(): AsyncGenerator<string> {
    const [line] = groupsOf([2]);
    for (;; asked++) yield line!;
  }
  await assert.rejects(verify(endless()), (e) => isAppError(e, "audit_invalid") && e.fields.line === 1);
  assert.ok(asked <= 2 * MAX_GROUP);
});

Deno.test("a whole log verifies", async () => {
  const lines = await logOf(5);
  const checkpoint = { seq: 3, hash: hashLine(lines[2]!) };
  const expected = { records: 5, firstSeq: 1, lastSeq: 5, lastHash: hashLine(lines[4]!) };
  assert.deepEqual(await verify(lines, { head: lines[4]!, checkpoint }), expected);
  assert.deepEqual(await verify([]), { records: 0, firstSeq: 0, lastSeq: 0, lastHash: undefined });
});

Deno.test("P14 the first wrong line of an edited, shortened, swollen or reordered log is named", async () => {
  const lines = await logOf(6);
  const [a, b, c, d, e, f] = lines as [string, string, string, string, string, string];
  await fails(3, [a, b, c.replace('"status_code":200', '"status_code":403'), d, e, f]);
  await fails(3, [a, b, d, e, f]);
  await fails(3, [a, b, b, c, d, e, f]);
  await fails(2, [a, c, b, d, e, f]);
  await fails(1, [b, c, d, e, f]);
  await fails(3, [a, b, "{}", c]);
  await fails(4, [a, b, c, nextLine(FACTS, "log_x", c, STRANGER), e, f]);
  await fails(1, await logOf(3, STRANGER));
  const forged = JSON.parse(b);
  const other = JSON.parse((await logOf(1))[0]!);
  await fails(2, [a, JSON.stringify({ ...forged, sig: other.sig }), c]);
  await fails(2, [a, JSON.stringify({ ...forged, key: STRANGER.key }), c]);
});

Deno.test("a record that the device itself signs anew in the middle shows at the one after it", async () => {
  const [a, b, c] = await logOf(3) as [string, string, string];
  const other = nextLine({ ...FACTS, method: "DELETE" }, "log_1", a, DEVICE);
  await verify([a, other]);
  await fails(3, [a, other, c]);
  await verify([a, b, c]);
});

Deno.test("P14 a cut tail shows by the head, and without it by the keychain's checkpoint", async () => {
  const lines = await logOf(6);
  const checkpoint = { seq: 5, hash: hashLine(lines[4]!) };
  await fails(5, lines.slice(0, 4), { head: lines[5]! });
  await fails(5, lines.slice(0, 4), { head: lines[3]!, checkpoint });
  await fails(1, [], { checkpoint });
  await verify(lines.slice(0, 5), { head: lines[4]!, checkpoint });
  const replaced = await logOf(4);
  const rewritten = [...replaced, nextLine({ ...FACTS, durationMs: 99 }, "log_4", replaced[3], DEVICE)];
  await fails(5, rewritten, { head: rewritten[4]!, checkpoint });
});

Deno.test("only a log that rotation has shortened may begin later than its first record", async () => {
  const lines = (await logOf(6)).slice(3);
  await fails(1, lines);
  assert.equal((await verify(lines, { pruned: true })).firstSeq, 4);
  const old = { seq: 2, hash: "0".repeat(64) };
  await verify(lines, { pruned: true, checkpoint: old });
  await fails(4, lines, { pruned: true, checkpoint: { seq: 9, hash: "0".repeat(64) } });
});
