/**
 * The styles of injection by name: a new style is a file and a row.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Body } from "../../ports/upstream.ts";
import { changeBody, type Injection, type InjectionStyle, type Place } from "../injection.ts";
import { basic } from "./basic.ts";
import { bearer } from "./bearer.ts";
import { body } from "./body.ts";
import { form } from "./form.ts";
import { header } from "./header.ts";
import type { Injector, Outgoing } from "./outgoing.ts";
import { query } from "./query.ts";
import { collectBody, MAX_INJECTED_BODY_BYTES } from "./whole_body.ts";

/** How many injections a body of the largest size may have; more go into a smaller one. */
const FULL_INJECTIONS = 4;

const INJECTORS: { readonly [S in InjectionStyle]: Injector<Extract<Place, { style: S }>> } = {
  bearer,
  basic,
  header,
  query,
  body,
  form,
};

function injectorOf(place: Place): Injector {
  return INJECTORS[place.style] as Injector;
}

/**
 * The request made ready for its injections: its body is whole where one of them changes it, and every place exists.
 *
 * @throws {AppError} `invalid_injection`, `body_too_large`, `bad_request`
 */
export async function prepare(outgoing: Outgoing, injections: readonly Injection[]): Promise<Outgoing> {
  const ready = changeBody(injections) ? { ...outgoing, body: await collectBody(outgoing.body) } : outgoing;
  checkWork(ready.body, injections.filter((injection) => changeBody([injection])).length);
  for (const injection of injections) injectorOf(injection).check?.(ready, injection);
  return ready;
}

/** Each injection goes through the whole body, and nobody else has a turn meanwhile. */
function checkWork(body: Body | undefined, count: number): void {
  if (!(body instanceof Uint8Array) || body.length * count <= MAX_INJECTED_BODY_BYTES * FULL_INJECTIONS) return;
  const maxBytes = Math.floor(MAX_INJECTED_BODY_BYTES * FULL_INJECTIONS / count);
  throw new AppError("body_too_large", { what: `a body with ${count} injections`, maxBytes });
}

/**
 * The request with every credential in its place.
 *
 * @param values Holds a value for each injection's secret.
 * @throws {AppError} `invalid_injection` when a value cannot be in its place
 */
export function injectAll(
  outgoing: Outgoing,
  injections: readonly Injection[],
  values: ReadonlyMap<SecretName, Secret>,
): Outgoing {
  return injections.reduce((request, injection) => {
    return injectorOf(injection).inject(request, injection, values.get(injection.secret)!);
  }, outgoing);
}
