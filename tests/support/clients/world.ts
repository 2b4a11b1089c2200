/**
 * What real clients meet: the real program as a running proxy, with an account, a project, secrets and an allowlist, before real
 * upstreams over TLS. Whatever a client prints is searched for the values, and in the end so is every file.
 */
import assert from "node:assert/strict";
import { CanarySearch } from "../canary.ts";
import type { Ended } from "../child.ts";
import { program, type Sandbox, sandboxWithProject } from "../cli.ts";
import { startUpstream, type TestUpstream } from "../upstream.ts";
import { type ChatApi, startChatApi } from "./chat_api.ts";
import { type ClientOptions, ClientProcess } from "./client_process.ts";

/** A record of the audit log, as far as tests look at it. */
export interface AuditRecord {
  readonly status: string;
  readonly reason: string;
  readonly status_code: number;
  readonly method: string;
  readonly target_url: string;
  readonly secret_keys: readonly string[];
  readonly redacted: boolean;
  readonly resolution_path: string;
}

/** One home, one proxy, two upstreams. */
export class ClientWorld {
  readonly sandbox: Sandbox;
  /** Says back what it gets. */
  readonly upstream: TestUpstream;
  readonly chat: ChatApi;
  readonly canary: CanarySearch;
  /** The value of KEY, STRIPE_KEY and OPENAI_KEY; and a user and password, the value of PAIR. */
  readonly key: string;
  readonly pair: string;
  /** The program on PATH by its name, as a person has it. */
  readonly bin: string;
  #port = 0;

  private constructor(sandbox: Sandbox, upstream: TestUpstream, chat: ChatApi, key: string, pair: string) {
    this.sandbox = sandbox;
    this.upstream = upstream;
    this.chat = chat;
    this.key = key;
    this.pair = pair;
    this.bin = `${sandbox.base}/bin`;
    this.canary = new CanarySearch({ KEY: key, "the password in PAIR": pair.slice(pair.indexOf(":") + 1) });
  }

  /** Runs `work`, then proves that the record is whole and that no value is in any output or file. */
  static async run(work: (world: ClientWorld) => Promise<void>): Promise<void> {
    const random = crypto.getRandomValues(new Uint8Array(18)).toHex();
    const key = `sk_live_${random}`;
    const [upstream, chat] = await Promise.all([startUpstream(), startChatApi(key)]);
    try {
      await using sandbox = await sandboxWithProject();
      const world = new ClientWorld(sandbox, upstream, chat, key, `agent:pw-${random.toUpperCase()}`);
      await world.#prepare();
      try {
        await work(world);
      } finally {
        await world.stop();
      }
      await world.#prove();
    } finally {
      await Promise.all([upstream.close(), chat.close()]);
    }
  }

  /** `http://localhost:PORT/proxy`. */
  get proxy(): string {
    return `http://localhost:${this.#port}/proxy`;
  }

  get port(): number {
    return this.#port;
  }

  /** The proxy's Unix socket. */
  get socket(): string {
    return `${this.sandbox.base}/proxy.sock`;
  }

  /** Environment of clients and of the program. */
  get env(): Record<string, string> {
    const { PATH, ...env } = this.sandbox.env;
    return { ...env, PATH: `${this.bin}:${PATH}`, SSL_CERT_FILE: `${this.sandbox.base}/ca.pem`, NO_COLOR: "1" };
  }

  /** Runs a client to its end. */
  async client(command: string, args: readonly string[], options: ClientOptions = {}): Promise<Ended> {
    return await this.spawn(command, args, options).end();
  }

  /** Runs a client that must succeed; its standard output. */
  async ok(command: string, args: readonly string[], options: ClientOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.client(command, args, options);
    assert.equal(code, 0, `${command} ${args.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Starts a client. */
  spawn(command: string, args: readonly string[], options: ClientOptions = {}): ClientProcess {
    const env = { ...this.env, ...options.env };
    return new ClientProcess(command, args, { cwd: this.sandbox.folder, ...options, env }, this.canary);
  }

  /** Ends the proxy; its records, oldest first, those of calls that were under way included. */
  async stop(): Promise<readonly AuditRecord[]> {
    await this.sandbox.run(["proxy", "stop"]);
    return await this.records();
  }

  /** The audit log's records, oldest first. They are on the disk before a client has its answer's end. */
  async records(): Promise<readonly AuditRecord[]> {
    const text = await Deno.readTextFile(`${this.sandbox.home}/proxy.log`).catch(() => "");
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  async #prepare(): Promise<void> {
    const { sandbox, upstream, chat, env } = this;
    await Deno.writeTextFile(`${sandbox.base}/ca.pem`, upstream.caPem + chat.caPem);
    await Deno.mkdir(this.bin);
    const line = program().map((word) => `'${word}'`).join(" ");
    // Some clients hand on little of their environment.
    const exported = ["SSL_CERT_FILE", "DENO_DIR", "AGENTSECRETS_HOME"].map((name) => `${name}='${env[name]}'`).join(
      " ",
    );
    const script = `#!/bin/sh\nexport ${exported}\nexec ${line} "$@"\n`;
    await Deno.writeTextFile(`${this.bin}/agentsecrets`, script, { mode: 0o755 });
    const keys = ["KEY", "STRIPE_KEY", "OPENAI_KEY"].map((name) => `${name}=${this.key}`);
    await sandbox.ok(["secrets", "set", ...keys, `PAIR=${this.pair}`]);
    await sandbox.allow(upstream.origin, chat.origin);
    const started = await sandbox.json(["proxy", "start", "--detach", "--port", "0", "--socket", this.socket], { env });
    this.#port = started["port"] as number;
  }

  async #prove(): Promise<void> {
    const verified = await this.sandbox.json(["proxy", "logs", "--verify"]);
    assert.deepEqual([verified["valid"], verified["records"]], [true, (await this.records()).length]);
    await this.canary.folder(this.sandbox.base);
    assert.deepEqual(this.canary.found, []);
  }
}
