/**
 * libsecret's session with the Secret Service: values travel through it encrypted, everything else over {@linkcode Bus}.
 *
 * @module
 */

import { isUtf8 } from "node:buffer";
import {
  cString,
  type Glib,
  handleEvents,
  newStringTable,
  openGlib,
  type Pointer,
  readCString,
} from "../../../../ffi/glib.ts";
import {
  type Libsecret,
  newSchema,
  newSecretValue,
  openLibsecret,
  readSecretValue,
} from "../../../../ffi/libsecret.ts";
import { Secret } from "../../../kernel/secret.ts";
import { Bus } from "./bus.ts";
import { Watch } from "./watch.ts";

/** The kind under which keychain programs file our items. */
const SCHEMA = "org.agentsecrets.Item";
const DEFAULT_COLLECTION = "default";
/** What a prompt results in that has nothing to tell: an empty string. As a type of GVariant. */
const NO_RESULT = "s";

/** The native libraries of the Secret Service. */
export interface Libraries {
  readonly glib: Glib;
  readonly secret: Libsecret;
}

/** Opens the libraries, or undefined when one is missing. Starts nothing and connects to nothing. */
export function openLibraries(): Libraries | undefined {
  try {
    return { glib: openGlib(), secret: openLibsecret() };
  } catch {
    return undefined;
  }
}

function nameOwner(glib: Glib, service: Pointer): string | undefined {
  const owner = glib.g_dbus_proxy_get_name_owner(service);
  const text = readCString(owner);
  if (owner !== null) glib.free(owner);
  return text;
}

/** An open session. The process has one connection to its bus, so one object of this class is enough. */
export class Session {
  readonly bus: Bus;
  readonly #libraries: Libraries;
  readonly #service: Pointer;
  readonly #connection: Pointer;
  readonly #owner: string | undefined;
  readonly #schema = newSchema(SCHEMA, ["application", "profile", "collection", "name", "rev", "meta"]);

  private constructor(libraries: Libraries, service: Pointer) {
    const { glib } = libraries;
    this.#libraries = libraries;
    this.#service = service;
    this.#connection = glib.g_dbus_proxy_get_connection(service);
    this.#owner = nameOwner(glib, service);
    this.bus = new Bus(glib, this.#connection, { mayStart: true });
    // A session bus that ends would otherwise take this process with it (SIGTERM).
    glib.g_dbus_connection_set_exit_on_close(this.#connection, 0);
  }

  /** Connects to the session's bus and to the Secret Service on it. */
  static async open(libraries: Libraries, watch: Watch): Promise<Session> {
    const service = await watch.call((cancellable, error) =>
      libraries.secret.secret_service_get_sync(0, cancellable, error)
    );
    return new Session(libraries, service);
  }

  /** Whether the bus and the service are still those of the beginning. */
  isAlive(): boolean {
    const { glib } = this.#libraries;
    handleEvents(glib);
    return glib.g_dbus_connection_is_closed(this.#connection) === 0 && nameOwner(glib, this.#service) === this.#owner;
  }

  /** Makes the next session a new one. This one stays in memory: a call under way may still use it, and services restart rarely. */
  close(): void {
    this.#libraries.secret.secret_service_disconnect();
  }

  /** The values of those items that are there and unlocked, by path. */
  async values(watch: Watch, items: readonly string[]): Promise<Map<string, Secret>> {
    const { secret } = this.#libraries;
    await watch.call((cancellable, error) =>
      secret.secret_service_ensure_session_sync(this.#service, cancellable, error)
    );
    const session = readCString(secret.secret_service_get_session_dbus_path(this.#service)) ?? "/";
    const decoded = await this.bus.secrets(watch, session, items, (encoded) => this.#decode(encoded));
    const readable = [...decoded].filter((pair): pair is [string, Secret] => pair[1] !== undefined);
    return new Map(readable);
  }

  /** Decrypts a value that came over the bus; undefined when it was not encrypted for this session. */
  #decode(encoded: Pointer): Secret | undefined {
    const { secret } = this.#libraries;
    const value = secret.secret_service_decode_dbus_secret(this.#service, encoded);
    if (value === null) return undefined;
    try {
      return Secret.take(readSecretValue(secret, value));
    } finally {
      secret.secret_value_unref(value);
    }
  }

  /**
   * Removes an item that is unlocked. KeePassXC does so by a prompt only, and shows something only where its settings say that deleting
   * is to be confirmed. One that is not answered within `patienceMs` is taken back.
   *
   * @returns Whether the item is gone.
   */
  async remove(watch: Watch, item: string, patienceMs: number, signal?: AbortSignal): Promise<boolean> {
    const prompt = await this.bus.remove(watch, item);
    if (prompt === undefined) return true;
    const { glib, secret } = this.#libraries;
    const path = cString(prompt), type = cString(NO_RESULT);
    using waiting = new Watch(glib, patienceMs, signal);
    try {
      const answer = await waiting.call(
        (cancellable, error) =>
          secret.secret_service_prompt_at_dbus_path_sync(this.#service, path, cancellable, type, error),
        [path, type],
      );
      if (answer !== null) glib.g_variant_unref(answer);
      return answer !== null;
    } catch (error) {
      if (waiting.expired) return false;
      throw error;
    }
  }

  /** Adds an item to the default collection, or replaces the one with exactly these attributes. */
  async store(
    watch: Watch,
    attributes: Readonly<Record<string, string>>,
    label: string,
    value: Secret,
  ): Promise<void> {
    const { glib, secret } = this.#libraries;
    const table = newStringTable(glib, attributes);
    // EXPOSE: the Secret Service is where the value is to rest; libsecret copies it into memory of its own
    const native = value.expose((bytes) => newSecretValue(secret, bytes, contentTypeOf(bytes)));
    const texts = [cString(DEFAULT_COLLECTION), cString(label)] as const;
    try {
      await watch.call(
        (cancellable, error) =>
          secret.secret_service_store_sync(
            this.#service,
            this.#schema.bytes,
            table,
            ...texts,
            native,
            cancellable,
            error,
          ),
        [texts, this.#schema],
      );
    } finally {
      secret.secret_value_unref(native);
      glib.g_hash_table_unref(table);
    }
  }
}

/** Text where it is text, so that other keychain programs show it to its owner. */
function contentTypeOf(bytes: Uint8Array): string {
  return isUtf8(bytes) && !bytes.includes(0) ? "text/plain" : "application/octet-stream";
}
