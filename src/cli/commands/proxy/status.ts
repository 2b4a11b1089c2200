/** `proxy status`. @module */

import { proxyStatus } from "../../../usecases/proxy_control.ts";
import { defineCommand } from "../../command.ts";
import { proxyJson } from "../../view/proxy.ts";
import { facts } from "../../view/table.ts";
import { ago } from "../../view/time.ts";

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
    await context.view.data(proxyJson(status), (style) =>
      facts([
        ["Address", `http://localhost:${status.port}/proxy`],
        ...(status.socket === "" ? [] : [["Socket", status.socket] as const]),
        ["Project", status.project === "" ? "none" : `${status.project} / ${status.environment}`],
        ["Started", ago(status.startedAt, context.now())],
        ["Process", String(status.pid)],
      ], style));
  },
});
