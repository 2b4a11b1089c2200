/**
 * A chat API in OpenAI's form, as far as its SDK reads it: TLS, a bearer token that must be right, chat completions at once or as
 * server-sent events, models, files up and down with ranges, a WebSocket. Like careless ones do, it says the token back.
 */
import { makeAuthority } from "../authority.ts";

/** A running API. */
export interface ChatApi {
  /** `https://localhost:PORT`. */
  readonly origin: string;
  readonly caPem: string;
  /** Method and path of every request, with whether the token was right. */
  readonly asked: readonly string[];
  /** The next words of the completion that streams; undefined ends it. Words before the first request wait. */
  say(words: string | undefined): void;
  /** Resolves once a client has left a stream. */
  readonly left: Promise<void>;
  close(): Promise<void>;
}

/** A file that can be fetched: 1 MiB of `0123456789abcdef…`. */
export const REPORT: Uint8Array<ArrayBuffer> = new TextEncoder().encode("0123456789abcdef".repeat(65_536));

/** Starts one on a free loopback port; `key` is the token that it wants. */
export async function startChatApi(key: string): Promise<ChatApi> {
  const authority = await makeAuthority("Chat API authority");
  const api = new Api(key);
  const identity = await authority.issue(["localhost", "127.0.0.1"]);
  const options = { hostname: "127.0.0.1", port: 0, onListen(): void {}, ...identity };
  const server = Deno.serve(options, (request) => api.answer(request));
  return {
    origin: `https://localhost:${server.addr.port}`,
    caPem: authority.caPem,
    asked: api.asked,
    say: (words) => api.say(words),
    left: api.left.promise,
    async close(): Promise<void> {
      await server.shutdown();
    },
  };
}

class Api {
  readonly asked: string[] = [];
  readonly left = Promise.withResolvers<void>();
  readonly #key: string;
  readonly #words = new TransformStream<string | undefined>(undefined, { highWaterMark: 64 });
  readonly #say = this.#words.writable.getWriter();
  readonly #said = this.#words.readable.getReader();

  constructor(key: string) {
    this.#key = key;
  }

  say(words: string | undefined): void {
    this.#say.write(words).catch(() => {});
  }

  async answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const token = request.headers.get("authorization") ?? "";
    const right = token === `Bearer ${this.#key}`;
    this.asked.push(`${request.method} ${pathname}${search}${right ? "" : " (wrong token)"}`);
    if (!right) return refusal(401, "invalid_api_key", `Incorrect API key provided: ${token}`);
    switch (`${request.method} ${pathname}`) {
      case "POST /v1/chat/completions":
        return await this.#complete(await request.json(), token);
      case "GET /v1/models":
        return Response.json({ object: "list", data: [{ id: "small", object: "model", owned_by: token }] });
      case "POST /v1/files":
        return stored(await request.formData());
      case "GET /v1/realtime":
        return greeting(request, token);
      case "GET /v1/files/report/content":
      case "HEAD /v1/files/report/content":
        return part(request.headers.get("range"));
    }
    return refusal(404, "not_found", `There is no ${pathname}`);
  }

  async #complete({ model, stream, messages }: Completion, token: string): Promise<Response> {
    const content = `You asked '${messages.at(-1)?.content}' with ${token}`;
    const frame = { id: "chatcmpl-1", created: 1, model };
    if (stream !== true) {
      const choice = { index: 0, message: { role: "assistant", content }, finish_reason: "stop" };
      return Response.json({ ...frame, object: "chat.completion", choices: [choice] }, {
        headers: { "x-request-id": "req_1", "openai-organization": token },
      });
    }
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        const { value: words } = await this.#said.read();
        const event = (data: string): void => controller.enqueue(new TextEncoder().encode(`data: ${data}\n\n`));
        if (words !== undefined) {
          const choice = { index: 0, delta: { content: words }, finish_reason: null };
          return event(JSON.stringify({ ...frame, object: "chat.completion.chunk", choices: [choice] }));
        }
        event("[DONE]");
        controller.close();
      },
      cancel: () => this.left.resolve(),
    }, { highWaterMark: 0 });
    return new Response(body, { headers: { "content-type": "text/event-stream; charset=utf-8" } });
  }
}

interface Completion {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly content: string }[];
}

function stored(form: FormData): Response {
  const file = form.get("file") as File;
  return Response.json({
    id: "file-1",
    object: "file",
    bytes: file.size,
    filename: file.name,
    purpose: form.get("purpose"),
  });
}

/** A WebSocket that says one thing. */
function greeting(request: Request, token: string): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onopen = () => socket.send(JSON.stringify({ type: "session.created", token }));
  return response;
}

/** RFC 9110 §14: one range of bytes, or all. */
function part(range: string | null): Response {
  const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  const headers = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (asked === null) return new Response(REPORT, { headers });
  const [from, to] = [Number(asked[1]), Number(asked[2])];
  return new Response(REPORT.slice(from, to + 1), {
    status: 206,
    headers: { ...headers, "content-range": `bytes ${from}-${to}/${REPORT.length}` },
  });
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ error: { message, type: "invalid_request_error", param: null, code } }, { status });
}
