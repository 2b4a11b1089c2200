/** A hostile page in a real browser against the running proxy. */
import assert from "node:assert/strict";
import { CHROMIUM } from "../../support/clients/found.ts";
import { HostileSite, type Learned, ReboundName, Witness } from "../../support/clients/hostile_site.ts";
import { ClientWorld } from "../../support/clients/world.ts";

/** A browser that has said nothing by then says nothing any more. */
const DEADLINE_MS = 120_000;

Deno.test({
  name: `P17 a page in a browser reaches nothing through the proxy and learns nothing of it${CHROMIUM.note}`,
  ignore: CHROMIUM.path === undefined,
  fn: () =>
    ClientWorld.run(async (world) => {
      const witness = new Witness();
      const name: ReboundName = new ReboundName(0);
      const site = new HostileSite(() => name.rebind(world.port));
      name.rebind(site.port);
      const here = `http://evil.example:${site.port}`, rebound = `http://rebound.example:${world.port}`;
      const target = world.upstream.origin;
      const bases = (port: number): readonly string[] =>
        ["127.0.0.1", "localhost", "[::1]", "evil.example"].map((host) => `http://${host}:${port}`);
      site.plans["/"] = {
        bases: [...bases(witness.port), ...bases(world.port)],
        target,
        site: here,
        next: `${rebound}/rebound`,
      };
      site.plans["/rebound"] = { bases: [rebound], target, site: here, rebind: true };

      const browser = world.spawn(CHROMIUM.path!, [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--remote-debugging-port=0",
        `--user-data-dir=${world.sandbox.base}/profile`,
        // Of public pages a browser may ask for leave before they reach this machine; here the guard stands alone.
        "--disable-features=LocalNetworkAccessChecks,HttpsUpgrades",
        `--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebound.example:${world.port} 127.0.0.1:${name.port}`,
        `${here}/`,
      ]);
      try {
        const late = AbortSignal.timeout(DEADLINE_MS);
        const next = (): Promise<Learned> =>
          Promise.race([
            site.report(),
            new Promise<never>((_, reject) => late.addEventListener("abort", () => reject(late.reason))),
          ]);
        const [learned, again] = [await next(), await next()];

        // What the page tries does leave the browser, or this test would prove nothing.
        const everything = ["GET get", "GET blind", "POST post", "POST form", "GET frame", "GET image", "GET script"];
        for (const attack of [...everything, "GET style", "GET events", "GET socket", "POST beacon"]) {
          assert.ok(witness.arrived.has(attack.replace(" ", " /proxy/")), attack);
        }
        assert.ok(witness.arrived.has("OPTIONS /proxy") && !witness.arrived.has("GET /proxy"));

        for (const base of bases(world.port)) {
          for (const [attack, what] of Object.entries(learned[base]!)) {
            assert.deepEqual([attack, what], [attack, attack === "measured" ? [] : "nothing"], base);
          }
        }
        // To a browser the rebound page and the proxy are one site: it reads the refusals, and they hold nothing.
        const refusal = /^read 403 \{"error":("host_refused"|\{"code":"host_refused"[^{}]*\})[^{}]*\}$/;
        for (const attack of ["get", "health", "headers", "origin", "blind", "post", "forget"]) {
          const text = again[rebound]![attack];
          assert.match(String(text), refusal, attack);
          assert.doesNotMatch(String(text), /KEY|my-app|\b\d{4,5}\b/);
        }
        for (const attack of ["image", "script", "style", "events", "socket"]) {
          assert.equal(again[rebound]![attack], "nothing", attack);
        }
      } finally {
        browser.kill();
        await browser.end();
        name.close();
        await Promise.all([site.close(), witness.close()]);
      }
      assert.deepEqual(world.upstream.requests, []);
      assert.deepEqual(await world.stop(), []);
    }),
});
