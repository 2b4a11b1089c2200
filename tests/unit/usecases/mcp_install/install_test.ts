/** Installing beside other programs that write the same files. */
import assert from "node:assert/strict";
import { SystemClock } from "../../../../src/adapters/clock/system.ts";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";
import type { Files } from "../../../../src/ports/files.ts";
import { installClients, type InstallPorts } from "../../../../src/usecases/mcp_install/install.ts";
import { placesOf } from "../../../../src/vault/places.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

function portsIn(folder: string, files: Files): InstallPorts {
  return {
    files,
    places: placesOf(`${folder}/.agentsecrets`),
    workingFolder: folder,
    surroundings: {
      system: "linux",
      personFolder: folder,
      variable: () => undefined,
      program: () => Promise.resolve({ command: "/opt/agentsecrets", args: [], isLink: false }),
      modeOf: () => Promise.resolve(0o644),
    },
  };
}

/** A disk on which another program writes `path` right after it was read for the first time. */
class BusyDisk extends DiskFiles {
  #written = false;

  constructor(readonly path: string, readonly text: string) {
    super(systemRandom, new SystemClock());
  }

  override async read(path: string): Promise<Uint8Array | undefined> {
    const bytes = await super.read(path);
    if (path === this.path && !this.#written) {
      this.#written = true;
      await Deno.writeTextFile(path, this.text);
    }
    return bytes;
  }
}

Deno.test("a file that another program changes meanwhile is not overwritten, when installing nor when uninstalling", async () => {
  await using folder = await TempFolder.make();
  await Deno.mkdir(folder.at(".cursor"));
  const path = folder.at(".cursor", "mcp.json");
  const input = { clients: ["cursor"], uninstall: false, dryRun: false };
  const quiet = portsIn(folder.path, new DiskFiles(systemRandom, new SystemClock()));
  await Deno.writeTextFile(path, "{}\n");
  const meanwhile = '{ "theirs": 1 }\n';
  const [failed] = await installClients(portsIn(folder.path, new BusyDisk(path, meanwhile)), input);
  assert.deepEqual([failed!.change, failed!.error?.code], ["failed", "file_unwritable"]);
  assert.equal(await Deno.readTextFile(path), meanwhile);

  await installClients(quiet, input);
  const busy = portsIn(folder.path, new BusyDisk(path, meanwhile));
  const [kept] = await installClients(busy, { ...input, uninstall: true });
  assert.equal(kept!.error?.code, "file_unwritable");
  assert.equal(await Deno.readTextFile(path), meanwhile);
});

Deno.test("the backup is what was there before us, also after a second and a third installation", async () => {
  await using folder = await TempFolder.make();
  await Deno.mkdir(folder.at(".cursor"));
  const path = folder.at(".cursor", "mcp.json");
  const ports = portsIn(folder.path, new DiskFiles(systemRandom, new SystemClock()));
  await Deno.writeTextFile(path, '{"a": 1}');
  for (const environment of ["staging", "production"]) {
    const input = { clients: ["cursor"], uninstall: false, dryRun: false, environment };
    const [done] = await installClients(ports, input);
    assert.equal(await Deno.readTextFile(done!.backup!), '{"a": 1}');
  }
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("production", "staging"));
  const [updated] = await installClients(ports, { clients: ["cursor"], uninstall: false, dryRun: false });
  assert.equal(updated!.change, "updated");
  await installClients(ports, { clients: ["cursor"], uninstall: true, dryRun: false });
  assert.equal(await Deno.readTextFile(path), '{"a": 1}');
});
