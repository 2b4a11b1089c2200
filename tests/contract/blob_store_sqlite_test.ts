import { SqliteBlobStore } from "../../src/adapters/blob_store/sqlite.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { blobStoreSuite } from "./blob_store_suite.ts";

blobStoreSuite("SQLite", async () => {
  const folder = await Deno.makeTempDir();
  const store = await SqliteBlobStore.open({ path: `${folder}/server.db`, suffix: "t", clock: new FakeClock() });
  return {
    store,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
});
