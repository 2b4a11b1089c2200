/**
 * A process of its own that runs a child with secrets: `run_child.ts JSON` with `{program, args, secrets, withhold, mask}`. It exits
 * with what the adapter answers, and prints a failure's code. With `peak` it prints the most memory it ever held, in KiB, to the file
 * of that name.
 */
import { SystemProcesses } from "../../src/adapters/process/system.ts";
import { AppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { createRedactor } from "../../src/proxy/redact/redactor.ts";

if (import.meta.main) {
  const { program, args, secrets, withhold, mask, peak } = JSON.parse(Deno.args[0]!);
  const values = new Map<string, Secret>(
    Object.entries(secrets as Record<string, string>).map(([name, value]) => [name, Secret.fromText(value)]),
  );
  const redactor = createRedactor([...values.values()]);
  const filter = mask === true ? { filter: () => Promise.resolve(redactor.stream()) } : {};
  let code = 99;
  try {
    code = await new SystemProcesses().run({ program, args, secrets: values, withhold: withhold ?? [], ...filter });
  } catch (error) {
    await Deno.stderr.write(
      new TextEncoder().encode(error instanceof AppError ? `${error.code}: ${error.message}\n` : `${error}\n`),
    );
  }
  if (typeof peak === "string") {
    await Deno.writeTextFile(peak, /^VmHWM:\s*(\d+)/m.exec(await Deno.readTextFile("/proc/self/status"))![1]!);
  }
  Deno.exit(code);
}
