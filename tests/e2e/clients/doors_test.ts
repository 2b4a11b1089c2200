/** docs/DOORS.md: every block of the page runs as it stands, but for hosts and port. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import type { Ended } from "../../support/child.ts";
import { CURL, type Found, NODE, PYTHON } from "../../support/clients/found.ts";
import { ClientWorld } from "../../support/clients/world.ts";

const root = new URL("../../../", import.meta.url);

/** A block of code, and the heading that it stands under. */
interface Block {
  readonly language: string;
  readonly code: string;
  readonly door: string;
}

/** The page's blocks, in their order. */
async function blocks(): Promise<readonly Block[]> {
  const page = await Deno.readTextFile(new URL("docs/DOORS.md", root));
  return page.split(/^## /m).flatMap((section) => {
    const door = section.slice(0, section.indexOf("\n"));
    return [...section.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
      language: language!,
      code: code!,
      door,
    }));
  });
}

const needed: Readonly<Record<string, Found>> = { curl: CURL, python: PYTHON, js: NODE };
const missing = Object.values(needed).find(({ path }) => path === undefined);

Deno.test({
  name: `P2 every example of docs/DOORS.md works as it stands${missing?.note ?? ""}`,
  ignore: missing !== undefined,
  fn: () =>
    ClientWorld.run(async (world) => {
      const { sandbox, upstream, chat, key } = world;
      await Deno.symlink(new URL("node_modules", root).pathname, `${sandbox.folder}/node_modules`);
      await Deno.mkdir(`${sandbox.base}/home/.cursor`); // an AI tool that mcp install finds
      // The page starts its own.
      await sandbox.ok(["proxy", "stop"]);
      const here = (code: string): string =>
        code.replaceAll("localhost:8765", `localhost:${world.port}`)
          .replaceAll("proxy start --detach", `proxy start --detach --port ${world.port}`)
          .replaceAll("https://api.stripe.com", upstream.origin)
          .replaceAll("https://api.openai.com", chat.origin);
      const run = async ({ language, code }: Block): Promise<Ended> => {
        const text = here(code);
        if (language === "sh") return await world.client("sh", ["-euc", text], { stdin: "" });
        if (language === "python") return await world.client(PYTHON.path!, ["-"], { stdin: text });
        assert.equal(language, "js", "a block in a language that this test cannot run");
        return await world.client(NODE.path!, ["--input-type=module"], { stdin: text });
      };

      for (const words of ["Hel", "lo", undefined]) chat.say(words);
      const said: Record<string, string> = {};
      for (const block of await blocks()) {
        const { code, stdout, stderr } = await run(block);
        assert.equal(code, 0, `${block.door}:\n${block.code}\n${stdout}${stderr}`);
        assert.notEqual(stdout, "", block.code);
        said[block.door] = (said[block.door] ?? "") + stdout;
      }

      assert.match(said["HTTP"]!, /^domain_not_in_allowlist - .*agentsecrets workspace allowlist add/m);
      assert.match(said["HTTP with a base URL"]!, /^Hello(small\n)\{"type":"session\.created","token":"Bearer \[RED/);
      assert.equal(said["env"], `the program has ${REDACTION_MARKER}\n`);
      assert.match(said["MCP"]!, /^200 true$/m);
      assert.match(said["exec"]!, /^\['STRIPE-KEY'\]$/m);
      for (const door of ["HTTP", "HTTP with a base URL", "call", "env"]) {
        assert.ok(said[door]!.includes(REDACTION_MARKER), door);
      }

      assert.deepEqual(chat.asked, [
        "POST /v1/chat/completions",
        "GET /v1/models",
        "GET /v1/realtime?model=gpt-realtime",
      ]);
      const paths = ["/v1/balance", "/v1/charges?expand=customer", "/v1/balance", "/v1/charges", "/v1/balance"];
      assert.deepEqual(upstream.requests.map(({ path }) => path), paths);
      assert.ok(upstream.requests.every(({ headers }) => headers.authorization === `Bearer ${key}`));
      const doors = new Set((await world.stop()).map(({ resolution_path }) => resolution_path));
      assert.deepEqual([...doors].sort(), ["call", "env", "exec", "mcp", "proxy"]);
    }),
});
