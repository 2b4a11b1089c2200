/**
 * A process of its own that commits to an environment on a shared database, as a command of a person would. Reads its orders as
 * JSON from the file in its first argument; prints a line for every commit that was acknowledged.
 */
import { SqliteBlobStore } from "../../src/adapters/blob_store/sqlite.ts";
import { SystemClock } from "../../src/adapters/clock/system.ts";
import { createSyncServer } from "../../src/server/app.ts";

/** What the process is told. */
export interface CommitOrders {
  readonly path: string;
  /** Wall clock of the test, so that its sessions live. */
  readonly nowMs: number;
  readonly token: string;
  /** Requests in order: environment, sequence number before, and body. */
  readonly requests: readonly { readonly env: string; readonly after: number; readonly body: string }[];
}

if (import.meta.main) {
  const orders: CommitOrders = JSON.parse(await Deno.readTextFile(Deno.args[0]!));
  const clock = new SystemClock();
  const store = await SqliteBlobStore.open({ path: orders.path, suffix: `p${Deno.pid}`, clock });
  const handle = createSyncServer({
    store: async () => store,
    clock: { now: () => orders.nowMs },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    origin: "embedded:local",
    registration: { kind: "open" },
    version: "0",
    showStorageFailures: true,
  });
  const say = (line: string): number => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  say("ready");
  await Deno.stdin.read(new Uint8Array(1));
  for (const { env, after, body } of orders.requests) {
    const request = new Request(`http://test.invalid/v1/envs/${env}/commits`, {
      method: "POST",
      body,
      headers: {
        authorization: `Bearer ${orders.token}`,
        "content-type": "application/json",
        "if-match": `"${after}"`,
      },
    });
    const response = await handle(request);
    say(`${after + 1} ${response.status} ${JSON.parse(await response.text())["code"] ?? "ok"}`);
  }
  await store.close();
}
