/**
 * {@linkcode Answers}: passwords, passphrases, confirmations and texts, from flags or from a person.
 *
 * Where there is no terminal nothing is asked: the error names the flag. Answers on standard input are read before the command
 * begins, one line each, always in this order: vault passphrase, password, new password; what follows belongs to the command.
 *
 * @module
 */

import { AppError, isAppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Choice, LineSource, Terminal } from "../ports/terminal.ts";
import { refuseWeak } from "../usecases/new_password.ts";
import { errorText } from "./view/error.ts";
import { styleFor } from "./view/style.ts";

/** The secret answers that flags can give. */
export type SecretAnswer = "vaultPassphrase" | "password" | "newPassword";

const ORDER: readonly SecretAnswer[] = ["vaultPassphrase", "password", "newPassword"];
const WORDS: Readonly<Record<SecretAnswer, { readonly what: string; readonly flag: string }>> = {
  vaultPassphrase: { what: "the vault's passphrase", flag: "--vault-passphrase-stdin or --vault-passphrase-fd N" },
  password: { what: "the password", flag: "--password-stdin or --password-fd N" },
  newPassword: { what: "the new password", flag: "--new-password-stdin or --new-password-fd N" },
};

/** How often a person is asked for the same. */
const MOST_TRIES = 3;

/** A text that a flag gives, or a person. */
export interface TextQuestion<T> {
  readonly given: string | undefined;
  readonly question: string;
  readonly what: string;
  readonly flag: string;
  /** @throws {AppError} `invalid_name` for a text that will not do */
  readonly parse: (text: string) => T;
}

/** Options of a command line as parsed: `passwordStdin: true`, `passwordFd: 3` and so on. */
export type ParsedOptions = Readonly<Record<string, unknown>>;

