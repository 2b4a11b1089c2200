/**
 * Bindings as a person types them, in their normal form.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { showable } from "../../kernel/names.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import { parseNewAllowlistEntry } from "../../proxy/allowlist_entry.ts";
import type { BindingInput } from "./outcome.ts";

/** Each entry once, sorted, normalised. @throws {AppError} `invalid_allowlist_entry`, `invalid_input` */
export async function parseBinding(input: BindingInput): Promise<SecretBinding> {
  const domains = input.domains === undefined
    ? undefined
    : await Promise.all(input.domains.map(parseNewAllowlistEntry));
  return {
    ...(domains === undefined ? {} : { domains: unique(domains.map(({ text }) => text)) }),
    ...(input.methods === undefined ? {} : { methods: unique(input.methods.map(parseMethod)) }),
  };
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort();
}

function parseMethod(text: string): string {
  const method = text.toUpperCase();
  if (!/^[A-Z]{1,32}$/.test(method)) {
    throw new AppError("invalid_input", { what: `the method '${showable(text)}'`, reason: "it is no HTTP method" });
  }
  return method;
}
