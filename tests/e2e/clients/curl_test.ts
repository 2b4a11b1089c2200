/** curl against the running proxy: both versions of HTTP, the Unix socket, large uploads, ranges, HEAD and live streams. */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { REPORT } from "../../support/clients/chat_api.ts";
import { ClientWorld } from "../../support/clients/world.ts";
import { CURL } from "../../support/clients/found.ts";

const MIB = 1024 * 1024;

Deno.test({
  name: `P2 P13 curl makes every kind of call through the proxy and never sees the credential${CURL.note}`,
  ignore: CURL.path === undefined,
  fn: (t) =>
    ClientWorld.run(async (world) => {
      const { upstream, chat, key } = world;
      const curl = (...args: readonly string[]): Promise<string> =>
        world.ok(CURL.path!, ["--silent", "--show-error", ...args]);
      const to = (path: string, ...inject: readonly string[]): readonly string[] =>
        [`X-AS-Target-URL: ${upstream.origin}${path}`, ...inject].flatMap((line) => ["-H", line]);
      const bearer = "X-AS-Inject-Bearer: KEY";

      await t.step("over HTTP/1.1 and HTTP/2, on 127.0.0.1, localhost, [::1] and the Unix socket", async () => {
        const ways = [
          ["--http1.1", `http://127.0.0.1:${world.port}/proxy`],
          ["--http2-prior-knowledge", `http://127.0.0.1:${world.port}/proxy`],
          ["--http1.1", `http://localhost:${world.port}/proxy`],
          ["--http1.1", `http://[::1]:${world.port}/proxy`],
          ["--http1.1", "--unix-socket", world.socket, "http://localhost/proxy"],
          ["--http2-prior-knowledge", "--unix-socket", world.socket, "http://localhost/proxy"],
        ];
        for (const way of ways) {
          const answer = await curl(...way, ...to("/echo", bearer), "-w", "\n%{http_code} %{http_version}");
          const [body, end] = answer.split("\n");
          assert.equal(end, `200 ${way[0] === "--http1.1" ? "1.1" : "2"}`, way.join(" "));
          assert.equal(JSON.parse(body!).headers.authorization, `Bearer ${REDACTION_MARKER}`, way.join(" "));
          assert.equal(upstream.requests.at(-1)!.headers.authorization, `Bearer ${key}`);
        }
        assert.equal(upstream.requests.length, ways.length);
      });

      await t.step(
        "a credential in each place arrives, and what is said back in headers and bodies is redacted",
        async () => {
          const basic = await curl(world.proxy, "-i", ...to("/headers", "X-AS-Inject-Basic: PAIR"));
          assert.match(basic, /^x-echo-authorization: Basic \[REDACTED_BY_AGENTSECRETS\]\r$/m);
          assert.match(basic, /^set-cookie: session=Basic \[REDACTED_BY_AGENTSECRETS\]\r$/m);
          assert.equal(upstream.requests.at(-1)!.headers.authorization, `Basic ${btoa(world.pair)}`);

          await curl(world.proxy, ...to("/text", "X-AS-Inject-Header-X-Api-Key: KEY", "X-AS-Inject-Query-key: KEY"));
          const { headers, path } = upstream.requests.at(-1)!;
          assert.deepEqual([headers["x-api-key"], path], [key, `/text?key=${key}`]);

          await curl(world.proxy, ...to("/text", "X-AS-Inject-Body-auth-key: KEY"), "--json", '{"n":1.0}');
          assert.equal(upstream.requests.at(-1)!.body, `{"n":1.0,"auth":{"key":"${key}"}}`);
          await curl(world.proxy, ...to("/text", "X-AS-Inject-Form-api_key: KEY"), "-d", "a=1");
          assert.equal(upstream.requests.at(-1)!.body, `a=1&api_key=${key}`);
        },
      );

      await t.step("a coded answer comes plain and redacted, whatever coding curl says it takes", async () => {
        for (const coding of ["gzip", "br", "zstd", "deflate"]) {
          const answer = await curl(world.proxy, "-i", "--compressed", ...to(`/${coding}`, bearer));
          assert.match(answer, /^HTTP\/1\.1 200 /);
          assert.ok(
            answer.includes(`Bearer ${REDACTION_MARKER}`) && !/^content-encoding: (?!identity)/im.test(answer),
            coding,
          );
        }
        const unknown = await curl(world.proxy, ...to("/unknown", bearer));
        assert.equal(JSON.parse(unknown).error, "upstream_undecodable");
      });

      await t.step("an upload of 24 MiB arrives whole, by its length and in chunks", async () => {
        const file = `${world.sandbox.base}/upload.bin`;
        await Deno.writeFile(file, new Uint8Array(24 * MIB).fill(97));
        for (const chunked of [[], ["-H", "Transfer-Encoding: chunked"]]) {
          const answer = await curl(
            world.proxy,
            ...to("/status/204", bearer),
            ...chunked,
            "-T",
            file,
            "-w",
            "%{http_code}",
          );
          assert.equal(answer, "204");
          const { method, body } = upstream.requests.at(-1)!;
          assert.deepEqual([method, body.length], ["PUT", 24 * MIB]);
        }
        await Deno.remove(file);
      });

      await t.step("ranges and HEAD say what the upstream says", async () => {
        const content = (...args: readonly string[]): Promise<string> =>
          curl(
            `${world.proxy}/v1/files/report/content`,
            "-H",
            `X-AS-Target-Origin: ${chat.origin}`,
            "-H",
            bearer,
            ...args,
          );
        const range = await content("-i", "-r", "16-31");
        assert.match(range, /^HTTP\/1\.1 206 /);
        assert.match(range, new RegExp(`^content-range: bytes 16-31/${REPORT.length}\r$`, "m"));
        assert.ok(range.endsWith("\r\n\r\n0123456789abcdef"));
        assert.equal((await content()).length, REPORT.length);
        const head = await content("-I");
        assert.match(head, /^HTTP\/1\.1 200 [\s\S]*^accept-ranges: bytes\r$/m);
        assert.match(head, new RegExp(`^content-length: ${REPORT.length}\r$`, "m"));
      });

      await t.step("P9 a client that follows a redirect by itself leaves the credential behind", async () => {
        const seen: Headers[] = [];
        const options = { hostname: "127.0.0.1", port: 0, onListen(): void {} };
        const elsewhere = Deno.serve(options, ({ headers }) => {
          seen.push(headers);
          return new Response("elsewhere");
        });
        const target = `/redirect?to=http://127.0.0.1:${elsewhere.addr.port}/`;
        assert.equal(await curl(world.proxy, "-L", ...to(target, bearer)), "elsewhere");
        assert.equal(upstream.requests.at(-1)!.headers.authorization, `Bearer ${key}`);
        const taken = seen.map((headers) => [headers.get("authorization"), headers.get("x-as-inject-bearer")]);
        assert.deepEqual(taken, [[null, "KEY"]]);
        assert.equal(JSON.stringify([...seen[0]!]).includes(key), false);
        await elsewhere.shutdown();
      });

      await t.step(
        "events of a live stream are printed when they come, redacted, and leaving ends the upstream's",
        async () => {
          const running = world.spawn(CURL.path!, ["-sSN", world.proxy, ...to("/stream", bearer)]);
          for (const n of [1, 2, 3]) {
            // The next event is only sent once curl has printed this one.
            upstream.push(`data: {"n":${n},"token":"${key}"}\n\n`);
            assert.equal(await running.line(), `data: {"n":${n},"token":"${REDACTION_MARKER}"}`);
            assert.equal(await running.line(), "");
          }
          running.kill();
          await upstream.aborted.next();
          await running.end();
        },
      );

      await t.step("a refusal is JSON with a code, and nothing has left", async () => {
        const before = upstream.requests.length + chat.asked.length;
        const evil = await curl(
          world.proxy,
          "-H",
          "X-AS-Target-URL: https://evil.example/",
          "-H",
          bearer,
          "-w",
          "\n%{http_code}",
        );
        const [body, status] = evil.split("\n");
        assert.deepEqual([JSON.parse(body!).error, status], ["domain_not_in_allowlist", "403"]);
        for (const path of ["/v1/../../../forget", "/v1/%2e%2e/models"]) {
          const tricked = await curl(
            `${world.proxy}${path}`,
            "--path-as-is",
            "-H",
            `X-AS-Target-Origin: ${chat.origin}`,
            "-H",
            bearer,
          );
          assert.equal(JSON.parse(tricked).error.code, "bad_request", path);
        }
        const twice = [
          "-H",
          `X-AS-Target-Origin: ${chat.origin}`,
          "-H",
          "X-AS-Target-Origin: https://evil.example",
          "-H",
          bearer,
        ];
        assert.equal(JSON.parse(await curl(`${world.proxy}/v1/models`, ...twice)).error.code, "bad_request");
        const both = [...to("/echo", bearer), "-H", `X-AS-Target-URL: ${upstream.origin}/other`];
        assert.equal(JSON.parse(await curl(world.proxy, ...both)).error, "invalid_target");
        // Taken for a forward proxy it serves nobody.
        const forward = await curl(
          "-x",
          `http://localhost:${world.port}`,
          `http://localhost:${upstream.port}/echo`,
          "-H",
          bearer,
        );
        assert.equal(JSON.parse(forward).error, "host_refused");
        const tunnel = await world.client(CURL.path!, ["-sSkx", `http://localhost:${world.port}`, upstream.origin]);
        assert.notEqual(tunnel.code, 0);
        assert.equal(upstream.requests.length + chat.asked.length, before);
      });

      const records = await world.stop();
      const [left, blocked, coded] = ["cancelled", "domain_not_in_allowlist", "upstream_undecodable"].map((reason) =>
        records.filter((record) => record.reason === reason)
      );
      const answered = records.filter(({ status }) => status === "OK").length + coded!.length;
      assert.deepEqual([answered, coded!.length], [upstream.requests.length + chat.asked.length, 1]);
      assert.deepEqual(left!.map(({ status, redacted }) => [status, redacted]), [["OK", true]]);
      assert.deepEqual(blocked!.map(({ status, target_url }) => [status, target_url]), [
        ["BLOCKED", "https://evil.example/"],
      ]);
      assert.equal(records.find(({ method }) => method === "PUT")!.target_url, `${upstream.origin}/status/204`);
    }),
});
