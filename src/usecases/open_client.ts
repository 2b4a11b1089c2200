/**
 * The way to the sync server for a use-case: a typed client whose session rests in the keychain and is renewed by the device's
 * own signature, never by the password.
 *
 * @module
 */

import { SyncClient } from "../cloud/client.ts";
import type { SessionStore } from "../cloud/session.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import type { Keychain } from "../ports/keychain.ts";
import { readSession, writeSession } from "../vault/device.ts";
import type { Device } from "./open_device.ts";
import type { Ports } from "./ports.ts";

export type ClientPorts = Pick<Ports, "clock" | "random" | "transport">;

/** A client that acts for this device. @throws {AppError} `server_unreachable` */
export async function openClient(ports: ClientPorts, device: Device): Promise<SyncClient> {
  return await openClientFor(ports, device);
}

/** As {@linkcode openClient}, for a device that is just being set up. */
export async function openClientFor(
  ports: ClientPorts,
  device: Pick<Device, "keychain" | "userId" | "deviceId" | "deviceKey">,
): Promise<SyncClient> {
  const { keychain, userId, deviceId, deviceKey } = device;
  return await clientWith(ports, {
    ...sessionIn(keychain),
    renewal: async () => ({ userId, deviceId, prove: (challenge) => signChallenge(deviceKey, challenge) }),
  });
}

/** A client for the time before there is a device: its session is stored, but only the password can renew it. */
export async function openBareClient(ports: ClientPorts, keychain: Keychain): Promise<SyncClient> {
  return await clientWith(ports, { ...sessionIn(keychain), renewal: async () => undefined });
}

/** As {@linkcode openBareClient} where no keychain can be opened yet: nothing of its session is stored. */
export async function openUnstoredClient(ports: ClientPorts): Promise<SyncClient> {
  let session: Awaited<ReturnType<SessionStore["load"]>>;
  return await clientWith(ports, {
    load: async () => session,
    save: async (saved) => {
      session = saved;
    },
    renewal: async () => undefined,
  });
}

async function clientWith(ports: ClientPorts, session: SessionStore): Promise<SyncClient> {
  return new SyncClient({ transport: await ports.transport(), clock: ports.clock, random: ports.random, session });
}

function sessionIn(keychain: Keychain): Pick<SessionStore, "load" | "save"> {
  return {
    load: async () => await readSession(keychain),
    save: async (session) => await writeSession(keychain, session),
  };
}
