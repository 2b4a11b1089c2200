/** Records, signers and verdicts for tests of the audit log. */
import { FileAuditSink, type FileAuditSinkOptions } from "../../src/adapters/audit_sink/file.ts";
import { openQuickFiles } from "../../src/adapters/process/quick_files.ts";
import { SigningKey } from "../../src/crypto/keys.ts";
import { verifyEd25519 } from "../../src/crypto/verify/ed25519.ts";
import type { EnvironmentName, SecretName, WorkspaceId } from "../../src/kernel/names.ts";
import type { AuditCheckpoint } from "../../src/proxy/audit_checkpoint.ts";
import { type AuditSigner, groupLines, placeOf, unplacedLine } from "../../src/proxy/audit_line.ts";
import type { AuditFacts } from "../../src/proxy/audit_record.ts";
import { type VerifiedLog, verifyLog } from "../../src/proxy/audit_verify.ts";
import { seededRandom } from "./seeded_random.ts";

export const FACTS: AuditFacts = {
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

/** The same signer for the same seed, in every process. */
export function signerOf(seed: string): AuditSigner {
  const pair = SigningKey.generate(seededRandom(seed));
  return { key: pair.publicKeyText, sign: (message) => pair.sign(message) };
}

export const DEVICE = signerOf("device");
export const STRANGER = signerOf("stranger");

/** Lines of records 0 … in groups of those sizes, each told apart by its id and duration. */
export function groupsOf(sizes: readonly number[], after?: string): string[] {
  const lines: string[] = [];
  for (const size of sizes) {
    const texts = Array.from({ length: size }, (_, i) => {
      const n = lines.length + i;
      return unplacedLine({ ...FACTS, durationMs: n }, `log_${n}`);
    });
    lines.push(...groupLines(texts, placeOf(lines.at(-1) ?? after), DEVICE).lines);
  }
  return lines;
}

export interface Evidence {
  readonly pruned?: boolean;
  readonly head?: string;
  readonly checkpoint?: AuditCheckpoint;
}

/** Holds lines against the evidence; {@linkcode DEVICE} is the account's only device. */
export function verify(lines: Iterable<string> | AsyncIterable<string>, evidence: Evidence = {}): Promise<VerifiedLog> {
  return verifyLog({
    lines: ReadableStream.from(lines),
    pruned: evidence.pruned ?? false,
    head: evidence.head,
    checkpoint: evidence.checkpoint,
    isDeviceKey: (key) => key === DEVICE.key,
    verify: verifyEd25519,
  });
}

/** The system's own calls, from the first record on. */
export const QUICK = { quick: () => Promise.resolve(openQuickFiles()), quickFrom: 1 } as const;

/** A sink as the program has it, in a folder of the test. */
export function sinkIn(folder: string, options: Partial<FileAuditSinkOptions> = {}): FileAuditSink {
  const places = { path: `${folder}/proxy.log`, lockPath: `${folder}/locks/audit.lock` };
  return new FileAuditSink({ ...places, ...QUICK, ...options });
}

/** Holds the log's lock as another process would, from when this resolves until the function that it gives is called. */
export async function lockOf(folder: string): Promise<() => void> {
  await Deno.mkdir(`${folder}/locks`, { recursive: true });
  const file = await Deno.open(`${folder}/locks/audit.lock`, { read: true, write: true, create: true });
  await file.lock(true);
  return () => file.close();
}
