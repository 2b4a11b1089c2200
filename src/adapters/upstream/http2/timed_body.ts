/**
 * An answer's body with a limit on silence. Bytes are asked for only when the reader asks, so back-pressure reaches the upstream.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import { AppError } from "../../../kernel/error.ts";
import { timedOut } from "../failure.ts";

/** How a body is watched. */
export interface TimedBodyOptions {
  readonly domain: string;
  /** Longest wait for the next piece, in ms, while the reader waits. */
  readonly idleMs: number;
  readonly signal: AbortSignal | undefined;
  /** Called once when the body ended, failed or was cancelled. */
  end(): void;
}

/** The same bytes; fails with `upstream_timeout` or `upstream_unreachable`. */
export function timedBody(body: ReadableStream<Bytes>, options: TimedBodyOptions): ReadableStream<Bytes> {
  const { domain, idleMs, signal, end } = options;
  const reader = body.getReader();
  return new ReadableStream<Bytes>({
    async pull(controller): Promise<void> {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        end();
      }, idleMs);
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
        end();
      } catch {
        end();
        if (signal?.aborted === true) throw signal.reason;
        // The original error may quote the URL: it goes no further.
        throw late
          ? timedOut(domain, "further byte", idleMs)
          : new AppError("upstream_unreachable", { domain, reason: "its answer ended early" });
      } finally {
        clearTimeout(timer);
      }
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason).catch(() => {});
      end();
    },
  }, { highWaterMark: 0 });
}
