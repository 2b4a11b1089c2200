/** What a child prints through a filter, by the real adapter in a process of its own. */
import assert from "node:assert/strict";
import { type Ended, endOf } from "../../../support/child.ts";

const PROGRAM = new URL("../../../support/run_child.ts", import.meta.url).pathname;
const VALUE = "sk_live_Canary0123456789";
const MARKER = "[REDACTED_BY_AGENTSECRETS]";

function command(program: string, args: readonly string[], more: Readonly<Record<string, unknown>> = {}): Deno.Command {
  const job = { program, args, secrets: { KEY: VALUE }, mask: true, ...more };
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", PROGRAM, JSON.stringify(job)],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

const shell = (script: string): Deno.Command => command("sh", ["-c", script]);

async function run(script: string): Promise<Ended> {
  const child = shell(script).spawn();
  await child.stdin.close();
  return await endOf(child);
}

/** Reads until `text` has come. */
async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, text: string): Promise<string> {
  let seen = "";
  while (!seen.includes(text)) {
    const { value, done } = await reader.read();
    assert.equal(done, false, `ended without '${text}': ${seen}`);
    seen += new TextDecoder().decode(value);
  }
  return seen;
}

Deno.test("P50 both streams are masked, each on its own, also a value in two writes and at the very end", async () => {
  const { code, stdout, stderr } = await run(
    'printf "out %s." "$KEY"; printf "err %s" "$KEY" >&2; printf %.9s "$KEY"; printf %s "${KEY#?????????}"; exit 3',
  );
  assert.deepEqual([code, stdout, stderr], [3, `out ${MARKER}.${MARKER}`, `err ${MARKER}`]);
});

Deno.test("P50 of a value that is written with a pause inside at most 4 bytes go out, and what was held back comes at the end", async () => {
  const child = shell('printf "a %.4s" "$KEY"; read _; printf %s "${KEY#????}"; printf "b %.9s" "$KEY"; read _')
    .spawn();
  const reader = child.stdout.getReader(), writer = child.stdin.getWriter();
  const enter = (): Promise<void> => writer.write(new TextEncoder().encode("\n"));
  let all = await readUntil(reader, "a sk_l");
  await enter();
  all += await readUntil(reader, "b ");
  assert.equal(all, `a sk_l${MARKER}b `);
  await enter();
  all = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    all += new TextDecoder().decode(read.value);
  }
  assert.equal(all, VALUE.slice(0, 9), "harmless in the end");
  await writer.close().catch(() => {});
  await child.stderr.cancel();
  assert.equal((await child.status).code, 0);
});

Deno.test("a question without a line's end appears, also when its end could begin a value", async () => {
  const child = shell('printf "Which keys"; read answer; echo "got $answer"').spawn();
  const reader = child.stdout.getReader(), writer = child.stdin.getWriter();
  await readUntil(reader, "Which keys");
  await writer.write(new TextEncoder().encode("all\n"));
  await readUntil(reader, "got all\n");
  await writer.close();
  await reader.cancel();
  await child.stderr.cancel();
  assert.equal((await child.status).code, 0);
});

Deno.test("64 MiB of any bytes come out as they went in, in memory that does not grow with them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const peak = `${folder}/peak`, sum = `${folder}/sum`;
    const script = `head -c 67108864 /dev/urandom | tee ${folder}/made`;
    const child = command("sh", ["-c", script], { peak }).spawn();
    await child.stdin.close();
    const hash = new Deno.Command("sh", {
      args: ["-c", `cat > ${sum}; cmp ${sum} ${folder}/made && stat -c %s ${sum}`],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const compared = hash.output();
    await child.stdout.pipeTo(hash.stdin);
    await child.stderr.cancel();
    assert.equal((await child.status).code, 0);
    const { code, stdout, stderr } = await compared;
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    assert.equal(new TextDecoder().decode(stdout), "67108864\n");
    const kib = Number(await Deno.readTextFile(peak));
    assert.ok(kib < 160 * 1024, `${kib} KiB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a reader that goes away ends the child by SIGPIPE, as without us", async () => {
  const child = command("yes", []).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  await reader.cancel();
  assert.equal((await child.status).code, 141);
  await child.stdin.close().catch(() => {});
  await child.stderr.cancel();
});

Deno.test("output that cannot be written is said, and is not the child's success", async () => {
  const job = JSON.stringify({ program: "sh", args: ["-c", "echo x; exit 0"], secrets: { KEY: VALUE }, mask: true });
  const script = 'exec "$@" >/dev/full';
  const args = ["-c", script, "sh", Deno.execPath(), "run", "-A", "--no-check", PROGRAM, job];
  const { code, stderr } = await new Deno.Command("sh", { args }).output();
  assert.equal(code, 99);
  assert.match(new TextDecoder().decode(stderr), /^disk_full: /);
});

Deno.test("a program left behind keeps its output masked; a signal ends the wait for it", async () => {
  // Its own number before its word: what it says has come when the word has.
  const behind = `sh -c 'echo $$; printf "late %s\\n" "$KEY"; exec sleep 600'`;
  const child = shell(`${behind} & exit 5`).spawn();
  const reader = child.stdout.getReader();
  const seen = await readUntil(reader, `late ${MARKER}\n`);
  const pid = Number(/^\d+$/m.exec(seen)![0]);
  try {
    let over = false;
    const ended = child.status.finally(() => over = true);
    // The first may come while the shell is still there, and is the shell's then.
    while (!over) {
      try {
        child.kill("SIGTERM");
      } catch { /* it has just ended */ }
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
    }
    const { code } = await ended;
    assert.ok(code === 5 || code === 143, String(code));
  } finally {
    Deno.kill(pid, "SIGKILL");
    await reader.cancel();
    await child.stderr.cancel();
    await child.stdin.close().catch(() => {});
  }
});
