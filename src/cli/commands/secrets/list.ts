/** `secrets list`. @module */

import { listSecrets } from "../../../usecases/secrets/list.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { placeJson, placeText } from "../../view/secrets.ts";
import { columns } from "../../view/table.ts";
import { count } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "Names only, never values. It asks this machine, not the server: 'agentsecrets secrets diff' compares the two.",
  examples: [
    { line: "agentsecrets secrets list", why: "which names can be used here" },
    { line: "agentsecrets secrets list --env production --json", why: "the same for programs" },
  ],
  define: (command) => withPlace(command),
  run: async (context, options) => {
    const { place, secrets } = await listSecrets(context.world, placeOf(context, options), context.signal);
    const document = {
      ...placeJson(place),
      secrets: secrets.map((secret) => ({
        name: secret.name,
        state: secret.state,
        version: secret.version ?? null,
        domains: secret.binding.domains ?? null,
        methods: secret.binding.methods ?? null,
      })),
    };
    await context.view.data(document, () =>
      columns(secrets.map((secret) => [
        secret.name,
        secret.version === undefined ? "new" : `v${secret.version}`,
        secret.state === "modified" ? "not pushed" : "synced",
        [...(secret.binding.domains ?? []), ...(secret.binding.methods ?? [])].join(" "),
      ])));
    await context.view.note(
      secrets.length === 0
        ? `No secrets of ${
          placeText(place)
        } on this machine: agentsecrets secrets set NAME, or agentsecrets secrets pull`
        : `${count(secrets.length, "secret")} in ${placeText(place)}`,
    );
  },
});
