/**
 * HTTP clients, each pinned to one origin and to addresses that were checked for it. Connections are kept alive and reused as
 * long as their address is among the checked ones.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import { dial, type Dialed, DialError } from "../dial.ts";
import { portOf, THROUGH_PROXY, type Tunnels } from "../open.ts";
import { SocksHelper } from "./socks_helper.ts";

/** Most clients that are kept while idle. */
const MAX_CLIENTS = 64;
/** How long an idle connection is kept, in ms. */
const IDLE_CONNECTION_MS = 30_000;

/** A client on loan: give it back with {@linkcode ClientPool.release}. */
export class PinnedClient {
  readonly origin: string;
  readonly token: string;
  http!: Deno.HttpClient;
  /** Checked for the newest request. */
  addresses: readonly string[];
  connectMs: number;
  /** Where its connections go, once there is one. */
  pinned: string | undefined;
  /** Why the newest attempt to connect failed. */
  failure: DialError | AppError | undefined;
  loans = 0;
  /** performance.now() of the newest byte in either direction. */
  lastTrafficMs = 0;

  constructor(origin: string, token: string, addresses: readonly string[], connectMs: number) {
    this.origin = origin;
    this.token = token;
    this.addresses = addresses;
    this.connectMs = connectMs;
  }

  /** Over the proxy, if one carries this origin. @throws {DialError}, {AppError} */
  async connect(url: URL, proxy: Tunnels | undefined): Promise<Dialed> {
    const first = this.addresses.filter((address) => address === this.pinned);
    const order = [...first, ...this.addresses.filter((address) => address !== this.pinned)];
    try {
      const dialed = proxy === undefined
        ? await dial(order, portOf(url), { timeoutMs: this.connectMs })
        : { connection: await proxy.tunnel({ url, connectMs: this.connectMs, signal: undefined }), address: order[0]! };
      this.pinned = dialed.address;
      this.failure = undefined;
      return dialed;
    } catch (error) {
      if (error instanceof DialError || error instanceof AppError) this.failure = error;
      throw error;
    }
  }
}

/** Lends clients. */
export class ClientPool {
  readonly #helper = new SocksHelper();
  readonly #caCerts: readonly string[];
  readonly #proxy: Tunnels | undefined;
  /** Oldest use first. */
  readonly #clients = new Set<PinnedClient>();

  /** @param caCerts PEM texts of authorities trusted besides the system's. */
  constructor(caCerts: readonly string[], proxy?: Tunnels) {
    this.#caCerts = caCerts;
    this.#proxy = proxy;
  }

  /** A client for the URL's origin that connects to `addresses` only. */
  borrow(url: URL, addresses: readonly string[], connectMs: number): PinnedClient {
    const client = this.#find(url.origin, addresses) ?? this.#make(url, addresses, connectMs);
    client.addresses = addresses;
    client.connectMs = connectMs;
    client.loans++;
    this.#clients.delete(client);
    this.#clients.add(client);
    return client;
  }

  release(client: PinnedClient): void {
    client.loans--;
    for (const old of this.#clients) {
      if (this.#clients.size <= MAX_CLIENTS) return;
      if (old.loans === 0) this.#end(old);
    }
  }

  close(): void {
    for (const client of this.#clients) this.#end(client);
    this.#helper.close();
  }

  /** A connection to an address that the newest check did not give must not be used again. */
  #find(origin: string, addresses: readonly string[]): PinnedClient | undefined {
    for (const client of this.#clients) {
      if (client.origin !== origin || client.pinned === undefined) continue;
      if (addresses.includes(client.pinned)) return client;
      if (client.loans === 0) this.#end(client);
    }
    return undefined;
  }

  #make(url: URL, addresses: readonly string[], connectMs: number): PinnedClient {
    const token = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join(
      "",
    );
    const client = new PinnedClient(url.origin, token, addresses, connectMs);
    const proxy = addresses.includes(THROUGH_PROXY) ? this.#proxy : undefined;
    this.#helper.open(token, {
      host: url.hostname.replace(/^\[|\]$/g, ""),
      port: portOf(url),
      connect: () => client.connect(url, proxy),
      onTraffic: () => client.lastTrafficMs = performance.now(),
    });
    // A literal each time: Deno 2.6 changes the object it is given. Never `transport: "tcp"`: it sends https as plain text.
    client.http = Deno.createHttpClient({
      caCerts: [...this.#caCerts],
      poolIdleTimeout: IDLE_CONNECTION_MS,
      proxy: { transport: "socks5", url: this.#helper.url(token) },
    });
    return client;
  }

  #end(client: PinnedClient): void {
    this.#clients.delete(client);
    this.#helper.shut(client.token);
    client.http.close();
  }
}
