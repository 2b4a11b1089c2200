/**
 * Where the session's bus is, told without touching it. GIO would start a bus of its own when it knows no address, and a
 * bus that was started so outlives us: therefore only a socket that is there already is ever handed to it.
 *
 * @module
 */

import { join } from "node:path";

/** The bus's address, or why there is none. */
export type BusAddress = { readonly address: string } | { readonly absent: string };

interface Transport {
  readonly name: string;
  readonly pairs: ReadonlyMap<string, string>;
}

/** The entries of a D-Bus address list: name, then key=value pairs (D-Bus specification, "Server Addresses"). */
function readTransports(address: string): Transport[] {
  return address.split(";").filter((entry) => entry !== "").map((entry) => {
    const colon = entry.indexOf(":");
    const pairs = entry.slice(colon + 1).split(",").map((pair): [string, string] => {
      const [key = "", value = ""] = pair.split("=", 2);
      return [key, value.replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)))];
    });
    return { name: colon < 0 ? "" : entry.slice(0, colon), pairs: new Map(pairs) };
  });
}

async function isSocket(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isSocket === true;
  } catch {
    return false;
  }
}

/** Finds the bus as GIO would: `DBUS_SESSION_BUS_ADDRESS`, else `$XDG_RUNTIME_DIR/bus`; never by launching one. */
export async function findSessionBus(env: { get(name: string): string | undefined }): Promise<BusAddress> {
  const given = env.get("DBUS_SESSION_BUS_ADDRESS");
  if (given) return checkAddress(given);
  const runtime = env.get("XDG_RUNTIME_DIR");
  if (runtime && await isSocket(join(runtime, "bus"))) return { address: `unix:path=${join(runtime, "bus")}` };
  return { absent: "this session has no D-Bus" };
}

async function checkAddress(address: string): Promise<BusAddress> {
  const transports = readTransports(address);
  // `autolaunch:` and `unixexec:` start programs, `tcp:` and the others carry secrets to another machine; GIO goes through
  // the list to its end, so one such entry spoils all.
  if (transports.length === 0 || transports.some(({ name }) => name !== "unix")) {
    return { absent: "the session's D-Bus address is not a local socket" };
  }
  const paths = transports.map(({ pairs }) => pairs.get("path"));
  for (const path of paths) if (path !== undefined && await isSocket(path)) return { address };
  // A socket in the abstract namespace cannot be looked at, only connected to.
  if (transports.some(({ pairs }) => pairs.has("abstract"))) return { address };
  const isNamed = paths.some((path) => path !== undefined);
  return { absent: isNamed ? "the session's D-Bus socket is missing" : "the session's D-Bus address names no socket" };
}
