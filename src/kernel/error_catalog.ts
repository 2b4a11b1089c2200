/**
 * Every failure that a person or an agent can see, in one table. docs/ERRORS.md is generated from it and pins the codes;
 * tests/unit/kernel/error_catalog_test.ts holds the rows against the rules below.
 *
 * Exit numbers: 1 failed · 2 usage · 3 not initialised, no project, not logged in · 4 refused by policy · 5 conflict ·
 * 6 keychain locked or absent · 7 network or server · 8 verification failed · 9 needs a person.
 * Message: what could not be done, and to what; sentence case, no final period. Hint: the next thing to type or do. Hints of
 * governance refusals name a command that asks for the person's password: an agent cannot follow them alone.
 *
 * @module
 */

/** The fields of a message that names none. */
type None = Readonly<Record<string, never>>;

interface Entry<F> {
  /** Process exit number, 1…9. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
  /** HTTP status on the proxy and the sync server. */
  readonly status: number;
  readonly message: (fields: F) => string;
  readonly hint?: (fields: F) => string;
}

// deno-lint-ignore no-explicit-any -- the fields' names and types are inferred row by row
function entry<F extends Readonly<Record<string, any>> = None>(row: Entry<F>): Entry<F> {
  return row;
}

/** `noun` with its article. */
function a(noun: string): string {
  return `${/^[aeiou]/i.test(noun) ? "an" : "a"} ${noun}`;
}

