/**
 * A request's body: at once when it says that it is small, else as it comes.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { Body } from "../usecases/call.ts";
import type { Head } from "./head.ts";

/** Bodies up to this length are waited for, in bytes: handing on a stream of one costs as much as the rest of the call. */
const SMALL_BYTES = 16 * 1024;
/** How long such a body may take, in ms. */
const LATE_MS = 30_000;

/**
 * Null when there is none.
 *
 * @param signal Ends the wait.
 * @throws {AppError} `bad_request` for a small body that does not come, what aborted `signal`
 */
export async function bodyOf(
  request: Pick<Request, "body" | "bytes">,
  { contentLength }: Head,
  signal: AbortSignal,
): Promise<Body | null> {
  if (contentLength === undefined || contentLength > SMALL_BYTES) return request.body as Body | null;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  const late = new AppError("bad_request", { reason: `its body did not come within ${LATE_MS / 1000} seconds` });
  const timer = setTimeout(() => reject(late), LATE_MS);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    // A client that leaves in the middle of it is told nothing any more.
    const whole = request.bytes().catch(() => Promise.reject(new AppError("cancelled")));
    return await Promise.race([whole, ended]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
