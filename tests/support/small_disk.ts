/** A file system of a few pages, to see what happens when it is full or read-only. */
import { TempFolder } from "./temp_folder.ts";

async function run(...command: string[]): Promise<boolean> {
  const [program, ...args] = command;
  const options = { args, stdout: "null", stderr: "null" } as const;
  return await new Deno.Command(program!, options).output().then(({ success }) => success, () => false);
}

/** A mounted tmpfs. */
export class SmallDisk implements AsyncDisposable {
  private constructor(private readonly folder: TempFolder) {}

  /** Mounts one, or undefined where this user may not (only root may). */
  static async mount(kibibytes: number): Promise<SmallDisk | undefined> {
    const folder = await TempFolder.make();
    if (await run("mount", "-t", "tmpfs", "-o", `size=${kibibytes}k,mode=700`, "tmpfs", folder.path)) {
      return new SmallDisk(folder);
    }
    await folder[Symbol.asyncDispose]();
    return undefined;
  }

  get path(): string {
    return this.folder.path;
  }

  /** Makes it read-only: when no program that another test is just starting has a copy of a file that was open for writing. */
  async freeze(): Promise<void> {
    for (let tries = 1; !await run("mount", "-o", "remount,ro", this.path); tries++) {
      if (tries === 100) throw new Error("Cannot remount");
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!await run("umount", "-l", this.path)) throw new Error("Cannot unmount");
    await this.folder[Symbol.asyncDispose]();
  }
}
