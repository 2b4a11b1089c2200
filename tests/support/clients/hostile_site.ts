/**
 * The servers of an attacker whose page runs in a browser on this machine: the site, a witness that the page's requests do arrive
 * where nobody guards, and a name that leads to the site first and to the proxy later (DNS rebinding).
 */

const SCRIPT = new URL("./attack.js", import.meta.url);

/** What the page found out: origin → attack → what it learned of it. */
export type Learned = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What the page is to do. */
export interface Plan {
  /** Origins to attack. */
  readonly bases: readonly string[];
  /** Where a credential should be sent. */
  readonly target: string;
  /** The site's own origin, as the page knows it. */
  readonly site: string;
  /** Set where the page's name leads elsewhere before it attacks. */
  readonly rebind?: true;
  /** Where the browser goes after that. */
  readonly next?: string;
}

/** The attacker's site; it takes one plan a page. */
export class HostileSite {
  readonly plans: Record<string, Plan> = {};
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #reports: ((learned: Learned) => void)[] = [];
  readonly #onRebind: () => void;

  /** @param onRebind Called when a page asks for its name to lead elsewhere. */
  constructor(onRebind: () => void) {
    this.#onRebind = onRebind;
    const options = { hostname: "127.0.0.1", port: 0, onListen(): void {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** What the next page reports. */
  report(): Promise<Learned> {
    return new Promise((resolve) => this.#reports.push(resolve));
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    // No connection is kept: one to a name that has moved would still lead here.
    const headers = { "access-control-allow-origin": "*", "connection": "close", "cache-control": "no-store" };
    if (pathname === "/attack.js") {
      const script = await Deno.readFile(SCRIPT);
      return new Response(script, { headers: { ...headers, "content-type": "text/javascript" } });
    }
    if (pathname === "/rebind") this.#onRebind();
    if (pathname === "/report") this.#reports.shift()?.(await request.json());
    const plan = this.plans[pathname];
    if (plan === undefined) return new Response(null, { status: 204, headers });
    const page = `<!doctype html><meta charset="utf-8"><body><script>const PLAN = ${JSON.stringify(plan)};</script>` +
      `<script src="/attack.js"></script>`;
    return new Response(page, { headers: { ...headers, "content-type": "text/html" } });
  }
}

/** A server without a guard, on both loopback addresses: what arrives here would arrive at any other. */
export class Witness {
  /** `METHOD /path` of each request. */
  readonly arrived = new Set<string>();
  readonly #servers: Deno.HttpServer<Deno.NetAddr>[] = [];

  constructor() {
    const answer = (request: Request): Response => {
      this.arrived.add(`${request.method} ${new URL(request.url).pathname}`);
      return new Response("unguarded");
    };
    const first = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, answer);
    this.#servers.push(first, Deno.serve({ hostname: "::1", port: first.addr.port, onListen(): void {} }, answer));
  }

  get port(): number {
    return this.#servers[0]!.addr.port;
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.shutdown()));
  }
}

/** A name's address, as it changes: connections go to one port of this machine, and after `rebind` to another. */
export class ReboundName {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  #port: number;

  constructor(first: number) {
    this.#port = first;
    this.#accept().catch(() => {}); // closed
  }

  /** Where the browser finds it. */
  get port(): number {
    return this.#listener.addr.port;
  }

  rebind(port: number): void {
    this.#port = port;
  }

  close(): void {
    this.#listener.close();
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      const there = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
      connection.readable.pipeTo(there.writable).catch(() => {});
      there.readable.pipeTo(connection.writable).catch(() => {});
    }
  }
}
