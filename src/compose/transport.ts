/**
 * The way to the sync server.
 *
 * @module
 */

import { VERSION } from "../cli/version.ts";
import type { SyncTransport } from "../ports/sync_transport.ts";
import { authoritiesIn } from "./authorities.ts";
import type { Basis } from "./basis.ts";

/** The way to the server that config.json names; before `init` the embedded one. */
export async function openTransport(basis: Basis, authorities: string | undefined): Promise<SyncTransport> {
  const { EMBEDDED_ORIGIN, readConfig } = await import("../vault/config.ts");
  const config = await readConfig(basis.files, basis.places);
  const origin = config?.server ?? EMBEDDED_ORIGIN;
  const transport = origin === EMBEDDED_ORIGIN
    ? await embeddedTransport(basis, config !== undefined)
    : await httpsTransport(basis, origin, authorities);
  basis.opened.add(() => transport.close());
  return transport;
}

/** The server in this process. With an account there was a database: a missing one is damage then, not a beginning. */
async function embeddedTransport(basis: Basis, mustExist: boolean): Promise<SyncTransport> {
  const transport = await import("../adapters/sync_transport/embedded.ts");
  const { clock, random, files, places } = basis;
  return new transport.EmbeddedTransport(async () => {
    const [{ SqliteBlobStore }, { createSyncServer }] = await Promise.all([
      import("../adapters/blob_store/sqlite.ts"),
      import("../server/app.ts"),
    ]);
    await files.makeFolder(places.home);
    const store = await SqliteBlobStore.open({ path: places.database, suffix: random(8).toHex(), clock, mustExist });
    const handle = createSyncServer({
      store: () => Promise.resolve(store),
      clock,
      random,
      origin: transport.EMBEDDED_ORIGIN,
      registration: { kind: "open" },
      version: VERSION,
      showStorageFailures: true,
    });
    return { handle, close: () => store.close() };
  });
}

async function httpsTransport(
  { files }: Basis,
  origin: string,
  authorities: string | undefined,
): Promise<SyncTransport> {
  const { HttpsTransport } = await import("../adapters/sync_transport/https.ts");
  return new HttpsTransport(origin, { caCerts: await authoritiesIn(files, authorities) });
}
