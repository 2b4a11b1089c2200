/** Child processes that read something, write something and end. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a program ended, and all that it wrote. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Gives a child its whole input. That it ended without reading it is no failure: it may have had no need of it. */
export async function feed(child: Deno.ChildProcess, input: string | Uint8Array): Promise<void> {
  const writer = child.stdin.getWriter();
  await writer.write(typeof input === "string" ? encoder.encode(input) : input).catch(() => {});
  await writer.close().catch(() => {});
}

/** Waits for the end of a child whose output and error output are piped. */
export async function endOf(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a program to its end; `input` is what it reads. */
export async function runToEnd(
  program: string,
  options: Omit<Deno.CommandOptions, "stdin" | "stdout" | "stderr">,
  input: string | Uint8Array = "",
): Promise<Ended> {
  const child = new Deno.Command(program, { ...options, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  await feed(child, input);
  return await endOf(child);
}
