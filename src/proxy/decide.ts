/**
 * Decides whether a call may use its secrets, before any value is read. Pure; deny by default.
 *
 * The order is a type: {@linkcode AllowedTarget.decide} asks the allowlist, and only for what it allowed does {@linkcode Grant.decide}
 * ask the secrets' bindings; who may not reach a domain learns nothing about secrets. Nothing else makes a {@linkcode Grant}, and
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

/** Where a call wants to go. */
export interface Question {
  readonly url: URL;
  readonly method: string;
  readonly scope: SecretScope;
  /** Entries of the verified allowlist. */
  readonly allowlist: readonly string[];
}

/** A refusal is a value: who asks must look at it. */
export type Decision<T> =
  | { readonly allowed: true; readonly proof: T }
  | { readonly allowed: false; readonly refusal: AppError };

/** Proof that the allowlist allows this origin. Nominal: nothing but `decide` can make one. */
export class AllowedTarget {
  readonly question: Question;
  /** Whether a person listed the full origin, which opens private addresses. */
  readonly reachesPrivate: boolean;
  readonly #made: true = true;

  private constructor(question: Question, reachesPrivate: boolean) {
    this.question = question;
    this.reachesPrivate = reachesPrivate;
  }

  /** Whether `value` came from {@linkcode AllowedTarget.decide}. */
  static is(value: AllowedTarget): boolean {
    return #made in value;
  }

  static decide(question: Question): Decision<AllowedTarget> {
    const matching = matches(question.allowlist, question.url);
    if (matching.length === 0) return { allowed: false, refusal: refusalOf(question) };
    return { allowed: true, proof: new AllowedTarget(question, matching.some((entry) => entry.fullOrigin)) };
  }
}

/** Proof that these secrets may go to this origin with this method. Nominal: nothing but `decide` can make one. */
export class Grant {
  /** The origin that was decided on. */
  readonly origin: string;
  readonly secrets: readonly SecretName[];
  readonly scope: SecretScope;
  /** Whether a person listed the full origin, which opens private addresses. */
  readonly reachesPrivate: boolean;
  readonly #made: true = true;

  private constructor({ question, reachesPrivate }: AllowedTarget, secrets: readonly SecretName[]) {
    this.origin = question.url.origin;
    this.secrets = secrets;
    this.scope = question.scope;
    this.reachesPrivate = reachesPrivate;
  }

  /** Whether `value` came from {@linkcode Grant.decide}. */
  static is(value: Grant): boolean {
    return #made in value;
  }

  /**
   * @param secrets Distinct names that the request injects.
   * @param descriptions Of those that exist.
   */
  static decide(
    target: AllowedTarget,
    secrets: readonly SecretName[],
    descriptions: readonly SecretDescription[],
  ): Decision<Grant> {
    if (!AllowedTarget.is(target)) throw new TypeError("That target was not decided on");
    const refusal = refuseBinding(target.question, descriptions);
    return refusal === undefined ? { allowed: true, proof: new Grant(target, secrets) } : { allowed: false, refusal };
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

/** Why nothing allows it. */
function refusalOf(question: Question): AppError {
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

function refuseBinding(
  { url, method }: Question,
  descriptions: readonly SecretDescription[],
): AppError | undefined {
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
