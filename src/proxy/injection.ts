/**
 * Injections: which secret goes to which place of a request. Places are parsed and held against each other before anything is
 * resolved (docs/spec/proxy.md §1).
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { parseSecretName, type SecretName, showable } from "../kernel/names.ts";
import type { InjectionLine } from "./door.ts";
import { isHeaderName, isReservedInRequests } from "./headers.ts";

/** A place in a request. */
export type Place =
  | { readonly style: "bearer" }
  | { readonly style: "basic" }
  | { readonly style: "header"; readonly header: string }
  | { readonly style: "query"; readonly parameter: string }
  | { readonly style: "body"; readonly path: readonly string[] }
  | { readonly style: "form"; readonly field: string };

/** The six ways of putting a credential into a request. */
export type InjectionStyle = Place["style"];

/** A secret's name and its place. */
export type Injection = Place & { readonly secret: SecretName };

/** Most injections in one request. */
const MAX_INJECTIONS = 32;
/** Longest parameter, field or path. */
const MAX_PLACE = 512;

/** How messages call a place. */
export function describePlace(place: Place): string {
  switch (place.style) {
    case "bearer":
    case "basic":
      return "the Authorization header";
    case "header":
      return `the header ${showable(place.header)}`;
    case "query":
      return `the query parameter ${showable(place.parameter)}`;
    case "body":
      return `the body field ${showable(place.path.join("."))}`;
    case "form":
      return `the form field ${showable(place.field)}`;
    default:
      return place satisfies never;
  }
}

/**
 * @throws {AppError} `invalid_injection` for a place that does not exist, `injection_conflict` for two in one place,
 * `invalid_name` for what is no secret's name
 */
export function parseInjections(lines: readonly InjectionLine[]): Injection[] {
  if (lines.length > MAX_INJECTIONS) {
    throw new AppError("invalid_injection", { place: "the request", reason: `at most ${MAX_INJECTIONS} at once` });
  }
  const injections = lines.map(([place, name]) => ({ ...parsePlace(place), secret: parseSecretName(name) }));
  injections.forEach((one, i) => {
    for (const other of injections.slice(i + 1)) {
      if (collide(one, other)) throw new AppError("injection_conflict", { place: describePlace(other) });
    }
  });
  return injections;
}

/** Whether one of them changes the body. */
export function changeBody(injections: readonly Injection[]): boolean {
  return injections.some(({ style }) => style === "body" || style === "form");
}

/** @throws {AppError} `invalid_injection` */
export function parsePlace(text: string): Place {
  const colon = text.indexOf(":");
  const style = colon < 0 ? text : text.slice(0, colon);
  const where = colon < 0 ? undefined : text.slice(colon + 1);
  const refuse = (reason: string): AppError =>
    new AppError("invalid_injection", { place: `'${showable(text)}'`, reason });
  if (style === "bearer" || style === "basic") {
    if (where !== undefined) throw refuse(`${style} takes no name`);
    return { style };
  }
  if (where === undefined || where === "") throw refuse("the style is unknown or lacks a name after the colon");
  if (where.length > MAX_PLACE || /\p{Cc}/u.test(where)) {
    throw refuse("the name is too long or holds a control character");
  }
  switch (style) {
    case "header":
      return { style, header: checkHeader(where, refuse) };
    case "query":
      return { style, parameter: where };
    case "body":
      return { style, path: bodyPath(where, refuse) };
    case "form":
      return { style, field: where };
    default:
      throw refuse("the style is none of bearer, basic, header, query, body and form");
  }
}

function checkHeader(name: string, refuse: (reason: string) => AppError): string {
  if (!isHeaderName(name)) throw refuse("that is not a header name");
  // A credential in Host, Content-Length or Transfer-Encoding would redirect or split the message.
  if (isReservedInRequests(name)) throw refuse("that header belongs to the connection");
  return name;
}

/** `a.b` and `a-b` are both b in a; a literal `-` or `.` is written `%2D` or `%2E`. */
function bodyPath(text: string, refuse: (reason: string) => AppError): readonly string[] {
  return text.split(/[.-]/).map((segment) => {
    if (segment === "") throw refuse("the path has an empty step");
    try {
      return decodeURIComponent(segment);
    } catch {
      throw refuse("the path has a broken escape");
    }
  });
}

function collide(a: Place, b: Place): boolean {
  const one = spot(a), other = spot(b);
  if (one.part !== other.part) return one.part + other.part === "bodyform" || one.part + other.part === "formbody";
  // Inside one body, a place and a place below it are the same place.
  return one.path.every((step, i) => other.path[i] === undefined || other.path[i] === step);
}

function spot(place: Place): { part: "header" | "query" | "body" | "form"; path: readonly string[] } {
  switch (place.style) {
    case "bearer":
    case "basic":
      return { part: "header", path: ["authorization"] };
    case "header":
      return { part: "header", path: [place.header.toLowerCase()] };
    case "query":
      return { part: "query", path: [place.parameter] };
    case "body":
      return { part: "body", path: place.path };
    case "form":
      return { part: "form", path: [place.field] };
    default:
      return place satisfies never;
  }
}
