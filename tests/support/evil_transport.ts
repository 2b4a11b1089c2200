/**
 * A sync server that misbehaves on command: a real one behind a transport that changes its answers, answers in its place, or
 * loses its requests. Everything that went through is kept, so that a test can replay it or search it for canaries.
 */
import type { SyncRequest, SyncResponse, SyncTransport } from "../../src/ports/sync_transport.ts";

/** Which requests a misbehaviour applies to. */
export interface Match {
  readonly method?: SyncRequest["method"];
  /** Tested against the path with its query. */
  readonly path: RegExp;
}

/** Changes the JSON of a successful answer; what it returns is sent instead. */
// deno-lint-ignore no-explicit-any -- a lying server knows no types
export type Lie = (answer: any, request: SyncRequest) => unknown;

interface Rule {
  readonly match: Match;
  readonly answer: (request: SyncRequest, honest: () => Promise<SyncResponse>) => Promise<SyncResponse>;
}

/** One exchange that took place. `response` is what the client saw. */
export interface Exchange {
  readonly request: SyncRequest;
  readonly response: SyncResponse;
}

export class EvilTransport implements SyncTransport {
  readonly #inner: SyncTransport;
  #rules: Rule[] = [];
  /** Everything that went through, in order. */
  readonly exchanges: Exchange[] = [];

  constructor(inner: SyncTransport) {
    this.#inner = inner;
  }

  get origin(): string {
    return this.#inner.origin;
  }

  /** Changes the JSON of every successful matching answer until the result is disposed of. */
  lie(match: Match, lie: Lie): Disposable {
    return this.#add(match, async (request, honest) => {
      const response = await honest();
      if (response.status >= 300 || response.body === "") return response;
      return { ...response, body: JSON.stringify(await lie(JSON.parse(response.body), request)) };
    });
  }

  /** Changes matching requests before the real server sees them. */
  rewrite(match: Match, rewrite: (request: SyncRequest) => SyncRequest): Disposable {
    return this.#add(match, (request) => this.#inner.send(rewrite(request)));
  }

  /** Answers matching requests in the server's place; the real one never sees them. */
  answer(match: Match, answer: (request: SyncRequest) => SyncResponse | Promise<SyncResponse>): Disposable {
    return this.#add(match, async (request) => await answer(request));
  }

  /** The real server takes the request, the client never hears of it: `answer` throws or gives another answer. */
  loseAnswer(match: Match, answer: (response: SyncResponse) => SyncResponse): Disposable {
    return this.#add(match, async (_request, honest) => answer(await honest()));
  }

  /** The first `count` matching requests wait for each other before the real server sees any of them. */
  meet(match: Match, count: number): Disposable {
    const all = Promise.withResolvers<void>();
    let arrived = 0;
    return this.#add(match, async (_request, honest) => {
      if (++arrived === count) all.resolve();
      await all.promise;
      return await honest();
    });
  }

  /** Back to honesty. */
  beHonest(): void {
    this.#rules = [];
  }

  /** Past requests that match, oldest first. */
  sent(match: Match): readonly Exchange[] {
    return this.exchanges.filter(({ request }) => matches(match, request));
  }

  async send(request: SyncRequest, signal?: AbortSignal): Promise<SyncResponse> {
    const rule = this.#rules.findLast(({ match }) => matches(match, request));
    const honest = (): Promise<SyncResponse> => this.#inner.send(request, signal);
    const response = await (rule === undefined ? honest() : rule.answer(request, honest));
    this.exchanges.push({ request, response });
    return response;
  }

  async close(): Promise<void> {
    await this.#inner.close();
  }

  #add(match: Match, answer: Rule["answer"]): Disposable {
    const rule: Rule = { match, answer };
    this.#rules.push(rule);
    return {
      [Symbol.dispose]: () => {
        this.#rules = this.#rules.filter((r) => r !== rule);
      },
    };
  }
}

function matches({ method, path }: Match, request: SyncRequest): boolean {
  return (method === undefined || method === request.method) && path.test(request.path);
}

/** A JSON answer of the server's form. */
export function json(status: number, body: unknown): SyncResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
