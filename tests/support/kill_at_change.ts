/** The real program, killed with SIGKILL while it writes. */
import { feed } from "./child.ts";
import { PASSWORD, program, type Sandbox } from "./cli.ts";

/** When it is killed. */
export interface KillMoment {
  /** Below this folder something is to happen … */
  readonly folder: string;
  /** … this many times. */
  readonly events: number;
  /** Whether files that are only opened or closed count as well. Default false. */
  readonly access?: boolean;
}

/** Runs a line, gives it the password, and kills it at that moment; its exit number, or undefined when it was killed. */
export async function runAndKill(
  sandbox: Sandbox,
  args: readonly string[],
  { folder, events, access = false }: KillMoment,
): Promise<number | undefined> {
  const [command, ...lead] = program();
  const watcher = Deno.watchFs(folder, { recursive: true });
  const child = new Deno.Command(command!, {
    args: [...lead, ...args],
    cwd: sandbox.folder,
    clearEnv: true,
    env: sandbox.env,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await feed(child, `${PASSWORD}\n`);
  const ended = child.status.finally(() => watcher.close());
  let seen = 0;
  for await (const { kind } of watcher) {
    if ((kind === "access" && !access) || ++seen < events) continue;
    try {
      child.kill("SIGKILL");
    } catch { /* it ended before */ }
    break;
  }
  const { code, signal } = await ended;
  return signal === null ? code : undefined;
}
