/**
 * KeePassXC as the Secret Service of a private session: without a screen, with a database of its own that is open.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { feed } from "./child.ts";
import type { KeyringSession } from "./keyring.ts";

const PASSWORD = "database password";
/** One that is not on the bus by then does not come up, in ms. */
const UP_MS = 60_000;
/** Which group of a database is shown to other programs stands in the database itself; KeePassXC's command line cannot set it. */
const DATABASE = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<KeePassFile><Meta><RecycleBinEnabled>False</RecycleBinEnabled><CustomData><Item><Key>FDO_SECRETS_EXPOSED_GROUP</Key>
<Value>{01010101-0101-0101-0101-010101010101}</Value></Item></CustomData></Meta>
<Root><Group><UUID>AQEBAQEBAQEBAQEBAQEBAQ==</UUID><Name>Root</Name></Group></Root></KeePassFile>
`;
/** 2.7 saves in a thread of its own after every change, and crashes (SIGSEGV) when the next change comes meanwhile. */
const SETTINGS = `[General]
ConfigVersion=2
AutoSaveAfterEveryChange=false

[FdoSecrets]
Enabled=true
ConfirmAccessItem=false
ConfirmDeleteItem=false
ShowNotification=false

[GUI]
CheckForUpdates=false
`;

/** Why there can be none here, or undefined when there can. */
export async function missingForKeePassXc(): Promise<string | undefined> {
  for (const program of ["keepassxc", "keepassxc-cli"]) {
    const probe = new Deno.Command(program, {
      args: ["--version"],
      env: { QT_QPA_PLATFORM: "offscreen" },
      stdout: "null",
      stderr: "null",
    });
    if (!await probe.output().then(({ success }) => success, () => false)) return `${program} is not installed`;
  }
  return undefined;
}

/** Starts it in a session that has no other keyring. Disposing of it kills it. */
export async function startKeePassXc(session: KeyringSession): Promise<AsyncDisposable> {
  const home = session.env["HOME"]!, database = join(home, "test.kdbx"), xml = join(home, "test.xml");
  await Deno.writeTextFile(xml, DATABASE);
  const settings = join(session.env["XDG_CONFIG_HOME"]!, "keepassxc");
  await Deno.mkdir(settings);
  await Deno.writeTextFile(join(settings, "keepassxc.ini"), SETTINGS);
  const made = await session.run("keepassxc-cli", ["import", xml, database, "-p"], `${PASSWORD}\n${PASSWORD}\n`);
  assert.equal(made.code, 0, made.stderr);
  const child = new Deno.Command("keepassxc", {
    args: ["--pw-stdin", database],
    env: { ...session.env, QT_QPA_PLATFORM: "offscreen" },
    clearEnv: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await feed(child, `${PASSWORD}\n`);
  const service = ["--dest=org.freedesktop.secrets", "/org/freedesktop/secrets"];
  const alias = [
    "--session",
    "--print-reply",
    ...service,
    "org.freedesktop.Secret.Service.ReadAlias",
    "string:default",
  ];
  const begun = performance.now();
  while (!(await session.run("dbus-send", alias)).stdout.includes("/collection/")) {
    assert.ok(performance.now() - begun < UP_MS, "KeePassXC does not come up");
  }
  return {
    [Symbol.asyncDispose]: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It ended by itself.
      }
      await child.status;
    },
  };
}
