/** Holds a lock until it is killed, or counts to 40 in a file beside it, one step a lock. */
import { dirname, join } from "node:path";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";

const [path = "", what = ""] = Deno.args;
const files = new DiskFiles(systemRandom, { now: () => Date.now() });
const say = (text: string): Promise<number> => Deno.stdout.write(new TextEncoder().encode(`${text}\n`));

if (what === "hold") {
  await files.withLock(path, async () => {
    await say("held");
    setInterval(() => {}, 1_000);
    await new Promise<never>(() => {});
  });
} else {
  const counter = join(dirname(path), "count");
  for (let i = 0; i < 40; i++) {
    await files.withLock(path, async () => {
      const count = Number(new TextDecoder().decode(await files.read(counter)));
      await files.write(counter, new TextEncoder().encode(`${count + 1}`));
    });
  }
  await say("counted");
}
