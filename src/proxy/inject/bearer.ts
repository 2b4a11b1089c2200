/** `Authorization: Bearer <value>` (RFC 6750 §2.1). @module */

import { withHeader } from "../headers.ts";
import type { Place } from "../injection.ts";
import { headerText } from "./header_value.ts";
import type { Injector, Outgoing } from "./outgoing.ts";

type BearerPlace = Extract<Place, { style: "bearer" }>;

/** The value as a bearer token. */
export const bearer: Injector<BearerPlace> = {
  inject(outgoing, place, value): Outgoing {
    // EXPOSE: the one place where a bearer credential becomes a header; fetch takes header values as strings
    const text = value.expose((bytes) => `Bearer ${headerText(bytes, place)}`);
    return { ...outgoing, headers: withHeader(outgoing.headers, "authorization", text) };
  },
};
