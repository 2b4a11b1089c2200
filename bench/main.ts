/**
 * What performance is promised, measured: side by side in one run, as ratios. `deno task bench [section …]`; builds nothing:
 * run `deno task build` first. Sections: startup, secrets, envelope, call, redact.
 */
const SECTIONS: Readonly<Record<string, () => Promise<{ bench(): Promise<void> }>>> = {
  startup: () => import("./startup.ts"),
  secrets: () => import("./secrets.ts"),
  envelope: () => import("./envelope.ts"),
  call: () => import("./call.ts"),
};

const wanted = Deno.args.length > 0 ? Deno.args : [...Object.keys(SECTIONS), "redact"];
const cpu = /model name\s*:\s*(.*)/.exec(await Deno.readTextFile("/proc/cpuinfo").catch(() => ""))?.[1] ??
  Deno.build.arch;
console.log(
  `${cpu}, ${navigator.hardwareConcurrency} cores, Deno ${Deno.version.deno}; medians, ratios to the first line`,
);
for (const name of wanted) {
  if (name === "redact") {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("redact.ts", import.meta.url).pathname],
    }).spawn().status;
    if (!success) Deno.exit(1);
    continue;
  }
  const section = SECTIONS[name];
  if (section === undefined) {
    console.error(`No section '${name}': ${Object.keys(SECTIONS).join(", ")}, redact`);
    Deno.exit(2);
  }
  await (await section()).bench();
}
