/** A folder for one test, removed with everything in it. */
import { join } from "node:path";

export class TempFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<TempFolder> {
    return new TempFolder(await Deno.makeTempDir({ prefix: "as-test-" }));
  }

  /** A path inside. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Names inside a folder of it, sorted. */
  async names(...parts: string[]): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.at(...parts)))).map(({ name }) => name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
