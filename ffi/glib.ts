/**
 * GLib, GObject and GIO: errors, tables of strings, cancellation and D-Bus calls.
 *
 * Every call that can wait is non-blocking for JavaScript (it runs on a thread of the runtime) and takes a `GCancellable`.
 * Buffers given to such a call must stay referenced by the caller until it has returned: the runtime does not keep them.
 *
 * @module
 */

/** A native address, or null. */
export type Pointer = Deno.PointerValue;
/** Bytes with a buffer of their own. */
type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** `text` with a terminating NUL. @throws {TypeError} If it holds a NUL: C would see another, shorter text. */
export function cString(text: string): Bytes {
  if (text.includes("\0")) throw new TypeError("A C string cannot hold NUL");
  return encoder.encode(`${text}\0`);
}

/** Text of a C string, or undefined for null. Does not free it. */
export function readCString(pointer: Pointer): string | undefined {
  return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
}

const GLIB = {
  // A symbol of type "pointer" is its address: that is what the tables want as a function pointer.
  g_str_hash: { type: "pointer" },
  g_str_equal: { type: "pointer" },
  g_free: { type: "pointer" },
  free: { name: "g_free", parameters: ["pointer"], result: "void" },
  g_strdup: { parameters: ["buffer"], result: "pointer" },
  g_hash_table_new_full: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "pointer" },
  g_hash_table_insert: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
  g_hash_table_unref: { parameters: ["pointer"], result: "void" },
  g_error_free: { parameters: ["pointer"], result: "void" },
  g_quark_to_string: { parameters: ["u32"], result: "pointer" },
  g_variant_parse: { parameters: ["pointer", "buffer", "pointer", "pointer", "pointer"], result: "pointer" },
  g_variant_n_children: { parameters: ["pointer"], result: "usize" },
  g_variant_get_child_value: { parameters: ["pointer", "usize"], result: "pointer" },
  g_variant_get_variant: { parameters: ["pointer"], result: "pointer" },
  g_variant_get_boolean: { parameters: ["pointer"], result: "i32" },
  g_variant_get_string: { parameters: ["pointer", "pointer"], result: "pointer" },
  g_variant_get_data: { parameters: ["pointer"], result: "pointer" },
  g_variant_get_size: { parameters: ["pointer"], result: "usize" },
  g_variant_unref: { parameters: ["pointer"], result: "void" },
  g_main_context_iteration: { parameters: ["pointer", "i32"], result: "i32" },
} as const;

const GOBJECT = {
  g_object_ref: { parameters: ["pointer"], result: "pointer" },
  g_object_unref: { parameters: ["pointer"], result: "void" },
} as const;

const GIO = {
  g_cancellable_new: { parameters: [], result: "pointer" },
  g_cancellable_cancel: { parameters: ["pointer"], result: "void" },
  g_dbus_connection_new_for_address_sync: {
    parameters: ["buffer", "u32", "pointer", "pointer", "buffer"],
    result: "pointer",
    nonblocking: true,
  },
  g_dbus_connection_call_sync: {
    parameters: [
      "pointer",
      "buffer",
      "buffer",
      "buffer",
      "buffer",
      "pointer",
      "pointer",
      "u32",
      "i32",
      "pointer",
      "buffer",
    ],
    result: "pointer",
    nonblocking: true,
  },
  g_dbus_connection_set_exit_on_close: { parameters: ["pointer", "i32"], result: "void" },
  g_dbus_connection_is_closed: { parameters: ["pointer"], result: "i32" },
  g_dbus_proxy_get_connection: { parameters: ["pointer"], result: "pointer" },
  g_dbus_proxy_get_name_owner: { parameters: ["pointer"], result: "pointer" },
} as const;

/** The functions of the three libraries. */
export type Glib =
  & Deno.DynamicLibrary<typeof GLIB>["symbols"]
  & Deno.DynamicLibrary<typeof GOBJECT>["symbols"]
  & Deno.DynamicLibrary<typeof GIO>["symbols"];

