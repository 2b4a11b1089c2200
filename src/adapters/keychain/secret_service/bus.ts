/**
 * Calls to the Secret Service over one D-Bus connection (Secret Service API draft 0.2), and answers as plain data.
 *
 * @module
 */

import {
  cString,
  DBUS_ERROR,
  type Glib,
  newVariant,
  NO_AUTO_START,
  type Pointer,
  variantBytes,
} from "../../../../ffi/glib.ts";
import { quote, readDictionary, readStrings } from "../../../../ffi/gvariant.ts";
import { SECRET_ERROR } from "../../../../ffi/libsecret.ts";
import { NativeFailure, type Watch } from "./watch.ts";

const SERVICE_NAME = "org.freedesktop.secrets";
const SERVICE_PATH = "/org/freedesktop/secrets";
const SERVICE = "org.freedesktop.Secret.Service";
const COLLECTION = "org.freedesktop.Secret.Collection";
const ITEM = "org.freedesktop.Secret.Item";
const PROPERTIES = "org.freedesktop.DBus.Properties";
/** The path that means "none": no such collection, or no prompt needed. */
const NONE = "/";

/** Paths of the items that match, by whether they can be read now. */
export interface Found {
  readonly unlocked: readonly string[];
  readonly locked: readonly string[];
}

/** Whether a failure says that an object is not there (any more). */
export function isGone(error: unknown): boolean {
  if (!(error instanceof NativeFailure)) return false;
  const { domain, code } = error.status;
  return (domain === "g-dbus-error-quark" &&
    (code === DBUS_ERROR.UNKNOWN_METHOD || code === DBUS_ERROR.UNKNOWN_OBJECT ||
      code === DBUS_ERROR.UNKNOWN_INTERFACE)) ||
    (domain === "secret-error" && code === SECRET_ERROR.NO_SUCH_OBJECT);
}

/** One connection to a bus on which the Secret Service may be. Does not own the connection. */
export class Bus {
  readonly #glib: Glib;
  readonly #connection: Pointer;
  readonly #flags: number;

  /** @param options.mayStart Whether a call may start the service. */
  constructor(glib: Glib, connection: Pointer, options: { readonly mayStart: boolean }) {
    this.#glib = glib;
    this.#connection = connection;
    this.#flags = options.mayStart ? 0 : NO_AUTO_START;
  }

  /** Whether the Secret Service runs. */
  async isServiceRunning(watch: Watch): Promise<boolean> {
    const name = "org.freedesktop.DBus";
    const args = `(${quote(SERVICE_NAME)},)`;
    const reply = await this.#call(watch, name, "/org/freedesktop/DBus", name, "NameHasOwner", args);
    return this.#child(reply, 0, (child) => this.#glib.g_variant_get_boolean(child) !== 0);
  }

  /** The collection that new items go to: whether there is one, and whether it is locked. */
  async defaultCollection(watch: Watch): Promise<"none" | "locked" | "unlocked"> {
    const reply = await this.#service(watch, SERVICE_PATH, SERVICE, "ReadAlias", "('default',)");
    const path = this.#child(reply, 0, (child) => this.#text(child));
    if (path === NONE) return "none";
    const property = await this.#service(watch, path, PROPERTIES, "Get", `('${COLLECTION}', 'Locked')`);
    return this.#property(property, (value) => this.#glib.g_variant_get_boolean(value)) === 0 ? "unlocked" : "locked";
  }

