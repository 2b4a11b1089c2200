/**
 * What `init`, `project create` and `project use` leave in a folder for AI assistants: `.agent/workflows/agentsecrets.md`, which says
 * how to work with names instead of values, and an empty `.env.example`. No credential is in either; both belong into version control.
 *
 * @module
 */

import { utf8 } from "../kernel/bytes.ts";
import type { Ports } from "./ports.ts";

/** Paths relative to the working folder, as shown to people. */
export interface TeachAgentsResult {
  readonly written: readonly string[];
  /** There already and left as they are. */
  readonly kept: readonly string[];
}

const WORKFLOW_PATH = ".agent/workflows/agentsecrets.md";
const EXAMPLE_PATH = ".env.example";

const WORKFLOW = `---
description: Use API keys and other credentials through agentsecrets, by name, without ever seeing a value
---

# Credentials in this project

Secrets are kept by \`agentsecrets\`. You work with their **names**; the values are put in on the way out and taken out of what
comes back. Do not ask for a value, do not print one, do not write one into a file.

## Every day

| to | run |
|---|---|
| see where you are | \`agentsecrets status\` |
| see which names exist | \`agentsecrets secrets list\` |
| compare with the server | \`agentsecrets secrets diff\`, then \`agentsecrets secrets pull\` or \`push\` |
| call an API | \`agentsecrets call --url https://api.stripe.com/v1/balance --bearer STRIPE_KEY\` |
| run a program that reads environment variables | \`agentsecrets env -- npm test\` |
| see what was done | \`agentsecrets proxy logs --last 10\` |

Add \`--json\` to any of them for output that programs read.

\`call\` puts a secret in one of these places: \`--bearer KEY\`, \`--basic KEY\`, \`--header Name=KEY\`, \`--query param=KEY\`,
\`--body-field path=KEY\`, \`--form-field field=KEY\`. With \`agentsecrets proxy start\` the same is done over HTTP: send the request
to \`http://localhost:8765/proxy\` with \`X-AS-Target-URL\` and \`X-AS-Inject-Bearer: KEY\`. An SDK takes \`http://localhost:8765/proxy/v1\`
as its base URL, with \`X-AS-Target-Origin: https://api.openai.com\` and \`X-AS-Inject-Bearer: KEY\` as default headers.

## When something is refused

* A name is missing: ask the person to run \`agentsecrets secrets set NAME\`, which asks for the value without showing it.
* A host is not allowed: ask the person to run \`agentsecrets workspace allowlist add HOST\`. It needs their password, on purpose.
* Exit number 9: only a person at a terminal can do this. Say what you need and why.
* \`[REDACTED_BY_AGENTSECRETS]\` in an answer stands where the other side sent a credential back. It is not an error.

Exit numbers: 0 done, 1 failed, 2 wrong arguments, 3 not set up, 4 refused by policy, 5 conflict, 6 keychain, 7 network or server,
8 verification failed, 9 needs a person.
`;

const EXAMPLE = "# Names of the secrets that this project needs. The values are kept by agentsecrets, not in files.\n";

/**
 * Writes the files that are missing; what is there stays as it is.
 *
 * @throws {AppError} `file_unwritable`, `disk_full`
 */
export async function teachAgents(ports: Pick<Ports, "files" | "workingFolder">): Promise<TeachAgentsResult> {
  const written: string[] = [];
  const kept: string[] = [];
  for (const [path, text] of [[WORKFLOW_PATH, WORKFLOW], [EXAMPLE_PATH, EXAMPLE]] as const) {
    const full = `${ports.workingFolder}/${path}`;
    if (await ports.files.exists(full)) {
      kept.push(path);
      continue;
    }
    const folder = full.slice(0, full.lastIndexOf("/"));
    if (!await ports.files.exists(folder)) await ports.files.makeFolder(folder, 0o755);
    await ports.files.write(full, utf8(text), { mode: 0o644 });
    written.push(path);
  }
  return { written, kept };
}
