/** The randomness port. @module */

import type { RandomBytes } from "../kernel/bytes.ts";

/** A cryptographically secure source of bytes. */
export type Random = RandomBytes;
