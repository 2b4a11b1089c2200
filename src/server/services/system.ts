/** What the server says of itself. @module */

import type { ServiceOf } from "../routes.ts";

/** The process answers. */
export const healthz: ServiceOf<"healthz"> = { kind: "own", run: async () => ({ value: { status: "ok" } }) };

/** The process answers and its storage does too. */
export const readyz: ServiceOf<"readyz"> = {
  kind: "own",
  run: async (parts) => {
    const store = await parts.store();
    await store.read((tx) => tx.head({ kind: "account", id: "" }));
    return { value: { status: "ok" } };
  },
};

export const version: ServiceOf<"version"> = {
  kind: "own",
  run: async (parts) => ({ value: { name: "agentsecrets", version: parts.version, api: 1 } }),
};
