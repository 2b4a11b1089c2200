import assert from "node:assert/strict";
import { findSessionBus } from "../../../../src/adapters/keychain/secret_service/bus_address.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

async function find(values: Readonly<Record<string, string>>): Promise<string> {
  const found = await findSessionBus({ get: (name) => values[name] });
  return "address" in found ? found.address : `absent: ${found.absent}`;
}

Deno.test("findSessionBus() takes only sockets that are there, and never an address that starts or leaves the machine", async () => {
  await using folder = await TempFolder.make();
  using _a = Deno.listen({ transport: "unix", path: folder.at("bus") });
  using _b = Deno.listen({ transport: "unix", path: folder.at("a b") });
  await Deno.writeTextFile(folder.at("file"), "");
  const at = folder.at.bind(folder);
  const notLocal = "absent: the session's D-Bus address is not a local socket";
  const none = "absent: the session's D-Bus socket is missing";
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [{}, "absent: this session has no D-Bus"],
    [{ DISPLAY: ":0" }, "absent: this session has no D-Bus"],
    [{ DBUS_SESSION_BUS_ADDRESS: "" }, "absent: this session has no D-Bus"],
    [{ XDG_RUNTIME_DIR: folder.path }, `unix:path=${at("bus")}`],
    [{ XDG_RUNTIME_DIR: at("nothing") }, "absent: this session has no D-Bus"],
    [{ DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("bus")}` }, `unix:path=${at("bus")}`],
    [{ DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("bus")},guid=00` }, `unix:path=${at("bus")},guid=00`],
    [{ DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("a")}%20b` }, `unix:path=${at("a")}%20b`],
    [
      { DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("gone")};unix:path=${at("bus")}` },
      `unix:path=${at("gone")};unix:path=${at("bus")}`,
    ],
    [{ DBUS_SESSION_BUS_ADDRESS: "unix:abstract=/tmp/x" }, "unix:abstract=/tmp/x"],
    [{ DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("gone")}`, XDG_RUNTIME_DIR: folder.path }, none],
    [{ DBUS_SESSION_BUS_ADDRESS: `unix:path=${at("file")}` }, none],
    [{ DBUS_SESSION_BUS_ADDRESS: "unix:tmpdir=/tmp" }, "absent: the session's D-Bus address names no socket"],
    [{ DBUS_SESSION_BUS_ADDRESS: "autolaunch:" }, notLocal],
    [{ DBUS_SESSION_BUS_ADDRESS: "unixexec:path=/bin/sh" }, notLocal],
    [{ DBUS_SESSION_BUS_ADDRESS: "tcp:host=example.com,port=1" }, notLocal],
    [{ DBUS_SESSION_BUS_ADDRESS: "nonsense" }, notLocal],
  ];
  for (const [values, expected] of cases) assert.equal(await find(values), expected, JSON.stringify(values));
});

Deno.test("findSessionBus() refuses a list with one such entry: GIO goes through all of them", async () => {
  await using folder = await TempFolder.make();
  using _listener = Deno.listen({ transport: "unix", path: folder.at("bus") });
  const list = `unix:path=${folder.at("bus")};autolaunch:`;
  assert.equal(
    await find({ DBUS_SESSION_BUS_ADDRESS: list }),
    "absent: the session's D-Bus address is not a local socket",
  );
});
