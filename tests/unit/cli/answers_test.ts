import assert from "node:assert/strict";
import { Answers } from "../../../src/cli/answers.ts";
import { parseEmail } from "../../../src/kernel/names.ts";
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
  const email = { given: undefined, question: "E-mail:", what: "the e-mail", flag: "--email", parse: parseEmail };
  await assert.rejects(answers.text(email), { code: "missing_answer", hint: /--email/ });
  await assert.rejects(answers.confirm("Delete?", "whether to delete"), { code: "missing_answer", hint: /--yes/ });
  await assert.rejects(answers.typed("Value:", "the value", "--stdin"), { code: "missing_answer", hint: /--stdin/ });
  assert.deepEqual(terminal.questions, []);
});

Deno.test("a chosen password is typed twice and must be the same", async () => {
  const same = answersOn({ canAsk: true, answers: ["one password", "one password"] });
  assert.equal(textOf(await same.answers.chosen("password", "Choose:")), "one password");
});

Deno.test("a person who slips is asked again for that alone, three times in all", async () => {
  const { answers, terminal } = answersOn({
    canAsk: true,
    answers: ["short", "one password", "one pasword", "one password", "one password"],
  });
  assert.equal(textOf(await answers.chosen("password", "Choose:")), "one password");
  assert.deepEqual(terminal.questions, ["Choose:", "Choose:", "The same again:", "Choose:", "The same again:"]);
  assert.match(terminal.stderr, /at least 8 characters\n.*the two lines differ\n/);
  assert.doesNotMatch(terminal.stderr, /short|one pas/);

  const differing = answersOn({ canAsk: true, answers: ["password 1", "x", "password 2", "x", "password 3", "x"] });
  await assert.rejects(differing.answers.chosen("password", "Choose:"), { code: "invalid_input" });
  const weak = answersOn({ canAsk: true, answers: ["short", "short", "short"] });
  await assert.rejects(weak.answers.chosen("newPassword", "Choose:"), { code: "weak_password" });
});

Deno.test("a text that will not do is asked for again, but not when a flag gave it", async () => {
  const email = { question: "E-mail:", what: "the e-mail", flag: "--email", parse: parseEmail };
  const person = answersOn({ canAsk: true, answers: ["nobody", "you@example.com"] });
  assert.equal(await person.answers.text({ ...email, given: undefined }), "you@example.com");
  assert.match(person.terminal.stderr, /'nobody' as an e-mail address: it takes name@host\n/);
  const flag = answersOn({ canAsk: true, answers: ["you@example.com"] });
  await assert.rejects(flag.answers.text({ ...email, given: "nobody" }), { code: "invalid_name" });
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
