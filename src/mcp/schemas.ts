/**
 * Schemas of what tools take and give, and how they are published.
 *
 * The SDK checks arguments itself, but answers with its own words; a client checks structured content, also that of an error.
 * Therefore the published JSON schema is exact, and the SDK is handed a schema that lets everything through: arguments are parsed
 * in tool.ts, where a failure gets a code from the catalog, and a result is either the tool's or `{ error }`.
 *
 * @module
 */

import * as z from "zod";
import type { StandardSchemaWithJSON } from "./sdk.ts";

/** What the person fixed for the session on the command line of `mcp serve`. */
export interface Fixed {
  readonly project?: string;
  readonly environment?: string;
}

const PLACE = {
  project: z.string().min(1).max(64).optional().describe("Project, when it is not the folder's own"),
  environment: z.string().min(1).max(64).optional().describe(
    "Environment for this call, when it is not the active one: development, staging, production …",
  ),
};

/** `project` and `environment`, but for what is fixed: a session that was given to one environment reaches no other. */
export function placeShape(fixed: Fixed): typeof PLACE {
  const open = Object.entries(PLACE).filter(([name]) => fixed[name as keyof Fixed] === undefined);
  return Object.fromEntries(open) as typeof PLACE;
}

/** `project` alone. */
export function projectShape(fixed: Fixed): Pick<typeof PLACE, "project"> {
  const { project } = placeShape(fixed);
  return (project === undefined ? {} : { project }) as Pick<typeof PLACE, "project">;
}

/** Where a tool worked. */
export const placeResult = {
  workspace: z.string(),
  project: z.string(),
  environment: z.string(),
};

/** A failure: code, message and hint of the error catalog (docs/ERRORS.md), and the facts of the message. */
const failure = z.looseObject({
  code: z.string().describe("Stable code, see docs/ERRORS.md"),
  message: z.string(),
  hint: z.string().nullable().describe("What to do next; what needs a person says so"),
});

/** Lets everything through; clients see `schema`. */
export function publishedInput(schema: z.ZodObject): StandardSchemaWithJSON<unknown, unknown> {
  return published(() => withoutDialect(z.toJSONSchema(schema, { io: "input" })));
}

/** Lets everything through; clients see `schema`, or a failure in its place. */
export function publishedOutput(schema: z.ZodObject): StandardSchemaWithJSON<unknown, unknown> {
  return published(() => {
    const { properties, required, ...rest } = withoutDialect(z.toJSONSchema(schema, { io: "output" }));
    const error = withoutDialect(z.toJSONSchema(failure, { io: "output" }));
    const either = [{ required: required ?? [] }, { required: ["error"] }];
    return { ...rest, properties: { ...properties as object, error }, anyOf: either };
  });
}

/** @param json Made when a client lists the tools, and once: start-up does not wait for it. */
function published(json: () => Record<string, unknown>): StandardSchemaWithJSON<unknown, unknown> {
  let made: Record<string, unknown> | undefined;
  const schema = (): Record<string, unknown> => made ??= json();
  const validate = (value: unknown): { readonly value: unknown } => ({ value });
  return {
    "~standard": { version: 1, vendor: "agentsecrets", validate, jsonSchema: { input: schema, output: schema } },
  };
}

function withoutDialect({ $schema: _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}
