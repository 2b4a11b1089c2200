/** A file system of a few pages, to see what happens when it is full or read-only. */
import { TempFolder } from "./temp_folder.ts";

async function run(...command: string[]): Promise<boolean> {
  const [program, ...args] = command;
  const options = { args, stdout: "null", stderr: "null" } as const;
  return await new Deno.Command(program!, options).output().then(({ success }) => success, () => false);
}

/** The body of a test on a disk of that size; where this user may mount none, the test shows that it was left out. */
export function onSmallDisk(
  kibibytes: number,
  work: (disk: SmallDisk) => Promise<void>,
): (test: Deno.TestContext) => Promise<void> {
  return async (test) => {
    await using disk = await SmallDisk.mount(kibibytes);
    await test.step({
      name: disk === undefined ? "SKIPPED: only root can mount a small disk" : `on a tmpfs of ${kibibytes} KiB`,
      ignore: disk === undefined,
      fn: () => work(disk!),
    });
  };
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

  /** A path on it. */
  at(...parts: string[]): string {
    return this.folder.at(...parts);
  }

  /** Writes a file until nothing more fits; without it there is room again. */
  async fill(name: string): Promise<void> {
    using file = await Deno.open(this.at(name), { write: true, create: true });
    for (let size = 64 * 1024; size >= 1; size /= 2) {
      const block = new Uint8Array(size);
      while (await file.write(block).then((count) => count === size, () => false));
    }
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
