/**
 * The verb `env`: a program runs with secrets in its environment and nowhere else.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { parseSecretName, type SecretName, showable } from "../kernel/names.ts";
import type { SecretScope } from "../ports/secret_reader.ts";
import type { Terminal } from "../ports/terminal.ts";
import { type OpenCallContext, openCallContext, selectionOf } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { type EnvChoice, selectForEnv } from "./env_selection.ts";
import { handOutFacts } from "./hand_out.ts";
import { OutputMask } from "./output_mask.ts";
import type { AskPassword } from "./ports.ts";
import { unlockAccount } from "./unlock_account.ts";

/** What to run, with which secrets. */
export interface RunWithEnvInput {
  readonly program: string;
  readonly args: readonly string[];
  /** Names; undefined means the default of the folder's project, or every secret of the environment ({@linkcode selectForEnv}). */
  readonly only?: readonly string[];
  /** Every secret, whatever the folder's default says. Not together with `only`. */
  readonly all?: boolean;
  readonly project?: string;
  readonly environment?: string;
  /**
   * Lets the program's output pass as it is, for a person. Undefined masks every value of the environment in stdout and stderr,
   * where they are not terminals.
   */
  readonly unmasked?: PersonPresent;
  /** Called before the program starts, when secrets are left out: see {@linkcode RunWithEnvResult.leftOut}. */
  readonly onLeftOut?: (names: readonly SecretName[]) => Promise<void>;
  /** Called before anything is read, when the names are those of the project file at `path`. */
  readonly onDefault?: (names: readonly SecretName[], path: string) => Promise<void>;
}

/** A person who can be asked for the account's password. */
export interface PersonPresent {
  readonly terminal: Pick<Terminal, "canAsk">;
  readonly askPassword: AskPassword;
}

/** How it went. */
export interface RunWithEnvResult {
  /** The child's own, or 128 + n. */
  readonly exitCode: number;
  readonly names: readonly SecretName[];
  /** Left out because a variable of that name changes which code the program runs. */
  readonly leftOut: readonly SecretName[];
}

/** Our own settings and tokens are not the child's. */
const WITHHELD = ["AGENTSECRETS_*"];

/**
 * Writes the audit record (method `ENV`, names and the program's name), then runs the program on this process's streams, masking
 * what it prints where that is not a terminal.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found`, `invalid_value` (NUL, or more than an environment holds),
 * `child_not_started`, `audit_unwritable`, `person_required` and `login_refused` for unmasked output, `disk_full` and
 * `file_unwritable` for masked, the keychain's codes
 */
export async function runWithEnv(
  ports: WorldWithEngine,
  input: RunWithEnvInput,
  signal?: AbortSignal,
): Promise<RunWithEnvResult> {
  const choice = input.only?.map(parseSecretName) ?? (input.all === true ? "all" : undefined);
  if (input.unmasked?.terminal.canAsk === false) {
    throw new AppError("person_required", { action: "leave output unmasked" });
  }
  const { secrets, leftOut, scope } = await takeSecrets(ports, input, choice, signal);
  using mask = new OutputMask(ports, scope, signal);
  try {
    if (leftOut.length > 0) await input.onLeftOut?.(leftOut);
    const { program, args } = input;
    const filter = input.unmasked === undefined ? { filter: () => mask.stream() } : {};
    const exitCode = await ports.processes.run({ program, args, secrets, withhold: WITHHELD, ...filter });
    return { exitCode, names: [...secrets.keys()], leftOut };
  } finally {
    for (const value of secrets.values()) value.dispose();
  }
}

/** The values, on record already. The workspace is closed again before the child runs: that may take days. */
async function takeSecrets(
  ports: WorldWithEngine,
  input: RunWithEnvInput,
  choice: EnvChoice,
  signal: AbortSignal | undefined,
): Promise<Taken> {
  using open = await openCallContext(ports, selectionOf(input), signal);
  if (input.unmasked !== undefined) await requirePassword(open, input.unmasked, signal);
  await open.audit.ready();
  const reader = await ports.secretReader();
  const { scope } = open.context;
  const selected = await selectForEnv(ports, choice, scope.projectId, () => reader.names(scope, signal));
  const { names, leftOut, defaultOf } = selected;
  if (defaultOf !== undefined) await input.onDefault?.(names, defaultOf);
  const secrets = await reader.read(scope, names, signal);
  try {
    const program = showable(input.program.replace(/^.*[/\\]/, ""));
    await open.audit.record(handOutFacts(ports, open, { method: "ENV", path: "env", program, names }));
    return { secrets, leftOut, scope };
  } catch (error) {
    for (const value of secrets.values()) value.dispose();
    throw error;
  }
}

/** A terminal alone is no proof of a person, since a program can make one: the password must open the account's keys. */
async function requirePassword(open: OpenCallContext, person: PersonPresent, signal?: AbortSignal): Promise<void> {
  const { device, client, account } = open.workspace;
  await unlockAccount(device, client, account, person.askPassword, async () => {}, signal);
}

interface Taken {
  readonly secrets: Awaited<ReturnType<Reader["read"]>>;
  readonly leftOut: readonly SecretName[];
  readonly scope: SecretScope;
}

type Reader = Awaited<ReturnType<WorldWithEngine["secretReader"]>>;