  /** Items that have all of `attributes`, and maybe more. */
  async search(watch: Watch, attributes: Readonly<Record<string, string>>): Promise<Found> {
    const pairs = Object.entries(attributes).map(([key, value]) => `${quote(key)}: ${quote(value)}`).join(", ");
    const reply = await this.#service(watch, SERVICE_PATH, SERVICE, "SearchItems", `({${pairs}},)`);
    try {
      const [unlocked = [], locked = []] = [0, 1].map((i) => {
        const child = this.#glib.g_variant_get_child_value(reply, BigInt(i));
        const paths = readStrings(variantBytes(this.#glib, child));
        this.#glib.g_variant_unref(child);
        return paths;
      });
      return { unlocked, locked };
    } finally {
      this.#glib.g_variant_unref(reply);
    }
  }

  /** An item's attributes, or undefined when the item is gone. */
  async attributes(watch: Watch, item: string): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      const reply = await this.#service(watch, item, PROPERTIES, "Get", `('${ITEM}', 'Attributes')`);
      return this.#property(reply, (value) => readDictionary(variantBytes(this.#glib, value)));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /**
   * The secrets of those items that are there and unlocked, by path; `decode` gets each as an `(oayays)` of `session`.
   *
   * libsecret has functions for this, but those of 0.20 and before leak every answer.
   */
  async secrets<T>(
    watch: Watch,
    session: string,
    items: readonly string[],
    decode: (secret: Pointer) => T,
  ): Promise<Map<string, T>> {
    const args = `(@ao [${items.map(quote).join(", ")}], @o ${quote(session)})`;
    const reply = await this.#service(watch, SERVICE_PATH, SERVICE, "GetSecrets", args);
    return this.#child(reply, 0, (table) => {
      const found = new Map<string, T>();
      for (let i = 0n; i < BigInt(this.#glib.g_variant_n_children(table)); i++) {
        const [entry, path, secret] = this.#entry(table, i);
        found.set(this.#text(path), decode(secret));
        for (const part of [entry, path, secret]) this.#glib.g_variant_unref(part);
      }
      return found;
    });
  }

  /** The `index`th entry of a dictionary with its key and value; the caller unrefs all three. */
  #entry(table: Pointer, index: bigint): [entry: Pointer, key: Pointer, value: Pointer] {
    const entry = this.#glib.g_variant_get_child_value(table, index);
    return [entry, this.#glib.g_variant_get_child_value(entry, 0n), this.#glib.g_variant_get_child_value(entry, 1n)];
  }

  /** Removes an item; one that is gone already is removed. The path of a prompt when the service wants to ask a person first. */
  async remove(watch: Watch, item: string): Promise<string | undefined> {
    try {
      const reply = await this.#service(watch, item, ITEM, "Delete", "()");
      const prompt = this.#child(reply, 0, (child) => this.#text(child));
      return prompt === NONE ? undefined : prompt;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  #service(watch: Watch, path: string, iface: string, method: string, args: string): Promise<Pointer> {
    return this.#call(watch, SERVICE_NAME, path, iface, method, args);
  }

  /** One method call. `args` is a tuple in GVariant's text format; the caller unrefs the answer. */
  async #call(
    watch: Watch,
    name: string,
    path: string,
    iface: string,
    method: string,
    args: string,
  ): Promise<Pointer> {
    const texts = [name, path, iface, method].map(cString) as [Text, Text, Text, Text];
    const parameters = newVariant(this.#glib, args);
    try {
      return await watch.call(
        (cancellable, error) =>
          this.#glib.g_dbus_connection_call_sync(
            this.#connection,
            ...texts,
            parameters,
            null,
            this.#flags,
            NO_TIMEOUT,
            cancellable,
            error,
          ),
        texts,
      );
    } finally {
      this.#glib.g_variant_unref(parameters);
    }
  }

  #text(variant: Pointer): string {
    const text = this.#glib.g_variant_get_string(variant, null);
    return text === null ? "" : Deno.UnsafePointerView.getCString(text);
  }

  /** Reads the `index`th part of an answer and frees the answer. */
  #child<T>(reply: Pointer, index: number, read: (child: Pointer) => T): T {
    const child = this.#glib.g_variant_get_child_value(reply, BigInt(index));
    try {
      return read(child);
    } finally {
      this.#glib.g_variant_unref(child);
      this.#glib.g_variant_unref(reply);
    }
  }

  #property<T>(reply: Pointer, read: (value: Pointer) => T): T {
    return this.#child(reply, 0, (boxed) => {
      const value = this.#glib.g_variant_get_variant(boxed);
      try {
        return read(value);
      } finally {
        this.#glib.g_variant_unref(value);
      }
    });
  }
}

type Text = Uint8Array<ArrayBuffer>;
/** `G_MAXINT`: GIO sets no limit of its own; the watch does. */
const NO_TIMEOUT = 0x7fff_ffff;
