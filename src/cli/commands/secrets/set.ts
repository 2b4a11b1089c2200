/** `secrets set`. @module */

import { AppError } from "../../../kernel/error.ts";
import { MAX_VALUE_BYTES } from "../../../kernel/limits.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { BindingInput } from "../../../usecases/secrets/outcome.ts";
import { listSecrets } from "../../../usecases/secrets/list.ts";
import { setSecrets } from "../../../usecases/secrets/set.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { list, withPlace } from "../../options.ts";
import { absolute, placeOf } from "../../place.ts";
import { showWrite } from "../../view/secrets.ts";

/** A name with its value, once both are known. */
interface Entry {
  readonly name: string;
  readonly value: Secret;
}

export const command = defineCommand({
  detail:
    "A name alone asks for its value without showing it. KEY=value works, but the shell remembers it. All secrets of " +
    "one command are stored together or not at all. --domains and --methods bind them: the proxy then sends " +
    "them nowhere else.",
  examples: [
    { line: "agentsecrets secrets set STRIPE_KEY", why: "ask for the value" },
    { line: "pass show stripe | agentsecrets secrets set STRIPE_KEY --stdin", why: "take it from another program" },
    { line: "agentsecrets secrets set TLS_KEY --from-file key.pem --env production", why: "take it from a file" },
    { line: "agentsecrets secrets set STRIPE_KEY --domains api.stripe.com --methods GET", why: "bind it to a host" },
  ],
  define: (command) =>
    withPlace(command.argument("<keys...>", "NAME, or NAME=value"))
      .option("--stdin", "read the value of the one NAME from standard input")
      .option("--from-file <path>", "read the value of the one NAME from a file")
      .option("--domains <hosts>", "send it to these hosts only (comma-separated)", list)
      .option("--methods <methods>", "use it with these HTTP methods only (comma-separated)", list)
      .option("--unbound", "remove the binding that the secrets have")
      .option("--force", "overwrite what somebody else stored in the meantime"),
  run: async (context, options, keys) => {
    const parsed = keys.map(parse);
    refuseRepeats(parsed.map((entry) => entry.name));
    const entries: Entry[] = [];
    // Before a person types a value it is known that there is somewhere to keep it.
    if (asksForValue(context, options, parsed)) {
      await listSecrets(context.world, placeOf(context, options), context.signal);
    }
    try {
      for (const entry of parsed) entries.push(await complete(context, options, entry, parsed.length));
      if (parsed.some((entry) => entry.value !== undefined)) {
        await context.view.warn(
          "Values on the command line stay in the shell's history: give the name alone to type it unseen",
        );
      }
      const result = await setSecrets(context.world, {
        ...placeOf(context, options),
        entries,
        ...binding(options),
        ...(options.force === true ? { force: true } : {}),
      }, context.signal);
      await showWrite(context.view, (secrets, place) => `Stored ${secrets} in ${place}`, result);
    } finally {
      for (const entry of entries) entry.value.dispose();
    }
  },
});

/** Splits at the first `=`. What does not begin with a name is not quoted: it may be a value. */
function parse(key: string, index: number): { readonly name: string; readonly value: Secret | undefined } {
  const at = key.indexOf("=");
  const name = at < 0 ? key : key.slice(0, at);
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)) {
    throw new AppError("usage", {
      problem: `Cannot set argument ${
        index + 1
      }: it is neither NAME nor NAME=value (a name takes letters, digits and _)`,
    });
  }
  return { name, value: at < 0 ? undefined : Secret.fromText(key.slice(at + 1)) };
}

function refuseRepeats(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new AppError("usage", { problem: `Cannot set ${twice} twice in one command` });
}

/** The value of a name: from the command line, standard input, a file, or a person. */
async function complete(
  context: CommandContext,
  options: { readonly stdin?: true | undefined; readonly fromFile?: string | undefined },
  entry: { readonly name: string; readonly value: Secret | undefined },
  count: number,
): Promise<Entry> {
  const { name, value } = entry;
  const piped = options.stdin === true || options.fromFile !== undefined;
  if (piped && (count > 1 || value !== undefined || (options.stdin === true && options.fromFile !== undefined))) {
    throw new AppError("usage", {
      problem: "Cannot take the value from two places: --stdin or --from-file, with one NAME",
    });
  }
  if (value !== undefined) return { name, value };
  if (options.stdin === true) return { name, value: await context.terminal.readStdinSecret(MAX_VALUE_BYTES + 2) };
  if (options.fromFile !== undefined) return { name, value: await fromFile(context, name, options.fromFile) };
  const typed = await context.answers.typed(
    `Value of ${name}:`,
    `the value of ${name}`,
    "--stdin or --from-file FILE",
  );
  if (typed.isShorterThan(1)) await context.view.warn(`Nothing was typed: ${name} is empty from now on`);
  return { name, value: typed };
}

function asksForValue(
  context: CommandContext,
  options: { readonly stdin?: true | undefined; readonly fromFile?: string | undefined },
  parsed: readonly { readonly value: Secret | undefined }[],
): boolean {
  const given = options.stdin === true || options.fromFile !== undefined;
  return context.answers.canAsk && !given && parsed.some(({ value }) => value === undefined);
}

/** A file's bytes as they are: a final line break belongs to a key file. */
async function fromFile(context: CommandContext, name: string, path: string): Promise<Secret> {
  const bytes = await context.world.files.read(absolute(context, path));
  if (bytes === undefined) throw new AppError("file_unreadable", { path, reason: "there is no such file" });
  if (bytes.length > MAX_VALUE_BYTES) throw new AppError("value_too_large", { name, maxBytes: MAX_VALUE_BYTES });
  return Secret.take(bytes);
}

/** The binding anew, none, or what each secret has. */
function binding(options: {
  readonly domains?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly unbound?: true | undefined;
}): { readonly binding?: BindingInput } {
  const { domains, methods, unbound } = options;
  if (domains === undefined && methods === undefined) return unbound === true ? { binding: {} } : {};
  if (unbound === true) throw new AppError("usage", { problem: "Cannot bind and unbind at once" });
  return {
    binding: {
      ...(domains === undefined ? {} : { domains }),
      ...(methods === undefined ? {} : { methods: methods.map((method) => method.toUpperCase()) }),
    },
  };
}
