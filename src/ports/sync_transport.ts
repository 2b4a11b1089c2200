/**
 * The way to the sync server: in this process (embedded) or over HTTPS. Same requests, same answers.
 *
 * @module
 */

/** One request. `path` begins with `/v1/` and holds its query. */
export interface SyncRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly body?: string;
}

/** One answer. Header names are lower case. */
export interface SyncResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends sealed blobs and signed entries, nothing else. */
export interface SyncTransport {
  /** The server's identity in login signatures: `https://host[:port]`, or `embedded:local`. */
  readonly origin: string;
  /** @throws {AppError} `server_unreachable` */
  send(request: SyncRequest, signal?: AbortSignal): Promise<SyncResponse>;
  /** Frees connections and files; safe to call twice. */
  close(): Promise<void>;
}
