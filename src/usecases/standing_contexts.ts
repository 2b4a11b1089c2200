/**
 * The workspaces of a process that makes many calls: each is opened and verified once and serves further calls as long as nothing
 * that it was made of has changed (src/usecases/fresh.ts). What came again byte for byte is not verified again
 * (src/usecases/verified_logs.ts), so looking anew costs little.
 *
 * @module
 */

import { joinStamps, type Stamp } from "../kernel/stamp.ts";
import type { Keychain } from "../ports/keychain.ts";
import { NewestPlace } from "../proxy/audit_recorder.ts";
import { EMBEDDED_ORIGIN } from "../vault/config.ts";
import { findProjectFile, projectFilePaths } from "../vault/project_file.ts";
import { type OpenCallContext, openCallContext } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { Fresh, type Loan } from "./fresh.ts";
import type { Selection } from "./scope.ts";
import { VerifiedLogs } from "./verified_logs.ts";

/** Selections that are kept: callers choose them, and each holds keys. */
const MAX_CONTEXTS = 64;
/** What verifying reads of the keychain. */
const COLLECTIONS = ["device", "pins"] as const;

/** Lends opened workspaces. */
export class StandingContexts implements Disposable {
  readonly #ports: WorldWithEngine;
  readonly #logs = new VerifiedLogs();
  readonly #newest = new NewestPlace();
  /** By selection, the one that was used last at the end. */
  readonly #contexts = new Map<string, Fresh<OpenCallContext>>();

  constructor(ports: WorldWithEngine) {
    this.#ports = ports;
  }

  /** The context of `selection` if it can be had without waiting. */
  takeNow(selection: Selection): Loan<OpenCallContext> | undefined {
    return this.#contexts.get(keyOf(selection))?.takeNow();
  }

  /** The context of `selection`. @throws {AppError} as {@linkcode openCallContext} */
  async take(selection: Selection): Promise<Loan<OpenCallContext>> {
    const key = keyOf(selection);
    const fresh = this.#contexts.get(key) ?? this.#source(selection);
    this.#contexts.delete(key);
    this.#contexts.set(key, fresh);
    try {
      const loan = await fresh.take();
      for (const old of this.#contexts.keys()) if (this.#contexts.size > MAX_CONTEXTS) this.#drop(old);
      return loan;
    } catch (error) {
      if (this.#contexts.get(key) === fresh) this.#drop(key);
      throw error;
    }
  }

  /** Drops what no call has used since `sinceMs`, on the clock that never goes back. */
  dropUnused(sinceMs: number): void {
    for (const [key, fresh] of this.#contexts) if (fresh.usedMs < sinceMs) this.#drop(key);
  }

  /** Drops all. Running calls keep theirs until they are on record; what they are still opening is dropped later. */
  [Symbol.dispose](): void {
    for (const fresh of this.#contexts.values()) fresh.drop();
  }

  get size(): number {
    return this.#contexts.size;
  }

  /** Has the keychain vouch for the newest record of them all. It never rejects. */
  vouch(): Promise<void> {
    return this.#newest.keep();
  }

  #drop(key: string): void {
    this.#contexts.get(key)?.drop();
    this.#contexts.delete(key);
  }

  /** Where a project file decides: where it is, and nearer, where one could come to be. */
  async #projectPaths(folder: string): Promise<readonly string[]> {
    const paths = projectFilePaths(folder);
    const found = await findProjectFile(this.#ports.files, folder);
    return found === undefined ? paths : paths.slice(0, paths.indexOf(found.path) + 1);
  }

  #source(selection: Selection): Fresh<OpenCallContext> {
    const { files, places, clock, workingFolder } = this.#ports;
    const server = [places.config, places.database, `${places.database}-wal`];
    // Known once it was opened; until then nothing can be looked at.
    let keychain: Pick<Keychain, "stamp"> | undefined, isLocal = false, project: readonly string[] = [];
    return new Fresh(clock, {
      look: (): Stamp | undefined => {
        if (keychain?.stamp === undefined || !isLocal) return undefined;
        return joinStamps(keychain.stamp(COLLECTIONS), files.stamp([...server, ...project]));
      },
      // For all who wait: one caller's end must not end it.
      load: async () => {
        project = await this.#projectPaths(selection.folder ?? workingFolder);
        const open = await openCallContext(this.#ports, selection, undefined, this.#logs, this.#newest);
        ({ keychain } = open.workspace.device);
        isLocal = open.workspace.device.config.server === EMBEDDED_ORIGIN;
        return open;
      },
    });
  }
}

function keyOf({ folder, project, environment }: Selection): string {
  return `${folder ?? ""}\n${project ?? ""}\n${environment ?? ""}`;
}
