import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { TempFolder } from "../../../support/temp_folder.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const CANARY = "canary-in-the-environment";
/** The kernel lets root read everything: as root, victim and attacker run as another user. */
const asUser = Deno.build.os === "linux" && Deno.uid() === 0
  ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
  : [];

interface Observation {
  /** What `hardenProcess` answered. */
  readonly said: unknown;
  /** The environment as another process of the same user sees it; empty when it may not. */
  readonly environment: string;
  readonly coreLimit: string | undefined;
}

/** Starts a program that hardens itself, or does not, and looks at it from outside. Undefined when it cannot be started. */
async function observe(harden: boolean): Promise<Observation | undefined> {
  await using folder = await TempFolder.make();
  await Deno.chmod(folder.path, 0o777);
  const program = `
    import { hardenProcess } from "./src/adapters/process/harden.ts";
    console.log(JSON.stringify(${harden} ? hardenProcess() : "not hardened"));
    await Deno.stdin.read(new Uint8Array(1));`;
  const [command = "", ...args] = [...asUser, Deno.execPath(), "eval", "--no-lock", "--ext=ts", program];
  const env = { HARDEN_CANARY: CANARY, DENO_DIR: folder.path, HOME: folder.path };
  const options = { args, cwd: root, env, stdin: "piped", stdout: "piped", stderr: "null" } as const;
  const process = new Deno.Command(command, options).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  let seen: Observation | undefined;
  if (value !== undefined) {
    const [cat = "", ...rest] = [...asUser, "cat", `/proc/${process.pid}/environ`];
    const { stdout } = await new Deno.Command(cat, { args: rest, stderr: "null" }).output();
    const limits = await Deno.readTextFile(`/proc/${process.pid}/limits`);
    seen = {
      said: JSON.parse(new TextDecoder().decode(value)),
      environment: new TextDecoder().decode(stdout),
      coreLimit: limits.match(/^Max core file size\s+(\S+)\s+0\b/m)?.[1],
    };
  }
  await process.stdin.close();
  await reader.cancel();
  await process.status;
  return seen;
}

Deno.test({
  name: "hardenProcess() hides the process from others of the same user and forbids core files",
  ignore: Deno.build.os !== "linux",
  fn: async (test) => {
    const open = await observe(false);
    await test.step({
      name: open ? "seen from another process" : "SKIPPED: the runtime cannot be started as another user",
      ignore: open === undefined,
      fn: async () => {
        assert.ok(open?.environment.includes(CANARY), "without it everything is readable");
        const hardened = await observe(true);
        assert.deepEqual(hardened, {
          said: { undumpable: true, noCoreFiles: true },
          environment: "",
          coreLimit: "0",
        });
      },
    });
  },
});