/** Gives a command what it needs to know from the person who runs it. */
export class Answers implements Disposable {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  readonly #known = new Map<SecretAnswer, Secret>();
  #confirmed = false;

  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return this.#terminal.canAsk;
  }

  /** Reads the answers that flags announce. @throws {AppError} `invalid_input`, `usage` */
  async prepare(options: ParsedOptions): Promise<void> {
    this.#confirmed = options["yes"] === true || options["confirm"] === true;
    for (const answer of ORDER) {
      const source = sourceOf(options, answer);
      if (source === undefined) continue;
      this.#known.set(answer, await this.#terminal.readSecretLine(source, WORDS[answer].what));
    }
  }

  /** Whether a flag gave this answer. */
  has(answer: SecretAnswer): boolean {
    return this.#known.has(answer);
  }

  /** The account's password; the caller disposes of it. @throws {AppError} `password_required`, `cancelled` */
  async password(action: string, question = "Password:"): Promise<Secret> {
    return (await this.#secret("password", question)) ?? refusePassword(action);
  }

  /**
   * A password chosen now; a person types it twice, and is asked again where it is too weak or the lines differ.
   *
   * @throws {AppError} `missing_answer`, `weak_password` and `invalid_input` after the last try, `cancelled`
   */
  async chosen(answer: SecretAnswer, question: string): Promise<Secret> {
    const given = this.#known.get(answer);
    if (given !== undefined) return given.clone();
    if (!this.canAsk) throw new AppError("missing_answer", WORDS[answer]);
    const chosen = await this.#untilGood(() => this.#typedTwice(answer, question));
    this.#known.set(answer, chosen);
    return chosen.clone();
  }

  /** What opens the vault file. @throws {AppError} `vault_passphrase_needed`, `cancelled` */
  async vaultPassphrase(): Promise<Secret> {
    const passphrase = await this.#secret("vaultPassphrase", "Passphrase of the vault file:");
    if (passphrase === undefined) throw new AppError("vault_passphrase_needed");
    return passphrase;
  }

  /** What opens a sealed vault: the account's password, given as such or as what opens the vault. @throws {AppError} `password_required`, `cancelled` */
  async vaultPassword(): Promise<Secret> {
    const given = this.#known.get("vaultPassphrase");
    return given?.clone() ?? await this.password("open the sealed vault", "Password (it opens the sealed vault):");
  }

  /** A secret that a person types now; nothing is kept. @throws {AppError} `missing_answer`, `cancelled` */
  async typed(question: string, what: string, flag: string): Promise<Secret> {
    if (!this.canAsk) throw new AppError("missing_answer", { what, flag });
    return await this.#terminal.askHidden(question, { signal: this.#signal });
  }

  /**
   * A text from a flag, or from a person, who is asked again where it does not parse.
   *
   * @throws {AppError} `missing_answer`, `cancelled`, what `parse` throws
   */
  async text<T>({ given, question, what, flag, parse }: TextQuestion<T>): Promise<T> {
    if (given !== undefined) return parse(given);
    if (!this.canAsk) throw new AppError("missing_answer", { what, flag });
    return await this.#untilGood(async () => parse(await this.#terminal.askLine(question, { signal: this.#signal })));
  }

  /** One of several, from a person. @throws {AppError} `missing_answer`, `cancelled` */
  async choice<T>(question: string, choices: readonly Choice<T>[], what: string, flag: string): Promise<T> {
    if (!this.canAsk) throw new AppError("missing_answer", { what, flag });
    return await this.#terminal.choose(question, choices, { signal: this.#signal });
  }

  /** Goes on only with `--yes`, `--confirm` or a person's yes. @throws {AppError} `missing_answer`, `cancelled` */
  async confirm(question: string, what: string): Promise<void> {
    if (this.#confirmed) return;
    if (!this.canAsk) throw new AppError("missing_answer", { what, flag: "--yes" });
    if (!await this.#terminal.confirm(question, { signal: this.#signal })) throw new AppError("cancelled");
  }

  /** Wipes every answer. */
  [Symbol.dispose](): void {
    for (const secret of this.#known.values()) secret.dispose();
    this.#known.clear();
  }

  async #typedTwice(answer: SecretAnswer, question: string): Promise<Secret> {
    const first = await this.#terminal.askHidden(question, { signal: this.#signal });
    try {
      // What opens a new vault file may be short (src/usecases/init.ts); whether a password will do is said before it is typed again.
      if (answer !== "vaultPassphrase") refuseWeak(first);
      using second = await this.#terminal.askHidden("The same again:", { signal: this.#signal });
      if (first.equals(second)) return first;
      throw new AppError("invalid_input", { what: WORDS[answer].what, reason: "the two lines differ" });
    } catch (error) {
      first.dispose();
      throw error;
    }
  }

  /** Asks a person up to three times: a slip of the fingers does not undo the answers before it. */
  async #untilGood<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (tries === MOST_TRIES || !isAppError(error, "weak_password", "invalid_input", "invalid_name")) throw error;
        await this.#terminal.write("stderr", errorText(error, styleFor(false)));
      }
    }
  }

  async #secret(answer: SecretAnswer, question: string): Promise<Secret | undefined> {
    const known = this.#known.get(answer);
    if (known !== undefined) return known.clone();
    if (!this.canAsk) return undefined;
    const typed = await this.#terminal.askHidden(question, { signal: this.#signal });
    this.#known.set(answer, typed);
    return typed.clone();
  }
}

function refusePassword(action: string): never {
  throw new AppError("password_required", { action });
}

function sourceOf(options: ParsedOptions, answer: SecretAnswer): LineSource | undefined {
  const fd = options[`${answer}Fd`];
  const stdin = options[`${answer}Stdin`] === true;
  if (stdin && fd !== undefined) {
    throw new AppError("usage", {
      problem: `Cannot take ${WORDS[answer].what} twice: give one of ${WORDS[answer].flag}`,
    });
  }
  if (stdin) return "stdin";
  return typeof fd === "number" ? { fd } : undefined;
}
