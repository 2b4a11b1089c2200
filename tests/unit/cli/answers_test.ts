import assert from "node:assert/strict";
import { Answers } from "../../../src/cli/answers.ts";
import type { Secret } from "../../../src/kernel/secret.ts";
import { ScriptedTerminal, type ScriptedTerminalOptions } from "../../support/terminal.ts";

const never = new AbortController().signal;

function answersOn(options: ScriptedTerminalOptions): { answers: Answers; terminal: ScriptedTerminal } {
  const terminal = new ScriptedTerminal(options);
  return { answers: new Answers(terminal, never), terminal };
}

function textOf(secret: Secret): string {
  return secret.expose((bytes) => new TextDecoder().decode(bytes));
}

Deno.test("answers on stdin are the vault passphrase, the password and the new password, whatever the flags' order", async () => {
  const { answers, terminal } = answersOn({ stdin: "vault\nold\nnew\nthe value" });
  await answers.prepare({ newPasswordStdin: true, passwordStdin: true, vaultPassphraseStdin: true });
  assert.equal(textOf(await answers.vaultPassphrase()), "vault");
  assert.equal(textOf(await answers.password("do it")), "old");
  assert.equal(textOf(await answers.chosen("newPassword", "New:")), "new");
  assert.equal(textOf(await terminal.readStdinSecret(100)), "the value");
});

Deno.test("an answer on a descriptor is read from there", async () => {
  const { answers } = answersOn({ descriptors: { 3: "from three" } });
  await answers.prepare({ passwordFd: 3 });
  assert.equal(textOf(await answers.password("do it")), "from three");
});

Deno.test("one answer from two places is a usage error", async () => {
  await assert.rejects(answersOn({ stdin: "x\n" }).answers.prepare({ passwordStdin: true, passwordFd: 3 }), {
    code: "usage",
  });
});

Deno.test("without a terminal nothing is asked: each refusal names its flag", async () => {
  const { answers, terminal } = answersOn({});
  await answers.prepare({});
  await assert.rejects(answers.password("log in"), { code: "password_required", exit: 9, hint: /--password-stdin/ });
  await assert.rejects(answers.vaultPassphrase(), {
    code: "vault_passphrase_needed",
    exit: 6,
    hint: /--vault-passphrase-fd/,
  });
  await assert.rejects(answers.chosen("newPassword", "New:"), { code: "missing_answer", hint: /--new-password-stdin/ });
  await assert.rejects(answers.text(undefined, "E-mail:", "the e-mail", "--email"), {
    code: "missing_answer",
    hint: /--email/,
  });
  await assert.rejects(answers.confirm("Delete?", "whether to delete"), { code: "missing_answer", hint: /--yes/ });
  await assert.rejects(answers.typed("Value:", "the value", "--stdin"), { code: "missing_answer", hint: /--stdin/ });
  assert.deepEqual(terminal.questions, []);
});

Deno.test("a chosen password is typed twice and must be the same", async () => {
  const same = answersOn({ canAsk: true, answers: ["one password", "one password"] });
  assert.equal(textOf(await same.answers.chosen("password", "Choose:")), "one password");
  const other = answersOn({ canAsk: true, answers: ["one password", "another"] });
  await assert.rejects(other.answers.chosen("password", "Choose:"), { code: "invalid_input" });
});

Deno.test("a password is asked once in a command", async () => {
  const { answers, terminal } = answersOn({ canAsk: true, answers: ["pw"] });
  assert.equal(textOf(await answers.password("a")), "pw");
  assert.equal(textOf(await answers.password("b")), "pw");
  assert.equal(terminal.questions.length, 1);
});

Deno.test("a no cancels, --yes and --confirm do not ask", async () => {
  await assert.rejects(answersOn({ canAsk: true, answers: [false] }).answers.confirm("Sure?", "it"), {
    code: "cancelled",
  });
  for (const option of ["yes", "confirm"]) {
    const { answers, terminal } = answersOn({});
    await answers.prepare({ [option]: true });
    await answers.confirm("Sure?", "it");
    assert.deepEqual(terminal.questions, []);
  }
});

Deno.test("every answer is wiped when the command ends", async () => {
  const { answers } = answersOn({ stdin: "pw\n" });
  await answers.prepare({ passwordStdin: true });
  answers[Symbol.dispose]();
  await assert.rejects(answers.password("x"), { code: "password_required" });
});
