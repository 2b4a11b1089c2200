/** `secrets import`. @module */

import { importSecrets } from "../../../usecases/secrets/import.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { showWrite } from "../../view/secrets.ts";

/** Largest text taken from standard input: a thousand values of the largest size do not come as one `.env`. */
const MAX_IMPORT_BYTES = 16 * 1024 * 1024;

export const command = defineCommand({
  detail: "Reads quotes, several lines, comments and 'export' as .env readers do. The file itself is left alone.",
  examples: [
    { line: "agentsecrets secrets import .env", why: "take over an existing file" },
    { line: "agentsecrets secrets import - --env staging < staging.env", why: "read it from standard input" },
  ],
  define: (command) =>
    withPlace(
      command.argument("<file>", "path of a .env file, or - for standard input")
        .option("--force", "overwrite what somebody else stored in the meantime"),
    ),
  run: async (context, options, file) => {
    const text = file === "-" ? await context.terminal.readStdinSecret(MAX_IMPORT_BYTES) : undefined;
    try {
      const result = await importSecrets(context.world, {
        ...placeOf(context, options),
        source: text === undefined ? { path: file } : { text },
        ...(options.force === true ? { force: true } : {}),
      }, context.signal);
      await showWrite(context.view, (secrets, place) => `Imported ${secrets} into ${place}`, result);
    } finally {
      text?.dispose();
    }
  },
});
