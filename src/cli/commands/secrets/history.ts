/** `secrets history`. @module */

import { secretHistory } from "../../../usecases/secrets/history.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { placeJson } from "../../view/secrets.ts";
import { table } from "../../view/table.ts";
import { iso, minuteOf } from "../../view/time.ts";

export const command = defineCommand({
  detail: "When and by whom, without values. 'agentsecrets secrets rollback NAME --to N' brings a version back.",
  examples: [{ line: "agentsecrets secrets history STRIPE_KEY", why: "who changed it, and when" }],
  define: (command) => withPlace(command.argument("<key>", "name of the secret")),
  run: async (context, options, name) => {
    const result = await secretHistory(context.world, { ...placeOf(context, options), name }, context.signal);
    const document = {
      ...placeJson(result.place),
      name: result.name,
      versions: result.versions.map((version) => ({
        version: version.version,
        change: version.change,
        at: iso(version.atMs),
        author: { kind: version.author.kind, id: version.author.id, you: version.author.you },
        current: version.current,
        here: version.here,
      })),
    };
    await context.view.data(document, (style) =>
      table(
        ["Version", "Change", "When (UTC)", "By", "Where"],
        result.versions.map((version) => [
          String(version.version),
          version.change,
          minuteOf(version.atMs),
          version.author.you ? "you" : `${version.author.kind} ${version.author.id}`,
          [version.current ? "server" : "", version.here ? "here" : ""].filter((word) => word !== "").join(", "),
        ]),
        style,
      ));
  },
});
