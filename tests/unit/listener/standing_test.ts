import assert from "node:assert/strict";
import { StandingServer } from "../../../src/listener/standing.ts";

const ADDR: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 8765 };

/** One address and its descriptors, without a system: what happened is in `events`. */
class Scene {
  readonly events: string[] = [];
  readonly waits: { readonly work: () => void; readonly ms: number }[] = [];
  readonly server: StandingServer<Deno.NetAddr>;
  /** What the next binding to hold the address throws. */
  refusal: Error | undefined;
  hasDescriptors = true;
  readonly #keeps: boolean;
  readonly #servers: PromiseWithResolvers<void>[] = [];

  /** @param how Whether a served address can be held. */
  constructor(how: { readonly keeps: boolean }) {
    this.#keeps = how.keeps;
    this.server = new StandingServer(
      {
        listen: (again) => this.#listen(again),
        keep: () => this.#keeps ? this.#take("keep") : undefined,
        hold: () => this.#hold(),
      },
      () => this.hasDescriptors,
      (work, ms) => {
        const wait = { work, ms };
        this.waits.push(wait);
        return () => void this.waits.splice(this.waits.indexOf(wait), 1);
      },
    );
  }

  /** Deno's server gives up. */
  async giveUp(): Promise<void> {
    this.#servers.at(-1)!.reject(new Error("Too many open files (os error 24)"));
    await Promise.resolve();
    await Promise.resolve();
  }

  wake(): void {
    this.waits.shift()!.work();
  }

  #listen(again: Deno.NetAddr | undefined): Deno.HttpServer<Deno.NetAddr> {
    this.events.push(again === undefined ? "serve" : `serve again at ${again.port}`);
    const ended = Promise.withResolvers<void>();
    this.#servers.push(ended);
    const { promise: finished, resolve } = ended;
    return {
      addr: ADDR,
      finished,
      shutdown: () => {
        resolve();
        return finished;
      },
      ref: () => {},
      unref: () => {},
      [Symbol.asyncDispose]: () => finished,
    };
  }

  #hold(): Disposable {
    if (this.refusal !== undefined) throw this.refusal;
    return this.#take("hold");
  }

  #take(what: string): Disposable {
    this.events.push(what);
    return { [Symbol.dispose]: () => void this.events.push("let go") };
  }
}

const AGAIN = ["let go", "serve again at 8765"];
const WAYS = [
  { keeps: true, begun: ["serve", "keep"], held: [], again: [...AGAIN, "keep"] },
  { keeps: false, begun: ["serve"], held: ["hold"], again: AGAIN },
] as const;

for (const { keeps, begun, held, again } of WAYS) {
  const where = keeps ? "" : ", where it cannot be held beforehand";

  Deno.test(`a server that ran out of descriptors holds its address until there are some${where}`, async () => {
    const scene = new Scene({ keeps });
    scene.hasDescriptors = false;
    await scene.giveUp();
    for (let i = 0; i < 5; i++) scene.wake();
    assert.deepEqual(scene.events, [...begun, ...held]);
    scene.hasDescriptors = true;
    scene.wake();
    assert.deepEqual(scene.events, [...begun, ...held, ...again]);
    assert.equal(scene.waits.length, 0);
  });

  Deno.test(`the tenth time is like the first: without a wait where descriptors are free, else with the same${where}`, async () => {
    const scene = new Scene({ keeps });
    for (let i = 0; i < 10; i++) {
      const before = scene.events.length;
      await scene.giveUp();
      assert.deepEqual(scene.events.slice(before), [...held, ...again]);
    }
    scene.hasDescriptors = false;
    await scene.giveUp();
    assert.deepEqual(scene.waits.map(({ ms }) => ms), [20]);
  });

  Deno.test(`a server that ends while it waits lets go of its address and never listens again${where}`, async () => {
    const scene = new Scene({ keeps });
    scene.hasDescriptors = false;
    await scene.giveUp();
    const ended = scene.server.shutdown();
    assert.deepEqual(scene.events, [...begun, ...held, "let go"]);
    assert.equal(scene.waits.length, 0);
    await ended;
  });
}

Deno.test("an address that somebody else took meanwhile is told as lost", async () => {
  const scene = new Scene({ keeps: false });
  scene.refusal = new Deno.errors.AddrInUse();
  await scene.giveUp();
  assert.deepEqual(await scene.server.lost, ADDR);
  assert.equal(scene.waits.length, 0);
});

Deno.test("an address that cannot be held for want of a descriptor is tried again", async () => {
  const scene = new Scene({ keeps: false });
  scene.refusal = new Error("Too many open files (os error 24)");
  await scene.giveUp();
  scene.refusal = undefined;
  scene.wake();
  assert.deepEqual(scene.events, ["serve", "hold", ...AGAIN]);
});

Deno.test({
  name: "an address that is bound again after descriptors ran out sends at once, like the first time",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = new URL("../../support/standing_server.ts", import.meta.url).pathname;
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: ["-c", 'ulimit -n 100; exec "$@"', "sh", Deno.execPath(), "run", "-A", "--no-check", program],
    }).output();
    assert.equal(
      new TextDecoder().decode(stdout).trim(),
      '{"again":true,"noDelay":[1,1]}',
      new TextDecoder().decode(stderr),
    );
  },
});
