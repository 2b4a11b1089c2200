/**
 * `logout`: session, receiving key and device key leave this machine. With `forget` also the account key and every stored
 * value, so that nothing of the account is left but its (sealed) server data.
 *
 * @module
 */

import { isAppError } from "../kernel/error.ts";
import type { Email } from "../kernel/names.ts";
import { isSealed, requireConfig, updateConfig } from "../vault/config.ts";
import { removeDevice } from "../vault/device.ts";
import { lockBroker } from "./broker/client.ts";
import { listValues, refuseToLose, removeValues } from "./local_values.ts";
import { openClient } from "./open_client.ts";
import { openDevice } from "./open_device.ts";
import { forgetPins } from "./pin_store.ts";
import type { Ports } from "./ports.ts";

/** Names of environments that were used here (src/usecases/secrets/known_places.ts). */
const PLACES_COLLECTION = "places";

export interface LogoutInput {
  /** Also removes the account key, the pins and all values of this profile. */
  readonly forget?: boolean;
  /** With `forget`: loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface LogoutResult {
  readonly email: Email;
  /** False when there was no session or the server could not be told. */
  readonly sessionEnded: boolean;
  readonly forgotten: boolean;
  /** How many stored values were removed; 0 without `forget`. */
  readonly removedValues: number;
}

export type LogoutPorts = Pick<
  Ports,
  "clock" | "files" | "places" | "keychain" | "transport" | "random" | "broker"
>;

/** @throws {AppError} `not_initialised`, `unsynced_changes`, the keychain's codes */
export async function logout(ports: LogoutPorts, input: LogoutInput, signal?: AbortSignal): Promise<LogoutResult> {
  const config = await requireConfig(ports.files, ports.places);
  const { account } = config;
  // Before anything is asked: locking needs no password, and what follows may fail.
  if (isSealed(config)) await lockBroker(ports.broker).catch(() => false);
  const keychain = await ports.keychain();
  const forget = input.forget === true;
  const values = forget ? await listValues(keychain, undefined, signal) : [];
  refuseToLose(values, input.force === true);
  const sessionEnded = await endSession(ports, signal);
  await removeDevice(keychain, { accountKey: forget }, signal);
  await updateConfig(ports.files, ports.places, ({ account: { userId, email }, ...rest }) => ({
    ...rest,
    account: { userId, email },
  }));
  if (forget) {
    await forgetPins(keychain, signal);
    await removeValues(keychain, await keychain.list(PLACES_COLLECTION, signal), signal);
  }
  const removedValues = await removeValues(keychain, values, signal);
  return { email: account.email, sessionEnded, forgotten: forget, removedValues };
}

/** Best effort: whether the server can be told changes nothing of what leaves this machine. */
async function endSession(ports: LogoutPorts, signal?: AbortSignal): Promise<boolean> {
  try {
    using device = await openDevice(ports, signal);
    await (await openClient(ports, device)).endSession("current", signal);
    return true;
  } catch (error) {
    if (isAppError(error)) return false;
    throw error;
  }
}
