/** Whatever is sent to it, the sync server answers with a status of its own choosing and goes on. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type EndpointName, ENDPOINTS } from "../../src/contract/endpoints.ts";
import { toBase64Url } from "../../src/kernel/encoding.ts";
import { fillerEnvelope, Person, TestServer, TestWorkspace } from "../support/sync_server.ts";

const NAMES = Object.keys(ENDPOINTS) as EndpointName[];

interface World {
  readonly server: TestServer;
  readonly token: string;
  readonly paths: Readonly<Record<string, string>>;
  /** Requests that would be accepted. */
  readonly bodies: readonly (readonly [EndpointName, Readonly<Record<string, unknown>>])[];
}

async function world(): Promise<World> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const workspace = await TestWorkspace.found(owner);
  const env = await workspace.createEnvironment();
  const { commit, envelopes } = env.commit({ A: fillerEnvelope(server.random) });
  const { batch } = workspace.environmentBatch();
  const paths = { ws: workspace.id, env: env.id, sid: "0".repeat(32), user: owner.userId, session: "s_x" };
  const grants = batch.grants.map(({ recipient, sealed }) => ({ recipient, sealed: toBase64Url(sealed) }));
  return {
    server,
    token: owner.token,
    paths,
    bodies: [
      ["postCommit", { commit, envelopes: envelopes.map(toBase64Url) }],
      ["postWorkspaceLog", { entries: batch.entries, grants, blobs: [] }],
      ["postAccountLog", { entries: owner.entries }],
      ["putPins", { data: "AAAA" }],
      ["login", { challenge: `c_${"a".repeat(26)}`, ak_id: toBase64Url(owner.akId) }],
    ],
  };
}

function pathOf({ paths }: World, name: EndpointName): string {
  return ENDPOINTS[name].path.replace(/:([a-z]+)/g, (_, param) => paths[param]!);
}

async function send(one: World, name: EndpointName, body: string | undefined): Promise<number> {
  const { method } = ENDPOINTS[name];
  const headers = { "if-match": '"0"', "agentsecrets-proof": "AAAA" };
  const withBody = method === "GET" || body === undefined ? {} : { body };
  const { status, json } = await one.server.raw(method, pathOf(one, name), { token: one.token, headers, ...withBody });
  if (status >= 400) assert.equal(typeof json["code"], "string");
  return status;
}

Deno.test("no JSON makes any endpoint fail by accident", async () => {
  const one = await world();
  await using _ = one.server;
  const names = fc.constantFrom(...NAMES.filter((name) => name !== "deleteSession"));
  const bodies = fc.oneof(fc.json({ maxDepth: 4 }), fc.string(), fc.constant("[".repeat(50_000)));
  await fc.assert(
    fc.asyncProperty(names, bodies, async (name, body) => assert.ok(await send(one, name, body) < 500)),
    { numRuns: 300 },
  );
});

const HOSTILE = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom(null, "", "A", "AAA=", "\u0000", "__proto__", -1, 1e308, 2 ** 53, "A".repeat(200_000), [], {}, [[]]),
);

/** `value` with one part of it replaced, at a place chosen by `path`. */
function mutated(value: unknown, path: readonly number[], replacement: unknown): unknown {
  const [at, ...rest] = path;
  if (at === undefined || typeof value !== "object" || value === null) return replacement;
  const keys = Object.keys(value);
  if (keys.length === 0) return replacement;
  const key = keys[at % keys.length]!;
  const changed = mutated((value as Record<string, unknown>)[key], rest, replacement);
  return Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
}

Deno.test("no change of one part of a good request makes the server fail by accident", async () => {
  const one = await world();
  await using _ = one.server;
  const request = fc.constantFrom(...one.bodies);
  const path = fc.array(fc.nat(9), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(request, path, HOSTILE, async ([name, body], at, replacement) => {
      assert.ok(await send(one, name, JSON.stringify(mutated(body, at, replacement))) < 500);
    }),
    { numRuns: 300 },
  );
});

Deno.test("an unknown field anywhere in a good request has it refused", async () => {
  const one = await world();
  await using _ = one.server;
  const request = fc.constantFrom(...one.bodies);
  await fc.assert(
    fc.asyncProperty(request, fc.string({ minLength: 1, maxLength: 12 }), async ([name, body], field) => {
      fc.pre(!Object.hasOwn(body, field));
      const text = JSON.stringify(body).replace("{", `{${JSON.stringify(field)}:1,`);
      assert.equal(await send(one, name, text), 400);
    }),
    { numRuns: 60 },
  );
});

Deno.test("no path or query makes the server fail by accident", async () => {
  const one = await world();
  await using _ = one.server;
  const part = fc.string({ maxLength: 40 }).map(encodeURIComponent);
  const prefix = fc.constantFrom(
    "/",
    "/v1/envs/",
    "/v1/workspaces/",
    "/v1/users/",
    "/v1/sessions/",
    "/v1/account/log?after=",
  );
  await fc.assert(
    fc.asyncProperty(prefix, part, fc.constantFrom("", "/log", "/snapshot", "/commits"), async (a, b, c) => {
      const { status } = await one.server.raw("GET", a + b + c, { token: one.token });
      assert.ok(status < 500);
    }),
    { numRuns: 200 },
  );
});
