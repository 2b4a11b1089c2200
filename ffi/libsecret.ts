/**
 * libsecret (0.18 and later): the Secret Service's session, through which values travel encrypted over the bus.
 *
 * `secret_service_decode_dbus_secret`, `secret_service_get_session_dbus_path` and `secret_service_prompt_at_dbus_path_sync` are from
 * secret-paths.h, which libsecret calls subject to change; every release since 2012 exports them and uses them itself. Were they
 * to go, opening the library fails, which reads as an absent keychain.
 *
 * @module
 */

import { cString, type Pointer } from "./glib.ts";

const SECRET = {
  secret_service_get_sync: { parameters: ["i32", "pointer", "buffer"], result: "pointer", nonblocking: true },
  secret_service_disconnect: { parameters: [], result: "void" },
  secret_service_ensure_session_sync: {
    parameters: ["pointer", "pointer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  secret_service_get_session_dbus_path: { parameters: ["pointer"], result: "pointer" },
  secret_service_decode_dbus_secret: { parameters: ["pointer", "pointer"], result: "pointer" },
  secret_service_prompt_at_dbus_path_sync: {
    parameters: ["pointer", "buffer", "pointer", "buffer", "buffer"],
    result: "pointer",
    nonblocking: true,
  },
  secret_service_store_sync: {
    parameters: ["pointer", "buffer", "pointer", "buffer", "buffer", "pointer", "pointer", "buffer"],
    result: "i32",
    nonblocking: true,
  },
  secret_value_new: { parameters: ["buffer", "isize", "buffer"], result: "pointer" },
  secret_value_get: { parameters: ["pointer", "buffer"], result: "pointer" },
  secret_value_unref: { parameters: ["pointer"], result: "void" },
} as const;

/** The functions of libsecret. */
export type Libsecret = Deno.DynamicLibrary<typeof SECRET>["symbols"];

/** Opens the library by soname. It stays open until the process ends. @throws {Error} When it is missing. */
export function openLibsecret(): Libsecret {
  return Deno.dlopen("libsecret-1.so.0", SECRET).symbols;
}

/** Numbers of `secret-error` (secret-types.h). */
export const SECRET_ERROR = { PROTOCOL: 1, IS_LOCKED: 2, NO_SUCH_OBJECT: 3 } as const;

/** A `SecretSchema` in memory, with the strings it points to. */
export interface NativeSchema {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Referenced so that the addresses inside `bytes` stay valid. */
  readonly strings: readonly Uint8Array<ArrayBuffer>[];
}

/** `sizeof (SecretSchema)` on 64-bit machines. */
const SCHEMA_SIZE = 592;

/**
 * A schema of string attributes: char *name @0, i32 flags @8, then `{char *name, i32 type}` of 16 bytes from @16 (at most 32).
 */
export function newSchema(name: string, attributes: readonly string[]): NativeSchema {
  const bytes = new Uint8Array(SCHEMA_SIZE);
  const view = new DataView(bytes.buffer);
  const strings = [name, ...attributes].map(cString);
  strings.forEach((text, i) => {
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(text));
    view.setBigUint64(i === 0 ? 0 : 16 * i, address, true);
  });
  return { bytes, strings };
}

/** A new `SecretValue` holding a copy of `bytes` in memory that libsecret keeps from the swap where it can. */
export function newSecretValue(secret: Libsecret, bytes: Uint8Array<ArrayBuffer>, contentType: string): Pointer {
  return secret.secret_value_new(bytes, BigInt(bytes.length), cString(contentType));
}

/** A copy of a `SecretValue`'s bytes. */
export function readSecretValue(secret: Libsecret, value: Pointer): Uint8Array<ArrayBuffer> {
  const size = new Uint8Array(8);
  const data = secret.secret_value_get(value, size);
  const bytes = new Uint8Array(Number(new DataView(size.buffer).getBigUint64(0, true)));
  if (bytes.length > 0 && data !== null) Deno.UnsafePointerView.copyInto(data, bytes);
  return bytes;
}
