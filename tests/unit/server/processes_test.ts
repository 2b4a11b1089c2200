/** Several processes on one database: what a person with two terminals, or a kill at a bad moment, does to it. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { SqliteBlobStore } from "../../../src/adapters/blob_store/sqlite.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import type { CommitOrders } from "../../support/commit_process.ts";
import { fillerEnvelope, Person, type TestEnvironment, TestServer, TestWorkspace } from "../../support/sync_server.ts";

const SCRIPT = fileURLToPath(new URL("../../support/commit_process.ts", import.meta.url));

/** A process that waits for its start signal; lines of its output as they come. */
class Writer {
  readonly #process: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#lines = linesOf(process.stdout);
  }

  static async spawn(server: TestServer, name: string, orders: CommitOrders): Promise<Writer> {
    const file = `${server.folder}/${name}.json`;
    await Deno.writeTextFile(file, JSON.stringify(orders));
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", SCRIPT, file],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const writer = new Writer(process);
    assert.equal(await writer.line(), "ready");
    return writer;
  }

  async start(): Promise<void> {
    const stdin = this.#process.stdin.getWriter();
    await stdin.write(new Uint8Array([10]));
    await stdin.close();
  }

  async line(): Promise<string | undefined> {
    const { value, done } = await this.#lines.next();
    return done === true ? undefined : value;
  }

  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.line(); line !== undefined; line = await this.line()) lines.push(line);
    await this.#process.status;
    return lines;
  }

  /** SIGKILL, what it had said until then, and whether it had not ended by itself before. */
  async kill(): Promise<{ readonly lines: readonly string[]; readonly killed: boolean }> {
    try {
      this.#process.kill("SIGKILL");
    } catch { /* it had */ }
    const lines = await this.rest();
    return { lines, killed: (await this.#process.status).signal === "SIGKILL" };
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let text = "";
  for await (
    const chunk of stream.pipeThrough(new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>)
  ) {
    text += chunk;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
      yield text.slice(0, at);
      text = text.slice(at + 1);
    }
  }
}

/** `count` commits after the environment's head, each of a few secrets. */
function requests(env: TestEnvironment, name: string, count: number): CommitOrders["requests"] {
  const { random } = env.workspace.owner;
  const before = env.state;
  const all = Array.from({ length: count }, (_, i) => {
    const set = Object.fromEntries(["A", "B", "C"].map((n) => [`${name}_${n}_${i}`, fillerEnvelope(random)]));
    const after = env.seq, { commit, envelopes, next } = env.commit(set);
    env.state = next;
    return { env: env.id, after, body: JSON.stringify({ commit, envelopes: envelopes.map(toBase64Url) }) };
  });
  env.state = before;
  return all;
}

async function setUp(): Promise<{ server: TestServer; env: TestEnvironment; orders: Omit<CommitOrders, "requests"> }> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const env = await (await TestWorkspace.found(owner)).createEnvironment();
  return {
    server,
    env,
    orders: { path: server.path, nowMs: server.clock.now(), token: owner.token },
  };
}

Deno.test("of two processes that commit to the same place at once exactly one wins, every time", async () => {
  const { server, env, orders } = await setUp();
  await using _ = server;
  const { workspace } = env;
  const environments = [env];
  while (environments.length < 24) environments.push(await workspace.createEnvironment());
  // Both want to be the first commit of each environment: a race each time.
  const writers = await Promise.all(["one", "two"].map((name) => {
    return Writer.spawn(server, name, { ...orders, requests: environments.flatMap((one) => requests(one, name, 1)) });
  }));
  await Promise.all(writers.map((writer) => writer.start()));
  const [one, two] = await Promise.all(writers.map((writer) => writer.rest())) as [string[], string[]];
  environments.forEach((_, i) => assert.deepEqual([one[i], two[i]].sort(), ["1 201 ok", "1 412 head_moved"]));
  for (const { id } of environments) {
    const { head, items } = await workspace.owner.client.snapshot(id);
    assert.deepEqual([head?.seq, items.length], [1, 3]);
  }
});

Deno.test("P25 a process killed at any moment loses nothing that it acknowledged and leaves nothing half-written", async () => {
  const { server, env, orders } = await setUp();
  await using _ = server;
  const { client } = env.workspace.owner;
  const planned = requests(env, "kill", 60);
  let done = 0, rounds = 0, kills = 0;
  while (done < planned.length && rounds < 12) {
    // Not all at once: on a busy machine a process may have done with all of them before it is killed.
    const next = planned.slice(done, done + 12);
    const writer = await Writer.spawn(server, "kill", { ...orders, requests: next });
    await writer.start();
    // Killed after a varying number of acknowledgements: in the middle of a later commit.
    const first = Math.min(1 + rounds % 4, next.length);
    for (let i = 0; i < first; i++) await writer.line();
    const { lines, killed } = await writer.kill();
    if (killed) kills++;
    const acknowledged = done + first + lines.filter((line) => line.endsWith(" 201 ok")).length;
    const snapshot = await client.snapshot(env.id);
    const seq = snapshot.head?.seq ?? 0;
    assert.ok(seq >= acknowledged, `${seq} stored, ${acknowledged} acknowledged`);
    assert.equal(snapshot.items.length, seq * 3, "every stored commit is whole");
    done = seq;
    rounds++;
  }
  assert.ok(rounds >= 5 && kills > 0, `${kills} kills in ${rounds} rounds`);
  const other = await SqliteBlobStore.open({ path: server.path, suffix: "after", clock: server.clock });
  assert.equal((await other.read((tx) => tx.head({ kind: "environment", id: env.id })))?.seq, done);
  await other.close();
});

Deno.test("processes that make the same new database at once end up with one", async () => {
  await using server = await TestServer.start();
  const orders = { path: `${server.folder}/new.db`, nowMs: 0, token: "", requests: [] };
  const writers = await Promise.all(["a", "b", "c"].map((name) => Writer.spawn(server, name, orders)));
  await Promise.all(writers.map((writer) => writer.start()));
  await Promise.all(writers.map((writer) => writer.rest()));
  const names = [...Deno.readDirSync(server.folder)].map(({ name }) => name).filter((name) =>
    name.startsWith("new.db")
  );
  assert.deepEqual(names, ["new.db"]);
});
