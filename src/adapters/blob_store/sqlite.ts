/**
 * The blob store on one SQLite file, shared by every process of this machine that opens it (docs/spec/protocol.md §7): WAL,
 * synchronous=FULL, and BEGIN IMMEDIATE for writes, so that what a transaction read is still true when it commits.
 *
 * A write is durable when its promise resolves: SQLite has then synced the log to the disk. A process killed at any moment
 * leaves the last committed state; the next one to open the file finds it.
 *
 * @module
 */

import { Kysely } from "kysely";
import type { DatabaseSync } from "node:sqlite";
import { AppError } from "../../kernel/error.ts";
import type { BlobStore, ReadTransaction, WriteTransaction } from "../../ports/blob_store.ts";
import type { Clock } from "../../ports/clock.ts";
import { NodeSqliteDialect } from "./sqlite_dialect.ts";
import { databaseError, isBusy } from "./sqlite_errors.ts";
import { openSqliteFile, type SqliteFile } from "./sqlite_file.ts";
import type { Tables } from "./tables.ts";
import { transactionOn } from "./transaction.ts";

/** How long a transaction waits for other processes before `database_busy`. */
const BUSY_TIMEOUT_MS = 10_000;
/** Pause between two attempts. */
const BUSY_PAUSE_MS = 5;

/** Where and with what. */
export interface SqliteBlobStoreOptions extends Omit<SqliteFile, "nowMs"> {
  readonly clock: Clock;
  /** Default 10 s. */
  readonly busyTimeoutMs?: number;
}

/** The blob store on an open file. */
export class SqliteBlobStore implements BlobStore {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #transaction: WriteTransaction;
  /** The end of the queue: one connection, so one transaction at a time in this process. */
  #last: Promise<unknown> = Promise.resolve();
  #open = true;

  private constructor(db: DatabaseSync, options: SqliteBlobStoreOptions) {
    this.#db = db;
    this.#path = options.path;
    this.#clock = options.clock;
    this.#busyTimeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
    this.#transaction = transactionOn(new Kysely<Tables>({ dialect: new NodeSqliteDialect(db) }));
  }

  /**
   * Opens the file, making it when it is not there.
   *
   * @throws {AppError} `database_damaged`, `unsupported_format`, `database_busy`, `disk_full`, `file_unwritable`
   */
  static async open(options: SqliteBlobStoreOptions): Promise<SqliteBlobStore> {
    const { clock, busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
    const deadline = clock.monotonicMs() + busyTimeoutMs;
    for (;;) {
      try {
        return new SqliteBlobStore(openSqliteFile({ ...options, nowMs: clock.now() }), options);
      } catch (error) {
        if (!isBusy((error as Error).cause) || clock.monotonicMs() >= deadline) throw error;
        await clock.sleep(BUSY_PAUSE_MS);
      }
    }
  }

  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    // The first statement of a deferred transaction fixes the moment that all of them see.
    return this.#run("BEGIN; SELECT 1 FROM migration LIMIT 1", work);
  }

  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    return this.#run("BEGIN IMMEDIATE", work);
  }

  async close(): Promise<void> {
    const last = this.#last;
    this.#last = Promise.reject(new Error("the store is closed"));
    this.#last.catch(() => {});
    await last.catch(() => {});
    if (!this.#open) return;
    this.#open = false;
    this.#db.close();
  }

  #run<T>(begin: string, work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    if (!this.#open) return Promise.reject(new Error("the store is closed"));
    const mine = this.#last.then(() => this.#transact(begin, work));
    this.#last = mine.catch(() => {});
    return mine;
  }

  async #transact<T>(begin: string, work: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    try {
      await this.#begin(begin);
      const result = await work(this.#transaction);
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollback();
      throw databaseError(error, this.#path);
    }
  }

  /** Waits for other processes without holding up this one's events. */
  async #begin(begin: string): Promise<void> {
    const deadline = this.#clock.monotonicMs() + this.#busyTimeoutMs;
    for (;;) {
      try {
        return this.#db.exec(begin);
      } catch (error) {
        this.#rollback();
        if (!isBusy(error)) throw error;
        if (this.#clock.monotonicMs() >= deadline) {
          throw new AppError("database_busy", { path: this.#path }, { cause: error });
        }
        await this.#clock.sleep(BUSY_PAUSE_MS);
      }
    }
  }

  /** A failed statement may have ended the transaction already (SQLite does so when the disk is full). */
  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // Nothing was committed: closing the file discards what is left.
    }
  }
}
