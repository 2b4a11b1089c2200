/**
 * Bodies that would flood a conversation: kept as files of this person's until the session ends, and readable as resources by
 * clients that cannot open files. They passed redaction like every answer.
 *
 * @module
 */

import type { Files } from "../ports/files.ts";
import type { WorldWithEngine } from "../usecases/engine_ports.ts";

/** A kept body. */
export interface KeptAnswer {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** `agentsecrets://answers/<name>`. */
  readonly uri: string;
  readonly mimeType: string;
  readonly bytes: number;
}

const PREFIX = "agentsecrets://answers/";

const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/json": "json",
  "application/pdf": "pdf",
  "application/xml": "xml",
  "application/zip": "zip",
  "image/gif": "gif",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/webp": "webp",
  "text/csv": "csv",
  "text/html": "html",
  "text/plain": "txt",
};

/** The kept bodies of one session, in `<home>/answers` (0700, files 0600). */
export class Answers {
  readonly #files: Files;
  readonly #folder: string;
  readonly #kept = new Map<string, KeptAnswer>();

  constructor({ files, places }: Pick<WorldWithEngine, "files" | "places">) {
    this.#files = files;
    this.#folder = `${places.home}/answers`;
  }

  /** @param id Unique: the id of the audit record. @throws {AppError} `file_unwritable`, `disk_full` */
  async keep(id: string, contentType: string | undefined, body: Uint8Array): Promise<KeptAnswer> {
    const mimeType = mediaType(contentType);
    const name = `${id}.${EXTENSIONS[mimeType] ?? "bin"}`;
    const kept = { name, path: `${this.#folder}/${name}`, uri: PREFIX + name, mimeType, bytes: body.length };
    await this.#files.create(kept.path, body);
    this.#kept.set(name, kept);
    return kept;
  }

  /** In the order they were kept. */
  list(): KeptAnswer[] {
    return [...this.#kept.values()];
  }

  /** Undefined for what this session has not kept. */
  async read(uri: string): Promise<{ readonly kept: KeptAnswer; readonly body: Uint8Array } | undefined> {
    const kept = uri.startsWith(PREFIX) ? this.#kept.get(uri.slice(PREFIX.length)) : undefined;
    const body = kept === undefined ? undefined : await this.#files.read(kept.path);
    return kept === undefined || body === undefined ? undefined : { kept, body };
  }

  /** Removes them all. What cannot be removed stays: it holds no credential. */
  async remove(): Promise<void> {
    for (const { path } of this.#kept.values()) await this.#files.remove(path).catch(() => false);
    this.#kept.clear();
  }
}

function mediaType(contentType: string | undefined): string {
  const type = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  return /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/.test(type) ? type : "application/octet-stream";
}
