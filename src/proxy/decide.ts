/**
 * Decides whether a call may use its secrets, before any value is read. Pure; deny by default.
 *
 * The order "decide, then resolve" is a type: only {@linkcode Grant.decide} makes a {@linkcode Grant}, and
 * `resolve` (src/proxy/resolve.ts) asks for one.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { SecretName } from "../kernel/names.ts";
import type { SecretDescription, SecretScope } from "../ports/secret_reader.ts";
import { isAddress, isPublicAddress } from "./address.ts";
import { type AllowlistEntry, bare, entryFor, matchesAllowlistEntry, parseAllowlistEntry } from "./allowlist_entry.ts";
import { domainOf } from "./target.ts";

/** What a decision looks at. */
export interface Question {
  readonly url: URL;
  readonly method: string;
  /** Distinct names that the request injects. */
  readonly secrets: readonly SecretName[];
  readonly scope: SecretScope;
  /** Entries of the verified allowlist. */
  readonly allowlist: readonly string[];
  /** Of those `secrets` that exist. */
  readonly descriptions: readonly SecretDescription[];
}

/** A refusal is a value: who asks must look at it. */
export type Decision =
  | { readonly allowed: true; readonly grant: Grant }
  | { readonly allowed: false; readonly refusal: AppError };

/** Proof that these secrets may go to this origin with this method. Nominal: nothing but `decide` can make one. */
export class Grant {
  /** The origin that was decided on. */
  readonly origin: string;
  readonly secrets: readonly SecretName[];
  readonly scope: SecretScope;
  /** Whether a person listed the full origin, which opens private addresses. */
  readonly reachesPrivate: boolean;
  readonly #made: true = true;

  private constructor(question: Question, reachesPrivate: boolean) {
    this.origin = question.url.origin;
    this.secrets = question.secrets;
    this.scope = question.scope;
    this.reachesPrivate = reachesPrivate;
  }

  /** Whether `value` came from {@linkcode Grant.decide}. */
  static is(value: Grant): boolean {
    return #made in value;
  }

  /** Allowlist first, then bindings: who may not reach a domain learns nothing about secrets. */
  static decide(question: Question): Decision {
    const matching = matches(question.allowlist, question.url);
    const refusal = refuseTarget(question, matching) ?? refuseBinding(question);
    if (refusal !== undefined) return { allowed: false, refusal };
    return { allowed: true, grant: new Grant(question, matching.some((entry) => entry.fullOrigin)) };
  }
}

/** Lists that were parsed before: the same verified allowlist decides on many calls. Nobody changes a list in place. */
const parsed = new WeakMap<readonly string[], readonly AllowlistEntry[]>();

/** The entries of a list. One that cannot be read allows nothing. */
function entriesOf(texts: readonly string[]): readonly AllowlistEntry[] {
  let entries = parsed.get(texts);
  if (entries === undefined) {
    entries = texts.flatMap((text) => {
      try {
        return [parseAllowlistEntry(text)];
      } catch {
        return [];
      }
    });
    parsed.set(texts, entries);
  }
  return entries;
}

/** The entries that allow `url`. */
function matches(texts: readonly string[], url: URL): AllowlistEntry[] {
  return entriesOf(texts).filter((entry) => matchesAllowlistEntry(entry, url));
}

function refuseTarget(question: Question, matching: readonly AllowlistEntry[]): AppError | undefined {
  if (matching.length > 0) return undefined;
  const { url, allowlist } = question;
  const domain = domainOf(url);
  const host = bare(url.hostname);
  if (isAddress(host) && !isPublicAddress(host)) return new AppError("private_address", { domain });
  if (allowlist.length === 0) return new AppError("empty_allowlist", { domain, entry: entryFor(url) });
  if (url.protocol === "http:" && wouldMatchOverHttps(question)) return new AppError("scheme_not_https", { domain });
  return new AppError("domain_not_in_allowlist", { domain, entry: entryFor(url) });
}

function wouldMatchOverHttps({ url, allowlist }: Question): boolean {
  const secure = new URL(url);
  secure.protocol = "https:";
  return matches(allowlist, secure).length > 0;
}

function refuseBinding({ url, method, descriptions }: Question): AppError | undefined {
  for (const { name, binding } of descriptions) {
    if (binding.domains !== undefined && matches(binding.domains, url).length === 0) {
      return new AppError("secret_not_bound_to_domain", { name, domain: domainOf(url) });
    }
    if (binding.methods !== undefined && !binding.methods.includes(method)) {
      return new AppError("secret_not_bound_to_method", { name, method });
    }
  }
  return undefined;
}
