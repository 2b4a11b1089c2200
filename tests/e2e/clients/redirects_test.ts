/** Clients that follow redirects by themselves, and take all their headers along: curl -L, Python's requests and httpx, Node's fetch. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { CURL, type Found, NODE, PYTHON } from "../../support/clients/found.ts";
import { ClientWorld } from "../../support/clients/world.ts";

/** Each prints the status, `X-AS-Location` and the body of what it got in the end, as JSON. */
interface Follower {
  readonly name: string;
  readonly found: Found;
  args(url: string, headers: Readonly<Record<string, string>>): readonly string[];
}

const python = (get: string): Follower["args"] => (url, headers) => [
  "-c",
  `import json, sys
url, headers = sys.argv[1], json.loads(sys.argv[2])
${get}
print(json.dumps([answer.status_code, answer.headers.get("x-as-location"), answer.text]))`,
  url,
  JSON.stringify(headers),
];

const FOLLOWERS: readonly Follower[] = [
  {
    name: "curl -L",
    found: CURL,
    args: (url, headers) => [
      "-sSL",
      "-w",
      "\n%{http_code}\n%header{x-as-location}",
      url,
      ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
    ],
  },
  {
    name: "Python's requests",
    found: PYTHON,
    args: python("import requests\nanswer = requests.get(url, headers=headers)"),
  },
  {
    name: "Python's httpx",
    found: PYTHON,
    args: python("import httpx\nanswer = httpx.get(url, headers=headers, follow_redirects=True)"),
  },
  {
    name: "Node's fetch",
    found: NODE,
    args: (url, headers) => [
      "-e",
      `fetch(process.argv[1], { headers: JSON.parse(process.argv[2]) }).then(async (answer) =>
        console.log(JSON.stringify([answer.status, answer.headers.get("x-as-location"), await answer.text()])))`,
      url,
      JSON.stringify(headers),
    ],
  },
];

/** Status, `X-AS-Location` and body. */
function readOutput({ name }: Follower, output: string): readonly [number, string | null, string] {
  if (name !== "curl -L") return JSON.parse(output);
  const lines = output.split("\n"), place = lines.pop()!, status = lines.pop()!;
  return [Number(status), place === "" ? null : place, lines.join("\n")];
}

for (const follower of FOLLOWERS) {
  const { name, found } = follower;
  Deno.test({
    name:
      `P9 P65 ${name} follows a redirect within a base URL's origin through the proxy, and none with a token elsewhere${found.note}`,
    ignore: found.path === undefined,
    fn: () =>
      ClientWorld.run(async (world) => {
        const { upstream, key, sandbox } = world;
        const { session } = JSON.parse(await Deno.readTextFile(`${sandbox.home}/proxy.json`));
        const seen: Headers[] = [];
        const elsewhere = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen(): void {} }, ({ headers }) => {
          seen.push(headers);
          return new Response("elsewhere");
        });
        const away = `http://127.0.0.1:${elsewhere.addr.port}/`;
        const token = { "X-AS-Session": session };
        const inject = { "X-AS-Inject-Bearer": "KEY" };
        const base = { "X-AS-Target-Origin": upstream.origin, ...inject };
        const get = async (url: string, headers: Readonly<Record<string, string>>) =>
          readOutput(follower, await world.ok(found.path!, follower.args(url, headers)));
        try {
          for (const to of ["/echo?page=%2B2", `${upstream.origin}/echo?page=%2B2`]) {
            for (const more of [{}, token]) {
              const url = `${world.proxy}/redirect?to=${encodeURIComponent(to)}`;
              const [status, , body] = await get(url, { ...base, ...more });
              assert.equal(status, 200, body);
              const { path, headers } = JSON.parse(body);
              assert.deepEqual([path, headers.authorization], ["/echo?page=%2B2", `Bearer ${REDACTION_MARKER}`]);
              assert.equal(upstream.requests.at(-1)!.headers.authorization, `Bearer ${key}`);
            }
          }
          const redirect = `/redirect?to=${encodeURIComponent(away)}`;
          for (
            const [url, headers] of [
              [`${world.proxy}${redirect}`, { ...base, ...token }],
              [world.proxy, { "X-AS-Target-URL": `${upstream.origin}${redirect}`, ...inject, ...token }],
            ] as const
          ) {
            const [status, place] = await get(url, headers);
            assert.deepEqual([status, place], [302, away]);
          }
          assert.equal(seen.length, 0, "nobody else was asked");
          // Without a token the client goes where it is sent, with names and no credential.
          const [status, , body] = await get(`${world.proxy}${redirect}`, base);
          assert.deepEqual([status, body, seen.length], [200, "elsewhere", 1]);
          assert.equal(JSON.stringify([...seen[0]!]).includes(key), false);
        } finally {
          await elsewhere.shutdown();
        }
      }),
  });
}
