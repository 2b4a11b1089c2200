/** The program: arguments in, exit number out. The only place that ends the process. */
import { run } from "./src/compose.ts";

Deno.exit(await run(Deno.args));
