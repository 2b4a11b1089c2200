/** `proxy status`. @module */

import { type BrokerStatus, sealedStatus } from "../../../usecases/lock_proxy.ts";
import { proxyStatus } from "../../../usecases/proxy_control.ts";
import { defineCommand } from "../../command.ts";
import { proxyJson } from "../../view/proxy.ts";
import { facts } from "../../view/table.ts";
import { ago, iso } from "../../view/time.ts";

export const command = defineCommand({
  examples: [{ line: "agentsecrets proxy status", why: "is it running, and where?" }],
  define: (command) => command,
  run: async (context) => {
    const status = await proxyStatus(context.world);
    if (!status.running) {
      await context.view.data(
        { running: false },
        (style) => `The proxy is not running\n  ${style.cyan("→")} agentsecrets proxy start\n`,
      );
      return;
    }
    const vault = await sealedStatus(context.world);
    const locksAt = vault?.locksAt === undefined ? {} : { locks_at: iso(vault.locksAt) };
    const document = vault === undefined ? {} : { vault: { state: vault.state, ...locksAt } };
    await context.view.data({ ...proxyJson(status), ...document }, (style) =>
      facts([
        ["Address", `http://localhost:${status.port}/proxy`],
        ...(status.socket === "" ? [] : [["Socket", status.socket] as const]),
        ["Project", status.project === "" ? "none" : `${status.project} / ${status.environment}`],
        ["Started", ago(status.startedAt, context.now())],
        ["Process", String(status.pid)],
        ...(vault === undefined ? [] : [["Vault", vaultText(vault)] as const]),
      ], style));
  },
});

function vaultText({ state, locksAt }: BrokerStatus): string {
  if (state === "locked") return "locked: a person types agentsecrets proxy start";
  return locksAt === undefined ? "open" : `open until ${iso(locksAt)} unless it is used`;
}
