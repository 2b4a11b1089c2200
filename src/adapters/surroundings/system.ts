/**
 * The surroundings of this process: its environment, its executable, the files around it.
 *
 * @module
 */

import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ProgramLine, Surroundings } from "../../ports/surroundings.ts";

/** What the program is allowed where it is started from its sources. */
const PERMISSIONS = ["env", "ffi", "net", "read", "run", "sys", "write"].map((name) => `--allow-${name}`);

/**
 * The launcher that install.sh puts beside the bundle of `main` where no binary can be made. Others start that, never what it
 * starts: it clears the environment of what would write down TLS keys, and stays where it is when a binary takes its place.
 */
async function launcherOf(main: string): Promise<string | undefined> {
  const [, prefix] = /^(.*)\/lib\/agentsecrets\/bundle\/main\.js$/.exec(main) ?? [];
  if (prefix === undefined) return undefined;
  const launcher = `${prefix}/bin/agentsecrets`;
  return (await Deno.lstat(launcher).catch(() => undefined))?.isFile === true ? launcher : undefined;
}

/** This machine, as this process finds it. */
export class SystemSurroundings implements Surroundings {
  readonly system: string = Deno.build.os;
  readonly #environment: Readonly<Record<string, string>>;

  /** @param environment As it was found when the process began. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  get personFolder(): string | undefined {
    return this.variable("HOME") ?? this.variable("USERPROFILE");
  }

  variable(name: string): string | undefined {
    return this.#environment[name] || undefined;
  }

  async program(): Promise<ProgramLine> {
    const executable = Deno.execPath();
    if (Deno.build.standalone) {
      const command = await this.#stablePath(executable) ?? executable;
      const isLink = (await Deno.lstat(command)).isSymlink;
      return { command, args: [], isLink };
    }
    const main = fileURLToPath(Deno.mainModule);
    const launcher = await launcherOf(main);
    if (launcher !== undefined) return { command: launcher, args: [], isLink: false };
    const settings = ["--quiet", "--no-prompt", "--config", join(dirname(main), "deno.json")];
    return { command: executable, args: ["run", ...settings, ...PERMISSIONS, main], isLink: false };
  }

  async modeOf(path: string): Promise<number | undefined> {
    const found = await Deno.stat(path).catch(() => undefined);
    return found?.mode === undefined || found.mode === null ? undefined : found.mode & 0o777;
  }

  /** Where PATH leads to this executable: a package manager moves the file itself with every version. */
  async #stablePath(executable: string): Promise<string | undefined> {
    for (const folder of (this.variable("PATH") ?? "").split(delimiter)) {
      if (!isAbsolute(folder)) continue;
      const path = join(folder, basename(executable));
      if (await Deno.realPath(path).catch(() => undefined) === executable) return path;
    }
    return undefined;
  }
}
