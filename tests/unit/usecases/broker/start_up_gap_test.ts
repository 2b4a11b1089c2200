/** When a sealed home is warned that its machine lets programs look into one that starts. */
import assert from "node:assert/strict";
import { AppError } from "../../../../src/kernel/error.ts";
import { startUpGap } from "../../../../src/usecases/broker/start_up_gap.ts";
import { placesOf } from "../../../../src/vault/places.ts";

const encoder = new TextEncoder();
const places = placesOf("/home/you/.agentsecrets");

/** A machine whose kernel says `scope`: undefined has no Yama, an error is not told. */
function machine(
  scope: string | undefined | AppError,
  unlock = "password",
  system = "linux",
): Parameters<typeof startUpGap>[0] {
  const config = {
    version: 1,
    profile: "abcdefghijklmnop",
    server: "embedded:local",
    account: { user_id: `u_${"a".repeat(32)}`, email: "you@example.com" },
    storage_mode: unlock === "password" ? 3 : 1,
    vault: { kind: "file", unlock },
    active: { environments: {} },
    last: { pull: {}, push: {} },
    proxy: {},
  };
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    if (path === places.config) return encoder.encode(JSON.stringify(config));
    assert.equal(path, "/proc/sys/kernel/yama/ptrace_scope");
    if (scope instanceof AppError) throw scope;
    return scope === undefined ? undefined : encoder.encode(scope);
  };
  return { places, machine: { name: "m", system }, files: { read } as Parameters<typeof startUpGap>[0]["files"] };
}

Deno.test("a sealed home is warned where the kernel lets its programs open each other's memory, with what closes it", async () => {
  const open = await startUpGap(machine("0\n"));
  assert.match(`${open?.message}: ${open?.hint}`, /ptrace_scope is 0: .*sysctl kernel\.yama\.ptrace_scope=1/);
  assert.match((await startUpGap(machine(undefined)))!.message, /no Yama/);
});

Deno.test("nobody is warned of what is closed, does not concern the home, or cannot be told", async () => {
  for (const scope of ["1\n", "2\n", "3\n"]) assert.equal(await startUpGap(machine(scope)), undefined);
  assert.equal(await startUpGap(machine("0\n", "key-file")), undefined);
  assert.equal(await startUpGap(machine("0\n", "password", "darwin")), undefined);
  const unreadable = new AppError("file_unreadable", { path: "/proc", reason: "permission denied" });
  assert.equal(await startUpGap(machine(unreadable)), undefined);
});
