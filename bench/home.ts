/** A temporary home with an account and a project, for benches that run the compiled program. */
import { runToEnd } from "../tests/support/child.ts";

/** The program's folder of a bench, and how to run the program in it. */
export interface BenchHome extends AsyncDisposable {
  readonly base: string;
  readonly project: string;
  readonly env: Record<string, string>;
  /** The program's argument list with `args`. */
  argv(...args: string[]): string[];
  /** Runs it once and fails loudly. */
  run(args: readonly string[], stdin?: string): Promise<string>;
}

export const PASSWORD = "correct horse battery staple";
/** The program that is measured: `deno task build`'s, or the one that AGENTSECRETS_BENCH_PROGRAM names. */
export const BINARY: string = Deno.env.get("AGENTSECRETS_BENCH_PROGRAM") ??
  new URL("../dist/agentsecrets", import.meta.url).pathname;

/** Makes the home with the file vault and its key file, so that every machine measures the same thing. */
export async function benchHome(extra: Record<string, string> = {}): Promise<BenchHome> {
  const base = await Deno.makeTempDir({ prefix: "agentsecrets-bench-" });
  const project = `${base}/project`;
  await Deno.mkdir(project);
  const env = { AGENTSECRETS_HOME: `${base}/home`, HOME: base, NO_COLOR: "1", ...extra };
  const run = async (args: readonly string[], stdin = ""): Promise<string> => {
    const { code, stdout, stderr } = await runToEnd(BINARY, { args: [...args], cwd: project, env }, stdin);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
    return stdout;
  };
  const vault = ["--vault", "file", "--vault-key-file", "--kit", `${base}/kit.txt`];
  await run(
    ["init", "--email", "bench@example.com", "--password-stdin", "--storage-mode", "1", ...vault],
    `${PASSWORD}\n`,
  );
  await run(["project", "create", "bench"]);
  return {
    base,
    project,
    env,
    argv: (...args) => [BINARY, ...args],
    run,
    [Symbol.asyncDispose]: () => Deno.remove(base, { recursive: true }),
  };
}

/** `count` lines of a `.env` file with made-up values of 40 characters. */
export function dotenv(count: number, prefix = "KEY"): string {
  const value = (): string => crypto.getRandomValues(new Uint8Array(20)).toHex();
  return Array.from({ length: count }, (_, i) => `${prefix}_${i}=${value()}\n`).join("");
}