/** Code → what it means. A code is an API: it may be added, and neither renamed nor given another meaning. */
export const CATALOG = {
  // 1: failed
  internal: entry({
    exit: 1,
    status: 500,
    message: () => "Cannot finish because of a bug in agentsecrets",
    hint: () => "Run it again with AGENTSECRETS_DEBUG=1 and report what it prints",
  }),
  cancelled: entry({ exit: 1, status: 499, message: () => "Cancelled: nothing was changed" }),
  file_unreadable: entry({
    exit: 1,
    status: 500,
    message: (f: { path: string; reason: string }) => `Cannot read ${f.path}: ${f.reason}`,
  }),
  file_unwritable: entry({
    exit: 1,
    status: 500,
    message: (f: { path: string; reason: string }) => `Cannot write ${f.path}: ${f.reason}`,
    hint: () => "Check free space and the folder's permissions; nothing half-written was left behind",
  }),
  disk_full: entry({
    exit: 1,
    status: 507,
    message: (f: { path: string }) => `Cannot write ${f.path}: the disk is full`,
    hint: () => "Free some space, then run the command again; nothing half-written was left behind",
  }),
  file_exists: entry({
    exit: 1,
    status: 409,
    message: (f: { path: string }) => `Cannot write ${f.path}: it exists already`,
    hint: () => "Choose another path, or move that file away",
  }),
  config_damaged: entry({
    exit: 1,
    status: 500,
    message: (f: { path: string; reason: string }) => `Cannot use ${f.path}: ${f.reason}`,
    hint: (f) => `Repair or restore ${f.path}; it was left as it is`,
  }),
  database_damaged: entry({
    exit: 1,
    status: 500,
    message: (f: { path: string; reason: string }) => `Cannot use the database ${f.path}: ${f.reason}`,
    hint: () => "Restore it from a backup; it was left as it is",
  }),
  database_busy: entry({
    exit: 1,
    status: 503,
    message: (f: { path: string }) => `Cannot use the database ${f.path}: another process holds it`,
    hint: () => "Wait for the other agentsecrets command to end, then run it again",
  }),
  lock_timeout: entry({
    exit: 1,
    status: 503,
    message: (f: { what: string }) => `Cannot lock ${f.what}: another agentsecrets process holds it`,
    hint: () => "Wait for the other command to end, then run it again",
  }),
  audit_unwritable: entry({
    exit: 1,
    status: 503,
    message: (f: { path: string; reason: string }) =>
      `Cannot write the audit log ${f.path}: ${f.reason}; no call was made`,
    hint: () => "Make the file writable again: without a record there is no call",
  }),
  child_not_started: entry({
    exit: 1,
    status: 500,
    message: (f: { program: string; reason: string }) => `Cannot start ${f.program}: ${f.reason}`,
  }),
  port_in_use: entry({
    exit: 1,
    status: 500,
    message: (f: { address: string }) => `Cannot listen on ${f.address}: it is in use`,
    hint: () => "agentsecrets proxy status, or choose another --port",
  }),
  proxy_not_running: entry({
    exit: 1,
    status: 503,
    message: (f: { address: string }) => `Cannot reach a proxy on ${f.address}: none is running`,
    hint: () => "agentsecrets proxy start",
  }),
  proxy_running: entry({
    exit: 1,
    status: 409,
    message: (f: { address: string }) => `Cannot start a proxy: this account's is running on ${f.address}`,
    hint: () => "agentsecrets proxy status, or agentsecrets proxy stop",
  }),
  proxy_must_end: entry({
    exit: 5,
    status: 409,
    message: (f: { action: string; address: string }) => `Cannot ${f.action} while the proxy runs on ${f.address}`,
    hint: () => "agentsecrets proxy stop, then run the command again",
  }),
  vault_moved: entry({
    exit: 5,
    status: 409,
    message: () => "Cannot go on with this vault: the storage was moved while the program ran",
    hint: () => "Run it again",
  }),
  proxy_not_started: entry({
    exit: 1,
    status: 500,
    message: (f: { reason: string; path: string }) => `Cannot start the proxy in the background: ${f.reason}`,
    hint: (f) => `See ${f.path}, or run agentsecrets proxy start without --detach`,
  }),
  too_many_calls: entry({
    exit: 1,
    status: 503,
    message: (f: { maxCalls: number }) => `Cannot take another call: ${f.maxCalls} are under way`,
    hint: () => "Wait for some to end, then repeat the call",
  }),
  clipboard_unavailable: entry({
    exit: 1,
    status: 500,
    message: () => "Cannot copy to the clipboard: no clipboard program was found",
    hint: () => "Leave out --clip to print to the terminal",
  }),

  // 2: usage
  usage: entry({
    exit: 2,
    status: 400,
    message: (f: { problem: string; within?: string }) => f.problem,
    hint: (f) => `${f.within ?? "agentsecrets"} --help`,
  }),
  unknown_command: entry({
    exit: 2,
    status: 400,
    message: (f: { command: string; near: string; within: string }) =>
      `Cannot run this: unknown command '${f.command}' for ${f.within}`,
    hint: (f) => f.near === "" ? `${f.within} --help` : `Did you mean ${f.within} ${f.near}?`,
  }),
  unknown_flag: entry({
    exit: 2,
    status: 400,
    message: (f: { flag: string; near: string; within: string }) =>
      `Cannot run this: unknown flag '${f.flag}' for ${f.within}`,
    hint: (f) => f.near === "" ? `${f.within} --help` : `Did you mean ${f.near}?`,
  }),
  missing_answer: entry({
    exit: 2,
    status: 400,
    message: (f: { what: string; flag: string }) =>
      `Cannot ask ${f.what.startsWith("whether ") ? "" : "for "}${f.what}: there is no terminal`,
    hint: (f) => `Give it with ${f.flag}`,
  }),
  invalid_name: entry({
    exit: 2,
    status: 400,
    message: (f: { kind: string; name: string; rule: string }) =>
      `Cannot use '${f.name}' as ${a(f.kind)}: it takes ${f.rule}`,
  }),
  invalid_value: entry({
    exit: 2,
    status: 400,
    message: (f: { name: string; reason: string }) => `Cannot store ${f.name}: ${f.reason}`,
  }),
  value_too_large: entry({
    exit: 2,
    status: 413,
    message: (f: { name: string; maxBytes: number }) =>
      `Cannot store ${f.name}: a value has at most ${f.maxBytes} bytes`,
  }),
  invalid_input: entry({
    exit: 2,
    status: 400,
    message: (f: { what: string; reason: string }) => `Cannot read ${f.what}: ${f.reason}`,
  }),
  weak_password: entry({
    exit: 2,
    status: 400,
    message: (f: { minimum: number }) => `Cannot use this password: it needs at least ${f.minimum} characters`,
  }),
  invalid_target: entry({
    exit: 2,
    status: 400,
    message: (f: { reason: string }) => `Cannot call this URL: ${f.reason}`,
  }),
  invalid_injection: entry({
    exit: 2,
    status: 400,
    message: (f: { place: string; reason: string }) => `Cannot inject into ${f.place}: ${f.reason}`,
  }),
  injection_conflict: entry({
    exit: 2,
    status: 400,
    message: (f: { place: string }) => `Cannot inject twice into ${f.place}`,
  }),
  bad_request: entry({
    exit: 2,
    status: 400,
    message: (f: { reason: string }) => `Cannot read the request: ${f.reason}`,
  }),
  body_too_large: entry({
    exit: 2,
    status: 413,
    message: (f: { what: string; maxBytes: number }) => `Cannot take ${f.what}: it has more than ${f.maxBytes} bytes`,
  }),
  invalid_allowlist_entry: entry({
    exit: 2,
    status: 400,
    message: (f: { entry: string; reason: string }) => `Cannot allow '${f.entry}': ${f.reason}`,
    hint: () => "Give a host (api.example.com), *.host, host:port or a full origin (https://localhost:8443)",
  }),
  unsupported: entry({
    exit: 2,
    status: 501,
    message: (f: { what: string; reason: string }) => `Cannot offer ${f.what}: ${f.reason}`,
  }),

  // 3: not initialised, not logged in, no project, no such thing
  not_initialised: entry({
    exit: 3,
    status: 503,
    message: () => "Cannot find an account on this machine",
    hint: () => "agentsecrets init",
  }),
  already_initialised: entry({
    exit: 3,
    status: 409,
    message: (f: { home: string }) => `Cannot set up again: ${f.home} holds an account already`,
    hint: () =>
      "agentsecrets status; agentsecrets account storage to keep values elsewhere; or agentsecrets init --force to start anew beside it",
  }),
  not_logged_in: entry({
    exit: 3,
    status: 401,
    message: () => "Cannot do this: nobody is logged in",
    hint: () => "agentsecrets login",
  }),
  no_project: entry({
    exit: 3,
    status: 400,
    message: () => "Cannot tell the project: this folder and those above it have no .agentsecrets/project.json",
    hint: () => "agentsecrets project create NAME, agentsecrets project use NAME, or --project NAME",
  }),
  workspace_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { name: string }) => `Cannot find the workspace '${f.name}'`,
    hint: () => "agentsecrets workspace list",
  }),
  project_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { name: string }) => `Cannot find the project '${f.name}'`,
    hint: () => "agentsecrets project list",
  }),
  environment_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { name: string; project: string }) =>
      `Cannot find the environment '${f.name}' in project '${f.project}'`,
    hint: () => "agentsecrets environment list",
  }),
  secret_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { name: string }) => `Secret '${f.name}' not found in keychain`,
    hint: () => "agentsecrets secrets list, or agentsecrets secrets pull to fetch it",
  }),
  secrets_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { names: string }) => `Secrets ${f.names} not found in keychain`,
    hint: () => "agentsecrets secrets list, or agentsecrets secrets pull to fetch them",
  }),
  version_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { name: string; version: number }) => `Cannot find version ${f.version} of '${f.name}'`,
    hint: (f) => `agentsecrets secrets history ${f.name}`,
  }),
  not_on_server: entry({
    exit: 3,
    status: 404,
    message: (f: { what: string }) => `Cannot find ${f.what} on the server`,
    hint: () => "agentsecrets status shows the account and the server in use",
  }),
  device_not_found: entry({
    exit: 3,
    status: 404,
    message: (f: { device: string }) => `Cannot find the device '${f.device}'`,
    hint: () => "agentsecrets account devices",
  }),

  // 4: refused by policy
  domain_not_in_allowlist: entry({
    exit: 4,
    status: 403,
    message: (f: { domain: string; entry: string }) =>
      `Refused to call ${f.domain}: it is not in the workspace's allowlist`,
    hint: (f) => `A person can allow it, with the password: agentsecrets workspace allowlist add ${f.entry}`,
  }),
  empty_allowlist: entry({
    exit: 4,
    status: 403,
    message: (f: { domain: string; entry: string }) =>
      `Refused to call ${f.domain}: the workspace's allowlist is empty`,
    hint: (f) => `A person can allow it, with the password: agentsecrets workspace allowlist add ${f.entry}`,
  }),
  secret_not_bound_to_domain: entry({
    exit: 4,
    status: 403,
    message: (f: { name: string; domain: string }) =>
      `Refused to send '${f.name}' to ${f.domain}: it is bound to other domains`,
    hint: (f) => `A person sets the binding anew with the value: agentsecrets secrets set ${f.name} --domains …`,
  }),
  secret_not_bound_to_method: entry({
    exit: 4,
    status: 403,
    message: (f: { name: string; method: string }) =>
      `Refused to use '${f.name}' with ${f.method}: it is bound to other methods`,
    hint: (f) => `A person sets the binding anew with the value: agentsecrets secrets set ${f.name} --methods …`,
  }),
  private_address: entry({
    exit: 4,
    status: 403,
    message: (f: { domain: string }) => `Refused to call ${f.domain}: it leads to a private address`,
    hint: () => "Private addresses are reachable only when a person allows the full origin, with the password",
  }),
  scheme_not_https: entry({
    exit: 4,
    status: 403,
    message: (f: { domain: string }) => `Refused to call ${f.domain}: credentials travel over https only`,
    hint: () => "Plain http is reachable only when a person allows the full origin, with the password",
  }),
  browser_refused: entry({
    exit: 4,
    status: 403,
    message: () => "Refused: a browser's request is not answered here",
  }),
  host_refused: entry({
    exit: 4,
    status: 403,
    message: () => "Refused: the Host header does not name this listener",
  }),
  caller_unknown: entry({
    exit: 4,
    status: 401,
    message: () => "Refused: the caller is not known",
  }),
  method_refused: entry({
    exit: 4,
    status: 405,
    message: (f: { method: string }) => `Refused: ${f.method} is not answered here`,
  }),
  registration_refused: entry({
    exit: 4,
    status: 403,
    message: () => "Refused to register: this server asks for a setup or invite token",
    hint: () => "Ask whoever runs the server",
  }),
  role_required: entry({
    exit: 4,
    status: 403,
    message: (f: { action: string; role: string }) => `Refused to ${f.action}: it needs the role ${f.role}`,
  }),
  last_device: entry({
    exit: 4,
    status: 409,
    message: () => "Refused to revoke the device that runs this command",
    hint: () => "agentsecrets logout --forget",
  }),

  // 5: conflict
  conflict: entry({
    exit: 5,
    status: 409,
    message: (f: { names: string }) => `Cannot store ${f.names}: it was changed by someone else in the meantime`,
    hint: () => "agentsecrets secrets diff, then agentsecrets secrets pull, or repeat with --force to overwrite",
  }),
  pull_conflict: entry({
    exit: 5,
    status: 409,
    message: (f: { names: string }) => `Cannot pull ${f.names}: changed here and on the server`,
    hint: () =>
      "agentsecrets secrets diff, then pull --force to take the server's values or push --force to keep these",
  }),
  name_taken: entry({
    exit: 5,
    status: 409,
    message: (f: { kind: string; name: string }) => `Cannot use the name '${f.name}': ${a(f.kind)} has it already`,
    // Without the name: a server may have made it up, and a hint is a command to type.
    hint: (f) =>
      f.kind === "project"
        ? "Choose another name, or work in that project: agentsecrets project use NAME"
        : "Choose another name",
  }),
  head_moved: entry({
    exit: 5,
    status: 412,
    message: (f: { what: string }) => `Cannot append to ${f.what}: it has moved on`,
    hint: () => "Run the command again",
  }),
  stale_epoch: entry({
    exit: 5,
    status: 409,
    message: (f: { environment: string }) => `Cannot write to ${f.environment}: its key was rotated`,
    hint: () => "agentsecrets secrets pull, then run the command again",
  }),
  unsynced_changes: entry({
    exit: 5,
    status: 409,
    message: (f: { count: number }) => `Cannot do this: ${f.count} local change(s) were never pushed and would be lost`,
    hint: () => "agentsecrets secrets push, or repeat with --force",
  }),

  // 6: keychain
  keychain_locked: entry({
    exit: 6,
    status: 423,
    message: (f: { backend: string }) => `Cannot read the ${f.backend}: it is locked`,
    hint: () => "Unlock it, then run the command again",
  }),
  keychain_absent: entry({
    exit: 6,
    status: 423,
    message: (f: { backend: string; reason: string }) => `Cannot use the ${f.backend}: ${f.reason}`,
    hint: () => "Start it, or set up an encrypted vault file: agentsecrets init --vault file",
  }),
  keychain_timeout: entry({
    exit: 6,
    status: 423,
    message: (f: { backend: string; timeoutMs: number }) =>
      `Cannot use the ${f.backend}: no answer within ${f.timeoutMs} ms`,
    hint: () => "It may be waiting for a person: unlock it, then run the command again",
  }),
  keychain_failed: entry({
    exit: 6,
    status: 500,
    message: (f: { backend: string; domain: string; status: number }) =>
      `Cannot use the ${f.backend}: it answered ${f.domain} ${f.status}`,
  }),
  committed_not_kept: entry({
    exit: 6,
    status: 500,
    message: (f: { names: string; reason: string }) =>
      `Stored ${f.names} on the server, but not on this machine: ${f.reason}`,
    hint: () => "Nothing is lost: agentsecrets secrets pull fetches it once that is repaired",
  }),
  vault_passphrase_wrong: entry({
    exit: 6,
    status: 423,
    message: () => "Cannot open the vault file: the passphrase is wrong or the file was changed",
  }),
  vault_password_wrong: entry({
    exit: 6,
    status: 423,
    message: () => "Cannot open the sealed vault: the password is wrong or the vault was changed",
  }),
  process_exposed: entry({
    exit: 6,
    status: 423,
    message: (f: { reason: string }) => `Cannot open the sealed vault: ${f.reason}`,
    hint: () => "Run agentsecrets itself, without a debugger or tracer around it, on Linux with glibc",
  }),
  vault_passphrase_needed: entry({
    exit: 6,
    status: 423,
    message: () => "Cannot open the vault file: its passphrase is needed",
    hint: () => "Run it at a terminal, or give --vault-passphrase-fd N or --vault-passphrase-stdin",
  }),

  // 7: network and servers
  server_unreachable: entry({
    exit: 7,
    status: 502,
    message: (f: { origin: string; reason: string }) => `Cannot reach the server ${f.origin}: ${f.reason}`,
  }),
  server_error: entry({
    exit: 7,
    status: 502,
    message: (f: { origin: string; status: number }) => `Cannot use the server ${f.origin}: it answered ${f.status}`,
  }),
  login_refused: entry({
    exit: 7,
    status: 401,
    message: () => "Cannot prove who you are: the password or the account key is wrong",
    hint: () => "Try again; whoever forgot the password gets in with the Emergency Kit: agentsecrets account recover",
  }),
  rate_limited: entry({
    exit: 7,
    status: 429,
    message: (f: { seconds: number }) => `Cannot try again yet: too many attempts, wait ${f.seconds} s`,
  }),
  upstream_unreachable: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string; reason: string }) => `Cannot reach ${f.domain}: ${f.reason}`,
  }),
  upstream_dns: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string }) => `Cannot reach ${f.domain}: its name does not resolve`,
  }),
  upstream_tls: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string; reason: string }) => `Cannot trust ${f.domain}: ${f.reason}`,
  }),
  upstream_tls_untrusted: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string }) =>
      `Cannot trust ${f.domain}: its certificate is from an authority that is not trusted here`,
    hint: () => "For a private authority, name its PEM file in SSL_CERT_FILE",
  }),
  upstream_tls_expired: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string; reason: string }) => `Cannot trust ${f.domain}: ${f.reason}`,
    hint: () => "If this machine's date is right, only whoever runs the target can help",
  }),
  upstream_tls_name: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string }) => `Cannot trust ${f.domain}: its certificate is for another name`,
    hint: () => "Call the target by a name that its certificate holds",
  }),
  upstream_tls_version: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string }) =>
      `Cannot speak with ${f.domain}: it shares no version or cipher of TLS 1.2 or 1.3 with this program`,
  }),
  upstream_not_tls: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string }) => `Cannot speak with ${f.domain}: it does not speak TLS`,
    hint: () => "Look at the port; plain http needs a target and an allowlist entry that begin with http://",
  }),
  upstream_proxy: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string; reason: string }) =>
      `Cannot reach ${f.domain} through the upstream proxy: ${f.reason}`,
    hint: () => "Look at --upstream-proxy, or at proxy.upstream_proxy in config.json",
  }),
  plain_http_through_proxy: entry({
    exit: 4,
    status: 403,
    message: (f: { domain: string }) =>
      `Refused to call ${f.domain} through the upstream proxy: over plain http it would read the credential`,
    hint: () => "Use https, or take the host out of the proxy's way: --upstream-proxy env with NO_PROXY",
  }),
  upstream_timeout: entry({
    exit: 7,
    status: 504,
    message: (f: { domain: string; phase: string; timeoutMs: number }) =>
      `Cannot finish the call to ${f.domain}: no ${f.phase} within ${f.timeoutMs} ms`,
    hint: () => "Repeat with a larger --timeout",
  }),
  upstream_undecodable: entry({
    exit: 7,
    status: 502,
    message: (f: { domain: string; coding: string }) =>
      `Cannot pass on the answer of ${f.domain}: its coding '${f.coding}' cannot be decoded for redaction`,
  }),

  // 8: verification failed
  decryption_failed: entry({
    exit: 8,
    status: 500,
    message: (f: { what: string }) => `Cannot open ${f.what}: it is damaged or not meant for this place`,
  }),
  vault_damaged: entry({
    exit: 8,
    status: 500,
    message: (f: { path: string; reason: string }) => `Cannot use the vault file ${f.path}: ${f.reason}`,
    hint: () => "Restore it from a backup, or log in again and pull; it was left as it is",
  }),
  account_key_invalid: entry({
    exit: 8,
    status: 400,
    message: (f: { kind: string }) => `Cannot use this ${f.kind}: its check character does not match`,
    hint: () => "Compare it with the Emergency Kit",
  }),
  signature_invalid: entry({
    exit: 8,
    status: 500,
    message: (f: { what: string }) => `Refused ${f.what}: its signature is not valid`,
    hint: () => "The server or its database was tampered with; nothing was changed here",
  }),
  log_invalid: entry({
    exit: 8,
    status: 500,
    message: (f: { log: string; seq: number; reason: string }) => `Refused entry ${f.seq} of the ${f.log}: ${f.reason}`,
    hint: () => "The server or its database was tampered with; nothing was changed here",
  }),
  pin_mismatch: entry({
    exit: 8,
    status: 500,
    message: (f: { what: string; reason: string }) => `Refused ${f.what}: ${f.reason}`,
    hint: () => "The server or its database was rolled back or tampered with; nothing was changed here",
  }),
  snapshot_invalid: entry({
    exit: 8,
    status: 500,
    message: (f: { environment: string; reason: string }) => `Refused the snapshot of ${f.environment}: ${f.reason}`,
    hint: () => "The server or its database was tampered with; nothing was changed here",
  }),
  unsupported_format: entry({
    exit: 8,
    status: 400,
    message: (f: { what: string; version: string }) =>
      `Cannot read ${f.what}: its format ${f.version} is not known here`,
    hint: () => "A newer agentsecrets may have written it: update this one",
  }),
  audit_invalid: entry({
    exit: 8,
    status: 500,
    message: (f: { line: number; reason: string }) => `The audit log fails verification at line ${f.line}: ${f.reason}`,
  }),

  // 9: needs a person
  person_required: entry({
    exit: 9,
    status: 403,
    message: (f: { action: string }) => `Refused to ${f.action}: it needs a person at a terminal`,
    hint: () => "Use the secret without seeing it: agentsecrets call, agentsecrets env -- CMD, or the proxy",
  }),
  password_required: entry({
    exit: 9,
    status: 403,
    message: (f: { action: string }) => `Cannot ${f.action} without the account's password`,
    hint: () => "A person runs this at a terminal, or gives --password-stdin or --password-fd N",
  }),
  broker_needed: entry({
    exit: 9,
    status: 423,
    message: () => "Cannot use the sealed vault: it is closed, and no proxy runs that could use it",
    hint: () => "A person types: agentsecrets proxy start (it asks for the account's password)",
  }),
  vault_sealed: entry({
    exit: 9,
    status: 423,
    message: () => "Cannot use the sealed vault: the proxy has locked it",
    hint: () => "A person types: agentsecrets proxy start (it asks for the account's password)",
  }),
} as const;
