/**
 * The verb `proxy start --detach`: the proxy as a process of its own, in the background.
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import { requireConfig } from "../vault/config.ts";
import { takeOverLockedBroker } from "./broker/serve_broker.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { proxyStatus } from "./proxy_control.ts";
import type { StartProxyInput } from "./proxy_server.ts";
import { proxyOutputPath, type ProxyState } from "./proxy_state.ts";

/** How to start it. */
export interface DetachProxyInput extends StartProxyInput {
  /** Asked for when the vault is opened by a passphrase, or the account's password: the proxy has nobody to ask. The answer is disposed of. */
  askPassphrase(what: "passphrase" | "password"): Promise<Secret>;
}

/** How long it may take to accept connections, and between two looks, in ms. */
const READY_MS = 60_000, LOOK_MS = 50;
/** Most characters of what it said that an error quotes. */
const MAX_QUOTE = 300;

/**
 * Starts it and waits until it answers `/health`.
 *
 * @throws {AppError} `not_initialised`, `proxy_running`, `proxy_not_started` with what it said before it ended
 */
export async function detachProxy(
  ports: WorldWithEngine,
  input: DetachProxyInput,
  signal?: AbortSignal,
): Promise<ProxyState> {
  const { files, places } = ports;
  const { vault } = await requireConfig(files, places);
  const unlock = vault.kind === "file" ? vault.unlock : "key-file";
  if (unlock === "password") await takeOverLockedBroker(ports, signal);
  const running = await proxyStatus(ports);
  if (running.running) throw new AppError("proxy_running", { address: running.addresses[0] ?? "" });
  // Made anew and 0600: what an earlier one said is of no use beside it.
  await files.write(proxyOutputPath(places), new Uint8Array());
  using stdin = unlock === "key-file" ? undefined : await input.askPassphrase(unlock);
  const child = await ports.background.start({
    args: [
      ...(stdin === undefined ? [] : ["--vault-passphrase-stdin"]),
      ...["--json", "proxy", "start", ...flagsOf(input)],
      ...(ports.upstreamProxy === undefined ? [] : ["--upstream-proxy", "env"]),
    ],
    logPath: proxyOutputPath(places),
    ...(ports.upstreamProxy === undefined ? {} : { environment: proxyVariables(ports.upstreamProxy) }),
    ...(stdin === undefined ? {} : { stdin }),
  });
  let ended = false;
  child.ended.then(() => ended = true);
  return await ready(ports, { pid: child.pid, hasEnded: () => ended }, signal);
}

/** A proxy's URL may hold a password: the arguments of a process that runs for days are no place for it. */
function proxyVariables(upstreamProxy: string): Readonly<Record<string, string>> {
  return upstreamProxy === "env" ? {} : { https_proxy: upstreamProxy, no_proxy: "" };
}

function flagsOf({ port, socket, requireToken, lockAfterMs }: StartProxyInput): string[] {
  return [
    ...(port === undefined ? [] : ["--port", String(port)]),
    ...(socket === undefined ? [] : ["--socket", socket]),
    ...(requireToken === true ? ["--require-token"] : []),
    ...(lockAfterMs === undefined ? [] : ["--lock-after", String(lockAfterMs / 60_000)]),
  ];
}

async function ready(
  ports: WorldWithEngine,
  child: { readonly pid: number; hasEnded(): boolean },
  signal: AbortSignal | undefined,
): Promise<ProxyState> {
  const { clock } = ports;
  for (const until = clock.monotonicMs() + READY_MS; clock.monotonicMs() < until;) {
    // In this order: what it wrote before it ended is then complete.
    const over = child.hasEnded();
    const status = await stateOf(ports);
    if (status?.pid === child.pid && await ports.localProxy.answers(status.addresses[0] ?? "", signal)) return status;
    if (over) throw await notStarted(ports);
    await clock.sleep(LOOK_MS, signal);
  }
  const path = proxyOutputPath(ports.places);
  throw new AppError("proxy_not_started", { reason: `it does not answer after ${READY_MS / 1000} s`, path });
}

/** Half-written is not yet written. */
async function stateOf(ports: WorldWithEngine): Promise<ProxyState | undefined> {
  try {
    const { running, ...state } = await proxyStatus(ports) as { running: boolean } & ProxyState;
    return running ? state : undefined;
  } catch (error) {
    if (isAppError(error, "config_damaged")) return undefined;
    throw error;
  }
}

/** The message of the JSON document that it ended with. */
async function notStarted({ files, places }: WorldWithEngine): Promise<AppError> {
  const path = proxyOutputPath(places);
  const said = fromUtf8(await files.read(path) ?? new Uint8Array());
  const message = /"message": ("(?:[^"\\]|\\.)*")/.exec(said)?.[1];
  const reason = message === undefined ? "it ended at once" : String(JSON.parse(message));
  return new AppError("proxy_not_started", { reason: reason.slice(0, MAX_QUOTE), path });
}
