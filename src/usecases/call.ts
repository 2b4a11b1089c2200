/**
 * The verb `call`: a request goes out with credentials in place, the answer comes back redacted.
 *
 * @module
 */

import type { CallDoor } from "../proxy/door.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

export type {
  Body,
  CallDoor,
  Caller,
  CallOutcome,
  CallRequest,
  CallResponse,
  HeaderLine,
  InjectionLine,
  UpstreamTimeouts,
} from "../proxy/door.ts";

/**
 * A door whose engine runs in this process. Each call opens the workspace of the request (or the active one) anew and takes the
 * allowlist from its freshly verified log, so a change by another process holds at once. What was resolved stays a needle for
 * redaction as long as the door lives.
 */
export declare function createCallDoor(ports: WorldWithEngine): CallDoor;
