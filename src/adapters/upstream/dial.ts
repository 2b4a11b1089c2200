/**
 * TCP connections to one of several checked addresses, the next one tried while the first still hesitates (RFC 8305 §5).
 *
 * @module
 */

/** How long an attempt may stay alone before the next address is tried beside it, in ms (RFC 8305 §8). */
const STAGGER_MS = 250;

/** No address could be reached. */
export class DialError extends Error {
  override readonly name = "DialError";

  constructor(readonly timedOut: boolean, readonly reason: string) {
    super(reason);
  }
}

/** A connection and the address it goes to. */
export interface Dialed {
  readonly connection: Deno.TcpConn;
  readonly address: string;
}

/**
 * `addresses` with the families alternating, the first one's first, each family in its order (RFC 8305 §4): when one family
 * leads nowhere, the second attempt is of the other.
 */
export function interleaved(addresses: readonly string[]): readonly string[] {
  const isV6 = addresses[0]?.includes(":") === true;
  const first = addresses.filter((address) => address.includes(":") === isV6);
  const second = addresses.filter((address) => address.includes(":") !== isV6);
  return Array.from({ length: Math.max(first.length, second.length) }, (_, i) => [first[i], second[i]])
    .flat().filter((address) => address !== undefined);
}

/** Makes one connection; Deno.connect but in tests. */
export type Connect = (options: { readonly hostname: string; readonly port: number }) => Promise<Deno.TcpConn>;

/** How long to try, and with what. */
export interface DialOptions {
  /** For all attempts together, in ms. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly connect?: Connect;
}

/**
 * The first connection that succeeds; the others are closed.
 *
 * @param addresses IP literals, in the order to try, at least one.
 * @throws {DialError}, or the signal's reason
 */
export function dial(addresses: readonly string[], port: number, options: DialOptions): Promise<Dialed> {
  const { timeoutMs, signal, connect = Deno.connect } = options;
  const order = interleaved(addresses);
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let next = 0, running = 0, settled = false, reason = "the connection failed";
    let stagger: ReturnType<typeof setTimeout> | undefined;
    const timer = setTimeout(() => settle(() => reject(new DialError(true, "no connection"))), timeoutMs);
    const onAbort = (): void => settle(() => reject(signal?.reason));
    const settle = (act: () => void): void => {
      settled = true;
      clearTimeout(timer);
      clearTimeout(stagger);
      signal?.removeEventListener("abort", onAbort);
      act();
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const attempt = (): void => {
      clearTimeout(stagger);
      const address = order[next++]!;
      running++;
      if (next < order.length) stagger = setTimeout(attempt, STAGGER_MS);
      connect({ hostname: address, port }).then((connection) => {
        if (settled) connection.close();
        else settle(() => resolve({ connection, address }));
      }, (error) => {
        running--;
        reason = explain(error);
        if (settled) return;
        if (next < order.length) attempt();
        else if (running === 0) settle(() => reject(new DialError(false, reason)));
      });
    };
    attempt();
  });
}

function explain(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "the connection was refused";
  if (error instanceof Deno.errors.TimedOut) return "the connection timed out";
  return "there is no way to its address";
}
