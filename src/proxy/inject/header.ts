/** `<Name>: <value>`, in place of any line of that name. @module */

import { withHeader } from "../headers.ts";
import type { Place } from "../injection.ts";
import { headerText } from "./header_value.ts";
import type { Injector, Outgoing } from "./outgoing.ts";

type HeaderPlace = Extract<Place, { style: "header" }>;

/** The value as it is. */
export const header: Injector<HeaderPlace> = {
  inject(outgoing, place, value): Outgoing {
    // EXPOSE: fetch takes header values as strings
    const text = value.expose((bytes) => headerText(bytes, place));
    return { ...outgoing, headers: withHeader(outgoing.headers, place.header, text) };
  },
};
