/** The running proxy as another process of the same user sees it (docs/THREAT_MODEL.md, "Memory"). */
import assert from "node:assert/strict";
import { program, sandboxWithProject } from "../support/cli.ts";

/** The kernel lets root read everything: as root, the proxy and whoever looks at it run as another user. */
const OTHER_USER = 65534;
const root = Deno.build.os === "linux" && Deno.uid() === 0;
const asUser = root ? ["setpriv", `--reuid=${OTHER_USER}`, `--regid=${OTHER_USER}`, "--clear-groups"] : [];

/** Whether a process of the same user may read `file` of the process `pid`. */
async function isReadable(pid: number, file: string): Promise<boolean> {
  const [command = "", ...args] = [...asUser, "cat", `/proc/${pid}/${file}`];
  return (await new Deno.Command(command, { args, stdout: "null", stderr: "null" }).output()).success;
}

async function readableOf(pid: number): Promise<string[]> {
  const files = ["environ", "maps", "auxv"];
  const may = await Promise.all(files.map((file) => isReadable(pid, file)));
  return files.filter((_, i) => may[i]);
}

Deno.test({
  name: "no other process of the same user reads the memory of a running proxy",
  ignore: Deno.build.os !== "linux",
  fn: async (test) => {
    await using sandbox = await sandboxWithProject();
    if (root) await new Deno.Command("chown", { args: ["-R", `${OTHER_USER}`, sandbox.base] }).output();
    const [command = "", ...args] = [...asUser, ...program(), "proxy", "start", "--port", "0", "--json"];
    const options = { args, cwd: sandbox.folder, clearEnv: true, env: { ...sandbox.env, DENO_DIR: sandbox.base } };
    const proxy = new Deno.Command(command, { ...options, stdin: "null", stdout: "piped", stderr: "null" }).spawn();
    const reader = proxy.stdout.getReader();
    try {
      const { value } = await reader.read();
      await test.step({
        name: value ? "seen from outside" : "SKIPPED: the program cannot be started as another user",
        ignore: value === undefined,
        fn: async () => {
          const [open = "", ...rest] = [...asUser, "sh", "-c", "echo ready; exec cat"];
          const ordinary = new Deno.Command(open, { args: rest, stdin: "piped", stdout: "piped" }).spawn();
          const said = ordinary.stdout.getReader();
          try {
            await said.read();
            assert.deepEqual(await readableOf(ordinary.pid), ["environ", "maps", "auxv"], "others are open");
            assert.deepEqual(await readableOf(proxy.pid), []);
          } finally {
            await ordinary.stdin.close();
            await said.cancel();
            await ordinary.status;
          }
        },
      });
    } finally {
      try {
        proxy.kill("SIGTERM");
      } catch { /* it did not start */ }
      await reader.cancel();
      await proxy.status;
    }
  },
});
