/**
 * How an endpoint of the contract becomes a route: a service runs in one transaction in which the session is checked too, so a
 * revocation is never overtaken by the request that it should have stopped.
 *
 * @module
 */

import * as z from "zod/mini";
import { type Endpoint, type EndpointName, ENDPOINTS } from "../contract/endpoints.ts";
import { IDEMPOTENCY_TTL_MS } from "../contract/limits.ts";
import { sha256 } from "../crypto/verify/sha256.ts";
import { type Bytes, equalBytes, lengthPrefixed, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { ReadTransaction, WriteTransaction } from "../ports/blob_store.ts";
import type { Call, Reply, ServerParts, SessionCall } from "./context.ts";
import { ANSWER_HEADERS, problemResponse } from "./problem_response.ts";
import { parseBody, readBody } from "./request_body.ts";
import { authenticate, touch } from "./services/sessions.ts";

type BodyOf<E> = E extends Endpoint<infer Q, infer _A> ? (Q extends z.ZodMiniType ? z.output<Q> : undefined) : never;
type ValueOf<E> = E extends Endpoint<infer _Q, infer A> ? (A extends z.ZodMiniType ? z.output<A> : undefined) : never;

/** What runs for an endpoint: on one moment of the data, in one write, or with transactions of its own. */
export type Service<B, V> =
  | {
    readonly kind: "read";
    readonly run: (parts: ServerParts, tx: ReadTransaction, call: SessionCall<B>) => Promise<Reply<V>>;
  }
  | {
    readonly kind: "write";
    readonly run: (parts: ServerParts, tx: WriteTransaction, call: SessionCall<B>) => Promise<Reply<V>>;
  }
  | { readonly kind: "own"; readonly run: (parts: ServerParts, call: Call<B>) => Promise<Reply<V>> };

/** The service of one endpoint. */
export type ServiceOf<N extends EndpointName> = Service<
  BodyOf<(typeof ENDPOINTS)[N]>,
  ValueOf<(typeof ENDPOINTS)[N]>
>;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly version?: number | undefined;
}

/** Answers one request to `endpoint`. Never rejects. */
export async function answer(
  parts: ServerParts,
  endpoint: Endpoint,
  service: Service<unknown, unknown>,
  request: Request,
  params: Readonly<Record<string, string>>,
): Promise<Response> {
  try {
    const call = await callOf(parts, endpoint, request, params);
    return respond(await run(parts, endpoint, service, call, request));
  } catch (error) {
    return problemResponse(error, parts.showStorageFailures);
  }
}

async function callOf(
  parts: ServerParts,
  endpoint: Endpoint,
  request: Request,
  params: Readonly<Record<string, string>>,
): Promise<Call> {
  const bytes = await readBody(request, endpoint.request === null ? 0 : endpoint.maxBodyBytes);
  const body = endpoint.request === null
    ? undefined
    : parseBody(endpoint.request, bytes, request.headers.get("content-type"));
  const query = new URL(request.url).searchParams;
  for (const name of query.keys()) {
    if (endpoint.query?.includes(name) !== true || query.getAll(name).length > 1) {
      throw new AppError("bad_request", { reason: "its query is not as expected" });
    }
  }
  return { params, query, headers: request.headers, body, bytes, addressBlock: parts.addressBlockOf?.(request) };
}

async function run(
  parts: ServerParts,
  endpoint: Endpoint,
  service: Service<unknown, unknown>,
  call: Call,
  request: Request,
): Promise<Answer> {
  if (service.kind === "own") return encode(endpoint, await service.run(parts, call));
  const store = await parts.store();
  if (service.kind === "read") {
    const { reply, stale } = await store.read(async (tx) => {
      const session = await authenticate(parts, tx, call);
      return { reply: await service.run(parts, tx, { ...call, session }), stale: touch(parts, session) };
    });
    if (stale !== undefined) await store.write((tx) => tx.touchSession(stale.id, stale.nowMs));
    return encode(endpoint, reply);
  }
  return await store.write(async (tx) => {
    const session = await authenticate(parts, tx, call);
    const stale = touch(parts, session);
    if (stale !== undefined) await tx.touchSession(stale.id, stale.nowMs);
    const work = async (): Promise<Answer> => encode(endpoint, await service.run(parts, tx, { ...call, session }));
    return endpoint.idempotent ? await once(parts, tx, { ...call, session }, request, work) : await work();
  });
}

/** The first answer again, when the same request comes again under the same key; kept in the transaction that it answers. */
async function once(
  parts: ServerParts,
  tx: WriteTransaction,
  call: SessionCall,
  request: Request,
  work: () => Promise<Answer>,
): Promise<Answer> {
  const key = call.headers.get("idempotency-key");
  if (key === null) return await work();
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(key)) {
    throw new AppError("bad_request", { reason: "its idempotency key is malformed" });
  }
  const { userId } = call.session;
  const nowMs = parts.clock.now();
  const requestHash = hashOf(request, call);
  const kept = await tx.keptAnswer(userId, key, nowMs);
  if (kept !== undefined) {
    if (equalBytes(kept.requestHash, requestHash)) return { status: kept.status, body: kept.body };
    throw new AppError("bad_request", { reason: "its idempotency key was used for another request" });
  }
  const { status, body } = await work();
  await tx.keepAnswer(userId, key, { requestHash, status, body }, nowMs + IDEMPOTENCY_TTL_MS);
  return { status, body };
}

function hashOf(request: Request, call: Call): Bytes {
  const { pathname, search } = new URL(request.url);
  const texts = [request.method, pathname + search, call.headers.get("if-match") ?? ""].map(utf8);
  return sha256(lengthPrefixed(...texts, call.bytes));
}

function encode(endpoint: Endpoint, { value, version }: Reply<unknown>): Answer {
  const body = endpoint.answer === null ? "" : JSON.stringify(z.encode(endpoint.answer, value));
  return { status: endpoint.status, body, version };
}

function respond({ status, body, version }: Answer): Response {
  const headers: Record<string, string> = { ...ANSWER_HEADERS };
  if (version !== undefined) headers["etag"] = `"${version}"`;
  if (status === 204) return new Response(null, { status, headers });
  headers["content-type"] = "application/json";
  return new Response(body, { status, headers });
}
