/**
 * What every service of the sync server works with.
 *
 * @module
 */

import type { Bytes } from "../kernel/bytes.ts";
import type { BlobStore, SessionRow } from "../ports/blob_store.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";

/** Who may register: anybody (embedded: whoever can open the file), or holders of a token with one of these SHA-256. */
export type Registration = { readonly kind: "open" } | { readonly kind: "token"; readonly sha256: readonly Bytes[] };

/** What a server is made of. */
export interface ServerParts {
  /** Opened at the first request that needs it. */
  readonly store: () => Promise<BlobStore>;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
  /** What clients sign as the server's identity: `https://host[:port]`, or `embedded:local`. */
  readonly origin: string;
  readonly registration: Registration;
  /** The program's version. */
  readonly version: string;
  /** Whether failures of the storage name its path: only where the caller owns the machine. */
  readonly showStorageFailures: boolean;
  /** The caller's network, for rate limits: an IPv4 /24 or IPv6 /56 as text. Undefined: not known. */
  readonly addressBlockOf?: (request: Request) => string | undefined;
}

/** One request as a service sees it. */
export interface Call<B = unknown> {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Parsed by the endpoint's schema. */
  readonly body: B;
  /** The exact bytes of the body. */
  readonly bytes: Bytes;
  readonly addressBlock: string | undefined;
}

/** A request of a session's holder. */
export interface SessionCall<B = unknown> extends Call<B> {
  readonly session: SessionRow;
}

/** An answer before it is encoded. */
export interface Reply<V> {
  readonly value: V;
  /** Version or sequence number, sent as the ETag. */
  readonly version?: number;
}
