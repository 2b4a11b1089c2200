/**
 * The real program as a running proxy in front of raw upstreams: a process whose memory, end and log can be looked at.
 *
 * @module
 */

import assert from "node:assert/strict";
import { program, type Sandbox, sandboxWithProject } from "./cli.ts";

/** A line of its audit log, as far as tests look at it. */
export interface LogRecord {
  readonly status: string;
  readonly reason: string;
  readonly error?: string;
  readonly status_code: number;
  readonly method: string;
  readonly target_url: string;
  readonly domain: string;
  readonly agent_id: string;
  readonly secret_keys: readonly string[];
  readonly redacted: boolean;
}

/** How it differs from the usual. */
export interface RunningProxyOptions {
  /** Entries of the allowlist. */
  readonly origins: readonly string[];
  /** Of the secret KEY. */
  readonly value: string;
  /** A folder into which its home is moved. */
  readonly disk?: string;
  /** How many files and connections it may have open. */
  readonly descriptors?: number;
}

/** One proxy in a home of its own, with the secret KEY. */
export class RunningProxy {
  readonly sandbox: Sandbox;
  readonly port: number;
  readonly pid: number;
  /** Its AGENTSECRETS_HOME. */
  readonly home: string;
  readonly #child: Deno.ChildProcess;
  readonly #output: Promise<string>;

  private constructor(
    sandbox: Sandbox,
    home: string,
    child: Deno.ChildProcess,
    ready: Ready,
    rest: Promise<string>,
  ) {
    this.sandbox = sandbox;
    this.home = home;
    this.#child = child;
    this.port = ready.port;
    this.pid = ready.pid;
    const errors = new Response(child.stderr).text();
    this.#output = Promise.all([rest, errors]).then((texts) => texts.join(""));
  }

  /** Runs `work` with one whose allowlist has `origins` and whose KEY is `value`. */
  static async run(
    { origins, value, disk, descriptors }: RunningProxyOptions,
    work: (proxy: RunningProxy) => Promise<void>,
  ): Promise<void> {
    await using sandbox = await sandboxWithProject();
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: value });
    await sandbox.allow(...origins);
    const home = disk === undefined ? sandbox.home : `${disk}/home`;
    if (disk !== undefined) await new Deno.Command("cp", { args: ["-a", sandbox.home, home] }).output();
    const limit = descriptors === undefined ? "" : `ulimit -n ${descriptors};`;
    const child = new Deno.Command("sh", {
      args: ["-c", `${limit} exec "$@"`, "sh", ...program(), "proxy", "start", "--port", "0", "--json"],
      cwd: sandbox.folder,
      clearEnv: true,
      env: { ...sandbox.env, AGENTSECRETS_HOME: home },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const proxy = new RunningProxy(sandbox, home, child, await readyOf(reader), restOf(reader));
    try {
      await work(proxy);
    } finally {
      proxy.signal("SIGKILL");
      await proxy.end();
    }
  }

  /** Does nothing to a process that has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  /** Waits for its end; everything that it wrote. */
  async end(): Promise<{ readonly code: number; readonly output: string }> {
    const { code } = await this.#child.status;
    return { code, output: await this.#output };
  }

  /** Memory that it has now, in bytes. Linux. */
  async memory(): Promise<number> {
    return Number(/VmRSS:\s+(\d+) kB/.exec(await Deno.readTextFile(`/proc/${this.pid}/status`))![1]) * 1024;
  }

  /** The most memory that it ever had, in bytes. Linux. */
  async peak(): Promise<number> {
    return Number(/VmHWM:\s+(\d+) kB/.exec(await Deno.readTextFile(`/proc/${this.pid}/status`))![1]) * 1024;
  }

  /** The bytes of the log. */
  async log(): Promise<string> {
    return await Deno.readTextFile(`${this.home}/proxy.log`).catch(() => "");
  }

  /** Its records, oldest first. */
  async records(): Promise<readonly LogRecord[]> {
    // What follows the last line feed is being written.
    return (await this.log()).split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Its records once there are `count`. */
  async recordsOnce(count: number): Promise<readonly LogRecord[]> {
    for (;;) {
      const records = await this.records();
      if (records.length >= count) return records;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

interface Ready {
  readonly port: number;
  readonly pid: number;
}

/** The document that says that it accepts connections. */
async function readyOf(reader: ReadableStreamDefaultReader<string>): Promise<Ready> {
  let text = "";
  while (!text.includes("\n}\n")) {
    const { value, done } = await reader.read();
    assert.equal(done, false, `The proxy ended: ${text}`);
    text += value;
  }
  return JSON.parse(text);
}

async function restOf(reader: ReadableStreamDefaultReader<string>): Promise<string> {
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  return text;
}
