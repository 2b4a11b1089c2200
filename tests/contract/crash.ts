/** What crash_child.ts writes, and killing it in the middle. */
import { fileURLToPath } from "node:url";
import { TextLineStream } from "../support/lines.ts";

const child = fileURLToPath(new URL("crash_child.ts", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** Two items of one collection: a vault file changes them together. */
export const PAIR = ["A", "B"].map((name) => ({ collection: "w/p/e", name }));

/** A file's content at a step: long enough to be written in several pages, and whole only when all of it is of one step. */
export function content(step: number): Uint8Array {
  return new TextEncoder().encode(`${String(step).padStart(9, "0")}\n`.repeat(2_000));
}

/**
 * Starts a writer at step `first`, lets it acknowledge `steps` writes, and kills it with SIGKILL in the middle of what follows.
 * Gives the last step that it acknowledged.
 */
export async function crash(
  args: readonly [kind: string, folder: string],
  first: number,
  steps: number,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", config, child, ...args, String(first)],
    env: { ...env },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const text = process.stdout.pipeThrough(new TextDecoderStream());
  const lines = text.pipeThrough(new TextLineStream()).getReader();
  let last = first - 1;
  let killed = false;
  for (let line = await lines.read(); !line.done; line = await lines.read()) {
    last = Number(line.value);
    // What it says between this and its death is acknowledged too: the pipe is read to its end.
    if (!killed && last - first + 1 >= steps) {
      process.kill("SIGKILL");
      killed = true;
    }
  }
  await process.status;
  if (!killed) throw new Error("The writer died by itself");
  return last;
}
