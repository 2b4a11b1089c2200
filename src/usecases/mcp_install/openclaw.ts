/**
 * OpenClaw: the configuration that makes `agentsecrets exec` its secret provider, to be pasted by a person (its settings are JSON5
 * of its own making), and the skill that teaches its agents to work with names.
 *
 * @module
 */

import { dirname } from "node:path";
import { fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { InstallInput, InstallPorts } from "./install.ts";

/** What a person pastes, and what became of the skill. */
export interface OpenClawResult {
  /** `{ secrets: { providers: { agentsecrets: … } } }` for openclaw.json. */
  readonly provider: OpenClawProvider;
  readonly skill: {
    readonly path: string;
    readonly change: "added" | "updated" | "unchanged" | "removed" | "kept";
  };
}

interface OpenClawProvider {
  readonly secrets: { readonly providers: { readonly agentsecrets: ExecProvider } };
}

interface ExecProvider {
  readonly source: "exec";
  readonly command: string;
  readonly args: readonly string[];
  readonly passEnv: readonly string[];
  readonly jsonOnly: true;
  readonly timeoutMs: number;
  readonly allowSymlinkCommand?: true;
}

/** What the program needs of the Gateway's environment: its home, and the way to the desktop's keychain. */
const PASSED = ["HOME", "USERPROFILE", "AGENTSECRETS_HOME", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"];
/** A vault file is opened with a key derivation that takes seconds on a busy machine. */
const TIMEOUT_MS = 30_000;

export const SKILL = `---
name: agentsecrets
description: Call APIs and run programs with API keys and other credentials by name, without ever seeing a value
metadata: {"openclaw":{"requires":{"bins":["agentsecrets"]}}}
---

# Credentials by name

\`agentsecrets\` keeps the secrets of this project. You work with their **names**; values are put in on the way out and taken out
of what comes back. Do not ask for a value, do not print one, do not write one into a file.

| to | run |
|---|---|
| see where you are | \`agentsecrets status\` |
| see which names exist | \`agentsecrets secrets list\` |
| get what others changed | \`agentsecrets secrets pull\` |
| call an API | \`agentsecrets call --url https://api.stripe.com/v1/balance --bearer STRIPE_KEY\` |
| run a program that reads environment variables | \`agentsecrets env -- npm test\` |
| see what was done | \`agentsecrets proxy logs --last 10\` |

\`call\` also takes \`--basic KEY\`, \`--header Name=KEY\`, \`--query param=KEY\`, \`--body-field path=KEY\`, \`--form-field field=KEY\`.
Add \`--json\` for output that programs read.

When something is refused: a missing name is for the person to store (\`agentsecrets secrets set NAME\`), a host that is not
allowed is for the person to allow (\`agentsecrets workspace allowlist add HOST\`, with their password). Exit number 9 means that
only a person at a terminal can do it: say what you need and why. \`[REDACTED_BY_AGENTSECRETS]\` in an answer is not an error.
`;

/** @throws {AppError} `usage`, `file_unwritable` */
export async function installOpenClaw(ports: InstallPorts, input: InstallInput): Promise<OpenClawResult> {
  const { files, surroundings } = ports;
  if (surroundings.personFolder === undefined) {
    throw new AppError("usage", { problem: "Cannot tell the home folder: set HOME" });
  }
  const path = `${surroundings.personFolder}/.openclaw/skills/agentsecrets/SKILL.md`;
  const bytes = await files.read(path);
  const there = bytes === undefined ? undefined : fromUtf8(bytes);
  const provider = await providerOf(ports, input);
  return { provider, skill: { path, change: await changeSkill(ports, path, there, input) } };
}

async function changeSkill(
  { files }: InstallPorts,
  path: string,
  there: string | undefined,
  { uninstall, dryRun }: InstallInput,
): Promise<OpenClawResult["skill"]["change"]> {
  if (uninstall) {
    if (there === undefined) return "unchanged";
    if (there !== SKILL) return "kept"; // somebody has written in it
    if (!dryRun) await files.remove(path);
    return "removed";
  }
  if (there === SKILL) return "unchanged";
  if (!dryRun) {
    await files.makeFolder(dirname(path), 0o755);
    await files.write(path, utf8(SKILL), { mode: 0o644 });
  }
  return there === undefined ? "added" : "updated";
}

async function providerOf({ surroundings }: InstallPorts, input: InstallInput): Promise<OpenClawProvider> {
  const { command, args, isLink } = await surroundings.program();
  const place = [
    ...(input.project === undefined ? [] : ["--project", input.project]),
    ...(input.environment === undefined ? [] : ["--env", input.environment]),
  ];
  const agentsecrets: ExecProvider = {
    source: "exec",
    command,
    args: [...args, "exec", ...place],
    passEnv: PASSED,
    jsonOnly: true,
    timeoutMs: TIMEOUT_MS,
    ...(isLink ? { allowSymlinkCommand: true } : {}),
  };
  return { secrets: { providers: { agentsecrets } } };
}
