/**
 * Where everything of one person on one machine lies: the home folder's layout.
 *
 * @module
 */

/** Absolute paths below one home folder (0700). */
export interface Places {
  /** `AGENTSECRETS_HOME`, or `~/.agentsecrets`. */
  readonly home: string;
  /** Which account, server, vault and active workspace: no credential in it. */
  readonly config: string;
  /** The embedded sync server's SQLite file. */
  readonly database: string;
  /** The encrypted file vault, where one is used. */
  readonly vaultFolder: string;
  /** The audit log of this machine's proxy. */
  readonly proxyLog: string;
  /** The running proxy's address and process. */
  readonly proxyState: string;
  /** Where the broker of sealed mode listens: a Unix socket, 0600. */
  readonly brokerSocket: string;
  /** Folder of the inter-process locks. */
  readonly locksFolder: string;
}

/** The layout below `home`, an absolute path. */
export function placesOf(home: string): Places {
  const root = home.length > 1 ? home.replace(/[/\\]+$/, "") : home;
  return {
    home: root,
    config: `${root}/config.json`,
    database: `${root}/server.db`,
    vaultFolder: `${root}/vault`,
    proxyLog: `${root}/proxy.log`,
    proxyState: `${root}/proxy.json`,
    brokerSocket: `${root}/broker.sock`,
    locksFolder: `${root}/locks`,
  };
}

/** The lock file that guards `what`: `config`, `pins`, `vault` … */
export function lockPath(places: Places, what: string): string {
  return `${places.locksFolder}/${what}.lock`;
}
