/**
 * A process of its own that runs a child with secrets: `run_child.ts JSON` with `{program, args, secrets, withhold}`. It exits with
 * what the adapter answers, and prints a failure's code.
 */
import { SystemProcesses } from "../../src/adapters/process/system.ts";
import { AppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";

if (import.meta.main) {
  const { program, args, secrets, withhold } = JSON.parse(Deno.args[0]!);
  const values = new Map<string, Secret>(
    Object.entries(secrets as Record<string, string>).map(([name, value]) => [name, Secret.fromText(value)]),
  );
  let code = 99;
  try {
    code = await new SystemProcesses().run({ program, args, secrets: values, withhold: withhold ?? [] });
  } catch (error) {
    await Deno.stderr.write(
      new TextEncoder().encode(error instanceof AppError ? `${error.code}: ${error.message}\n` : `${error}\n`),
    );
  }
  Deno.exit(code);
}
