/** A call as the doors and the broker take it. */
import type { CallRequest } from "../../src/usecases/call.ts";

/** Of the person, with nothing put in. */
export const PLAIN_CALL: CallRequest = {
  target: "https://api.example.com/",
  method: "GET",
  headers: [],
  injections: [],
  caller: { level: "user", agentId: "", tokenId: "", sessionId: "" },
  path: "call",
};

/** Of the person, with one secret and a header. */
export const BEARER_CALL: CallRequest = {
  ...PLAIN_CALL,
  method: "POST",
  headers: [["accept", "*/*"]],
  injections: [["bearer", "KEY"]],
};
