/** The other end of secret_service_child.ts. */
import { fileURLToPath } from "node:url";
import type { KeychainMeta } from "../../src/ports/keychain.ts";
import { TextLineStream } from "../support/lines.ts";

const child = fileURLToPath(new URL("secret_service_child.ts", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));

export interface Request {
  readonly op: "probe" | "get" | "put" | "remove" | "list" | "getMany" | "rss";
  readonly collection?: string;
  readonly name?: string;
  readonly value?: string;
  readonly meta?: KeychainMeta;
  /** How often; the answer is the last one's. */
  readonly times?: number;
}

export interface Answer {
  readonly result?: unknown;
  /** The failure's code. */
  readonly code?: string;
  readonly message?: string;
  /** How long it took, in milliseconds. */
  readonly ms: number;
}

/** A process with a Secret Service keychain in the session that `env` describes. */
export class RemoteKeychain implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;

  /** @param options.timeoutMs Silence that ends in `keychain_timeout`; long by default, for machines under load. */
  constructor(
    env: Readonly<Record<string, string>>,
    options: { readonly flags?: readonly string[]; readonly profile?: string; readonly timeoutMs?: number } = {},
  ) {
    const { flags = [], profile = "remote", timeoutMs = 20_000 } = options;
    this.process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...flags, "--config", config, child, profile, String(timeoutMs)],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.process.stdin.getWriter();
    const text = this.process.stdout.pipeThrough(new TextDecoderStream());
    this.#lines = text.pipeThrough(new TextLineStream()).getReader();
  }

  async ask(op: Request["op"], request: Omit<Request, "op"> = {}): Promise<Answer> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify({ op, ...request })}\n`));
    const { value } = await this.#lines.read();
    if (value === undefined) throw new Error("The keychain's process ended");
    return JSON.parse(value) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#lines.cancel();
    await this.process.status;
  }
}
