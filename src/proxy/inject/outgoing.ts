/**
 * A request on its way out, and what an injection style is: a pure step from one {@linkcode Outgoing} to the next.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";
import type { Body, HeaderLine } from "../../ports/upstream.ts";
import type { Place } from "../injection.ts";

/** A request as the upstream will get it. A body that an injection changes is whole by then. */
export interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Body;
}

/** One way of putting a credential into a request. */
export interface Injector<P extends Place = Place> {
  /**
   * Whether the place exists in this request; nothing has been resolved yet.
   *
   * @throws {AppError} `invalid_injection`
   */
  check?(outgoing: Outgoing, place: P): void;
  /**
   * The request with `value` in `place`, everything else as it was.
   *
   * @throws {AppError} `invalid_injection` when the value cannot be in that place
   */
  inject(outgoing: Outgoing, place: P, value: Secret): Outgoing;
}
