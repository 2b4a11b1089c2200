/** A child whose standard input is a socket: what it reads, and what is left of it here. */
import assert from "node:assert/strict";
import { withSocketInput } from "../../../ffi/socket_pair.ts";
import { testAlone } from "../../support/alone.ts";

const ignore = Deno.build.os !== "linux";

/** This process's descriptors and where they lead, timers and the like left out. */
function descriptors(): string[] {
  const out: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      out.push(`${name} ${Deno.readLinkSync(`/proc/self/fd/${name}`)}`);
    } catch {
      // The one that lists them.
    }
  }
  return out.sort();
}

function start(script: string): Deno.ChildProcess {
  return new Deno.Command("sh", { args: ["-c", script], stdin: "inherit", stdout: "piped", stderr: "null" }).spawn();
}

testAlone(import.meta.url, {
  name: "the child reads what was sent, then the end, and cannot open its own input anew",
  ignore,
  fn: async () => {
    const before = Deno.readLinkSync("/proc/self/fd/0");
    const { started, end } = withSocketInput(() =>
      start("cat; readlink /proc/self/fd/0; cat /proc/self/fd/0 || echo refused")
    );
    assert.equal(Deno.readLinkSync("/proc/self/fd/0"), before);
    assert.equal(end.send(new TextEncoder().encode("a line\n")), true);
    end[Symbol.dispose]();
    const { stdout } = await started.output();
    assert.match(new TextDecoder().decode(stdout), /^a line\nsocket:\[\d+\]\nrefused\n$/);
  },
});

testAlone(import.meta.url, {
  name: "nothing is left open here, also when nothing could be started or the child has ended",
  ignore,
  fn: async () => {
    const once = async (): Promise<void> => {
      const { started, end } = withSocketInput(() => start("exit 0"));
      await started.output();
      assert.equal(end.send(new TextEncoder().encode("nobody reads it")), false);
      end[Symbol.dispose]();
      end[Symbol.dispose]();
      assert.throws(() => withSocketInput(() => new Deno.Command("/nowhere/at-all").spawn()), Deno.errors.NotFound);
    };
    await once();
    const before = descriptors();
    for (let i = 0; i < 5; i++) await once();
    assert.deepEqual(descriptors(), before);
  },
});
