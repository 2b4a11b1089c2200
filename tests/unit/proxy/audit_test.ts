import assert from "node:assert/strict";
import fc from "fast-check";
import { verifyEd25519 } from "../../../src/crypto/verify/ed25519.ts";
import { SigningKey } from "../../../src/crypto/keys.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import type { EnvironmentName, SecretName, WorkspaceId } from "../../../src/kernel/names.ts";
import { auditJson, type AuditSigner, hashLine, nextLine, parseLine } from "../../../src/proxy/audit_line.ts";
import type { AuditCheckpoint } from "../../../src/proxy/audit_checkpoint.ts";
import type { AuditFacts } from "../../../src/proxy/audit_record.ts";
import { type VerifiedLog, verifyLog } from "../../../src/proxy/audit_verify.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const FACTS: AuditFacts = {
  timestamp: 1_763_900_000_123,
  workspaceId: `w_${"a".repeat(32)}` as WorkspaceId,
  projectId: `p_${"b".repeat(16)}`,
  environment: "development" as EnvironmentName,
  agentId: "builder",
  tokenId: "",
  identityLevel: "declared",
  callerRole: "owner",
  sessionId: "",
  secretKeys: ["STRIPE_KEY" as SecretName],
  authStyles: ["bearer"],
  method: "GET",
  targetUrl: "https://api.stripe.com/v1/balance",
  domain: "api.stripe.com",
  statusCode: 200,
  status: "OK",
  reason: "-",
  redacted: false,
  resolutionPath: "proxy",
  durationMs: 245,
  proxyDurationMs: 3,
  allowlistVersion: 4,
};

function signerOf(seed: string): AuditSigner {
  const pair = SigningKey.generate(seededRandom(seed));
  return { key: pair.publicKeyText, sign: (message) => pair.sign(message) };
}

const DEVICE = signerOf("device"), STRANGER = signerOf("stranger");

async function logOf(length: number, signer = DEVICE): Promise<string[]> {
  const lines: string[] = [];
  for (let i = 0; i < length; i++) {
    lines.push(await nextLine({ ...FACTS, durationMs: i }, `log_${i}`, lines.at(-1), signer));
  }
  return lines;
}

interface Evidence {
  readonly pruned?: boolean;
  readonly head?: string;
  readonly checkpoint?: AuditCheckpoint;
}

function verify(lines: readonly string[], evidence: Evidence = {}): Promise<VerifiedLog> {
  return verifyLog({
    lines: ReadableStream.from(lines),
    pruned: evidence.pruned ?? false,
    head: evidence.head,
    checkpoint: evidence.checkpoint,
    isDeviceKey: (key) => key === DEVICE.key,
    verify: verifyEd25519,
  });
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
      const line = await nextLine(facts, "log_1", undefined, DEVICE);
      assert.equal(line.includes("\n"), false);
      assert.ok(line.length < 30_000);
      const record = parseLine(line)!;
      assert.equal(record.error, error ?? undefined);
      assert.deepEqual(await verify([line]), { records: 1, firstSeq: 1, lastSeq: 1, lastHash: await hashLine(line) });
    }),
    { numRuns: 50 },
  );
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

Deno.test("a whole log verifies", async () => {
  const lines = await logOf(5);
  const checkpoint = { seq: 3, hash: await hashLine(lines[2]!) };
  const expected = { records: 5, firstSeq: 1, lastSeq: 5, lastHash: await hashLine(lines[4]!) };
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
  await fails(4, [a, b, c, await nextLine(FACTS, "log_x", c, STRANGER), e, f]);
  await fails(1, await logOf(3, STRANGER));
  const forged = JSON.parse(b);
  const other = JSON.parse((await logOf(1))[0]!);
  await fails(2, [a, JSON.stringify({ ...forged, sig: other.sig }), c]);
  await fails(2, [a, JSON.stringify({ ...forged, key: STRANGER.key }), c]);
});

Deno.test("a record that the device itself signs anew in the middle shows at the one after it", async () => {
  const [a, b, c] = await logOf(3) as [string, string, string];
  const other = await nextLine({ ...FACTS, method: "DELETE" }, "log_1", a, DEVICE);
  await verify([a, other]);
  await fails(3, [a, other, c]);
  await verify([a, b, c]);
});

Deno.test("P14 a cut tail shows by the head, and without it by the keychain's checkpoint", async () => {
  const lines = await logOf(6);
  const checkpoint = { seq: 5, hash: await hashLine(lines[4]!) };
  await fails(5, lines.slice(0, 4), { head: lines[5]! });
  await fails(5, lines.slice(0, 4), { head: lines[3]!, checkpoint });
  await fails(1, [], { checkpoint });
  await verify(lines.slice(0, 5), { head: lines[4]!, checkpoint });
  const replaced = await logOf(4);
  const rewritten = [...replaced, await nextLine({ ...FACTS, durationMs: 99 }, "log_4", replaced[3], DEVICE)];
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
