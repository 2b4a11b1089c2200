/**
 * One client's session: who it says it is, which folder it works in, and what is still running.
 *
 * @module
 */

import { isAppError } from "../kernel/error.ts";
import type { CallDoor, Caller } from "../usecases/call.ts";
import { type LastingCallDoor, openCallDoor } from "../usecases/call_door.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";
import { folderProject, type Selection } from "../usecases/scope.ts";
import type { McpOptions } from "../usecases/serve_mcp.ts";
import type { EnvironmentInput } from "../usecases/secrets/outcome.ts";
import { Answers } from "./answers.ts";
import type { Client } from "./client.ts";
import type { Fixed } from "./schemas.ts";

/** What the audit log takes as the name of a caller (src/proxy/request.ts). */
const AGENT_ID = /^[\x21-\x7e]{1,128}$/;

/** What a tool was asked to work on. */
export interface AskedPlace {
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
}

export class Session {
  readonly signal: AbortSignal;
  /** Bodies that were too large or not text. */
  readonly answers: Answers;
  readonly #ports: WorldWithEngine;
  readonly #options: McpOptions;
  readonly #id: string;
  readonly #running = new Set<Promise<unknown>>();
  readonly #ended = new AbortController();
  #world: WorldWithEngine | undefined;
  #door: LastingCallDoor | undefined;

  constructor(ports: WorldWithEngine, options: McpOptions, signal: AbortSignal) {
    this.#ports = ports;
    this.#options = options;
    this.#id = `mcp_${ports.random(8).toHex()}`;
    this.signal = AbortSignal.any([signal, this.#ended.signal]);
    this.answers = new Answers(ports);
  }

  /** What the person fixed. */
  get fixed(): Fixed {
    const { project, environment } = this.#options;
    return { ...(project === undefined ? {} : { project }), ...(environment === undefined ? {} : { environment }) };
  }

  /** Who calls: the name that the client gives itself, which nothing proves. */
  caller(client: Client): Caller {
    const name = client.name.trim().replace(/\s+/g, "-");
    const agentId = AGENT_ID.test(name) ? name : "";
    return { level: agentId === "" ? "anonymous" : "declared", agentId, tokenId: "", sessionId: this.#id };
  }

  /** The door of this session: what was resolved through it stays a needle for redaction until the session ends. */
  door(ports: WorldWithEngine): CallDoor {
    return this.#door ??= openCallDoor(ports);
  }

  /** Project and environment of a call. */
  select(asked: AskedPlace): Selection & { readonly folder?: never } {
    const project = this.#options.project ?? asked.project;
    const environment = this.#options.environment ?? asked.environment;
    return { ...(project === undefined ? {} : { project }), ...(environment === undefined ? {} : { environment }) };
  }

  /** The same for the use-cases of secrets. */
  place(ports: WorldWithEngine, asked: AskedPlace): EnvironmentInput {
    return { folder: ports.workingFolder, ...this.select(asked) };
  }

  /** The world with the session's folder, which is decided at the first call; undefined when the client must be asked first. */
  async world(client: Client, signal: AbortSignal): Promise<WorldWithEngine | undefined> {
    if (this.#world !== undefined) return this.#world;
    const workingFolder = await this.#folder(client, signal);
    if (workingFolder === undefined) return undefined;
    return this.#world ??= { ...this.#ports, workingFolder };
  }

  /** Remembers `work` until it ends. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Resolves when nothing is running. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled([...this.#running]);
  }

  report(tool: string, error: unknown): Promise<void> {
    return this.#options.report(tool, error);
  }

  /** Aborts what is running, waits until it is on record, and removes the session's files. */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.settled();
    this.#door?.[Symbol.dispose]();
    await this.answers.remove();
  }

  /** Has the keychain vouch for the session's last record, when everybody was told of the end. */
  async vouch(): Promise<void> {
    await this.#door?.vouch();
  }

  /**
   * The folder that was given, else the one we were started in when it belongs to a project, else the first of the client's open
   * folders that does: editors start their servers anywhere.
   */
  async #folder(client: Client, signal: AbortSignal): Promise<string | undefined> {
    const { folder, project } = this.#options;
    const { workingFolder } = this.#ports;
    if (folder !== undefined) return folder;
    if (project !== undefined || await this.#isProject(workingFolder)) return workingFolder;
    const open = await client.folders(signal);
    if (open === undefined) return undefined;
    for (const root of open) if (await this.#isProject(root)) return root;
    return workingFolder;
  }

  async #isProject(folder: string): Promise<boolean> {
    try {
      return await folderProject(this.#ports, { folder }) !== undefined;
    } catch (error) {
      // It is one, and damaged: the tool that needs it says so.
      if (isAppError(error)) return true;
      throw error;
    }
  }
}
