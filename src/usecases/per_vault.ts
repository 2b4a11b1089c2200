/**
 * {@linkcode PerVault}: what a process made for the vault of its home, for as long as config.json names that vault.
 *
 * `account storage` moves a home under programs that live long, such as `mcp serve`: what they hold of the former vault is of no use
 * from then on, and would be wrong soon (docs/adr/0011-moving-the-storage.md).
 *
 * @module
 */

import type { Stamp } from "../kernel/stamp.ts";
import { type Config, isSameVault, requireConfig } from "../vault/config.ts";
import type { Ports } from "./ports.ts";

/** How to make it, and what to do with one whose vault was moved. */
export interface VaultBound<T> {
  make(config: Config): Promise<T>;
  retire(former: T): void;
}

interface Made<T> {
  readonly config: Config;
  readonly value: Promise<T>;
  /** How config.json looked before it was last seen to name this vault. */
  seen: Stamp;
}

/** Makes it when it is asked for, and anew when the vault was moved. */
export class PerVault<T> {
  readonly #ports: Pick<Ports, "files" | "places">;
  readonly #bound: VaultBound<T>;
  #made: Made<T> | undefined;

  constructor(ports: Pick<Ports, "files" | "places">, bound: VaultBound<T>) {
    this.#ports = ports;
    this.#bound = bound;
  }

  /**
   * The one for the vault in force: each time one look at config.json, which costs some µs. A failure to make it is forgotten: meanwhile
   * a person may have made the account or unlocked the keychain.
   *
   * @throws {AppError} `not_initialised`, `config_damaged`, what `make` throws
   */
  async current(): Promise<T> {
    const { files, places } = this.#ports;
    const made = this.#made, seen = files.stamp([places.config]);
    if (made !== undefined && seen.settled && seen.text === made.seen.text) return await made.value;
    const config = await requireConfig(files, places);
    // Another caller was faster.
    if (this.#made !== made) return await this.current();
    if (made !== undefined) {
      if (!isMoved(made.config, config)) {
        made.seen = seen;
        return await made.value;
      }
      this.drop();
    }
    return await this.#make(config, seen);
  }

  /** Makes it anew at the next use. */
  drop(): void {
    this.#made?.value.then((former) => this.#bound.retire(former), () => {});
    this.#made = undefined;
  }

  #make(config: Config, seen: Stamp): Promise<T> {
    const made = this.#made = { config, value: this.#bound.make(config), seen };
    made.value.catch(() => this.#made === made && (this.#made = undefined));
    return made.value;
  }
}

/** Another account in its place is no move: its data lie elsewhere too, and the vault itself says that it is out of force. */
function isMoved(from: Config, to: Config): boolean {
  return from.profile === to.profile && !isSameVault(from.vault, to.vault);
}