/** Opens the libraries by soname. They stay open until the process ends. @throws {Error} When one is missing. */
export function openGlib(): Glib {
  return {
    ...Deno.dlopen("libglib-2.0.so.0", GLIB).symbols,
    ...Deno.dlopen("libgobject-2.0.so.0", GOBJECT).symbols,
    ...Deno.dlopen("libgio-2.0.so.0", GIO).symbols,
  };
}

/** `G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | …_MESSAGE_BUS_CONNECTION`. */
export const CONNECT_TO_BUS = 1 | 8;
/** `G_DBUS_CALL_FLAGS_NO_AUTO_START`. */
export const NO_AUTO_START = 1;

/** Numbers of `g-io-error-quark` (gio/gioenums.h). */
export const IO_ERROR = { NOT_FOUND: 1, CLOSED: 18, CANCELLED: 19, TIMED_OUT: 24, CONNECTION_REFUSED: 39 } as const;
/** Numbers of `g-dbus-error-quark` (gio/gioenums.h). */
export const DBUS_ERROR = {
  SERVICE_UNKNOWN: 2,
  NAME_HAS_NO_OWNER: 3,
  NO_REPLY: 4,
  NO_SERVER: 11,
  TIMEOUT: 12,
  DISCONNECTED: 15,
  UNKNOWN_METHOD: 19,
  TIMED_OUT: 20,
  SPAWN_FIRST: 23,
  SPAWN_LAST: 34,
  UNKNOWN_OBJECT: 41,
  UNKNOWN_INTERFACE: 42,
} as const;

/** A `GError` as numbers: its English text is neither shown nor decided upon. */
export interface NativeStatus {
  /** Name of the error's domain: `g-io-error-quark`, `g-dbus-error-quark`, `secret-error` … */
  readonly domain: string;
  /** Number in that domain. */
  readonly code: number;
}

/** Room for the `GError *` that a function may set. */
export function errorSlot(): Bytes {
  return new Uint8Array(8);
}

/** The error in `slot`, freed, or undefined when none was set. Layout: u32 domain, i32 code, char *message. */
export function takeError(glib: Glib, slot: Bytes): NativeStatus | undefined {
  const address = new DataView(slot.buffer).getBigUint64(0, true);
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) return undefined;
  slot.fill(0);
  const view = new Deno.UnsafePointerView(pointer);
  const domain = readCString(glib.g_quark_to_string(view.getUint32(0))) ?? "unknown";
  const code = view.getInt32(4);
  glib.g_error_free(pointer);
  return { domain, code };
}

/** A new `GHashTable` of owned strings. The caller unrefs it. */
export function newStringTable(glib: Glib, entries: Readonly<Record<string, string>>): Pointer {
  const table = glib.g_hash_table_new_full(
    glib.g_str_hash as Pointer,
    glib.g_str_equal as Pointer,
    glib.g_free as Pointer,
    glib.g_free as Pointer,
  );
  for (const [key, value] of Object.entries(entries)) {
    glib.g_hash_table_insert(table, glib.g_strdup(cString(key)), glib.g_strdup(cString(value)));
  }
  return table;
}

/** A new variant from GVariant's text format. The caller unrefs it. @throws {TypeError} When malformed. */
export function newVariant(glib: Glib, text: string): Pointer {
  const variant = glib.g_variant_parse(null, cString(text), null, null, null);
  if (variant === null) throw new TypeError("Not a GVariant");
  return variant;
}

/** A copy of a variant's serialised bytes, in this machine's byte order. */
export function variantBytes(glib: Glib, variant: Pointer): Bytes {
  const bytes = new Uint8Array(Number(glib.g_variant_get_size(variant)));
  const data = glib.g_variant_get_data(variant);
  if (bytes.length > 0 && data !== null) Deno.UnsafePointerView.copyInto(data, bytes);
  return bytes;
}

/** Bound on the events handled at once, so that a chatty bus cannot hold this thread. */
const MAX_EVENTS = 1_000;

/**
 * Lets GLib handle what has arrived (signals, the ends of objects) on the default main context, which nobody else runs here.
 * Without it each forgotten subscription and connection would stay in memory. Never waits.
 */
export function handleEvents(glib: Glib): void {
  for (let i = 0; i < MAX_EVENTS && glib.g_main_context_iteration(null, 0) !== 0; i++);
}
