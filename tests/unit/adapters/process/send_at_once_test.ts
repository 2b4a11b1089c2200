import assert from "node:assert/strict";

Deno.test({
  name: "connections that a listener accepts afterwards have TCP_NODELAY",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const program = new URL("../../../support/no_delay_server.ts", import.meta.url).pathname;
    for (const [mode, expected] of [["plain", "0"], ["at-once", "1"]] as const) {
      const { stdout, success } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", program, mode],
      }).output();
      assert.equal(success, true);
      assert.equal(new TextDecoder().decode(stdout).trim(), expected, mode);
    }
  },
});
