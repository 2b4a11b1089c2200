/**
 * Whether the Secret Service can be used now. Looks over a connection of its own, so that a bus that is mute or dead leaves
 * no trace in this process; never prompts, starts nothing, reads no item.
 *
 * @module
 */

import { CONNECT_TO_BUS, cString, type Glib, type Pointer } from "../../../../ffi/glib.ts";
import type { KeychainState } from "../../../ports/keychain.ts";
import { Bus } from "./bus.ts";
import { findSessionBus } from "./bus_address.ts";
import { absenceOf } from "./failure.ts";
import { type Libraries, openLibraries } from "./session.ts";
import { NativeFailure, Watch } from "./watch.ts";

/**
 * Silence, in milliseconds, that counts as no answer. An answer takes two or three; the margin is for a loaded machine, where
 * a wrong "absent" would be worse than a wait that only a broken bus costs.
 */
const PROBE_TIMEOUT_MS = 500;

/** The state of the Secret Service of the session that `env` describes. `open` gives the libraries, once there is a bus. */
export async function probeSecretService(
  env: { get(name: string): string | undefined },
  signal?: AbortSignal,
  open: () => Libraries | undefined = openLibraries,
): Promise<KeychainState> {
  signal?.throwIfAborted();
  const found = await findSessionBus(env);
  if ("absent" in found) return { state: "absent", reason: found.absent };
  const libraries = open();
  if (libraries === undefined) return { state: "absent", reason: "the library libsecret is not installed" };
  const { glib } = libraries;
  using watch = new Watch(glib, PROBE_TIMEOUT_MS, signal);
  let connection: Pointer = null;
  try {
    connection = await connect(glib, found.address, watch);
    return await stateOf(new Bus(glib, connection, { mayStart: false }), watch);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof NativeFailure)) throw error;
    if (watch.expired) return { state: "absent", reason: "the session's D-Bus gives no answer" };
    const { domain, code } = error.status;
    return { state: "absent", reason: absenceOf(error.status) ?? `it answered ${domain} ${code}` };
  } finally {
    if (connection !== null) glib.g_object_unref(connection);
  }
}

function connect(glib: Glib, address: string, watch: Watch): Promise<Pointer> {
  const text = cString(address);
  return watch.call(
    (cancellable, error) => glib.g_dbus_connection_new_for_address_sync(text, CONNECT_TO_BUS, null, cancellable, error),
    [text],
  );
}

async function stateOf(bus: Bus, watch: Watch): Promise<KeychainState> {
  if (!await bus.isServiceRunning(watch)) {
    return { state: "absent", reason: "no Secret Service runs in this session" };
  }
  switch (await bus.defaultCollection(watch)) {
    case "none":
      return { state: "absent", reason: "the Secret Service has no default keyring" };
    case "locked":
      return { state: "locked" };
    case "unlocked":
      return { state: "ready" };
  }
}
