/** A query parameter; the rest of the query stays byte for byte. @module */

import type { Place } from "../injection.ts";
import type { Injector, Outgoing } from "./outgoing.ts";
import { percentEncode, setPair } from "./urlencoded.ts";

type QueryPlace = Extract<Place, { style: "query" }>;

/** The value percent-encoded. */
export const query: Injector<QueryPlace> = {
  inject(outgoing, place, value): Outgoing {
    const url = new URL(outgoing.url);
    // EXPOSE: the value becomes a part of the URL's text
    const search = value.expose((bytes) => setPair(url.search.slice(1), place.parameter, percentEncode(bytes)));
    // The setter drops one leading `?`, which may be the query's own.
    url.search = `?${search}`;
    return { ...outgoing, url };
  },
};
