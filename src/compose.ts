/**
 * The composition root: reads the process's surroundings, builds the adapters and hands them to the commands. Only main.ts and
 * tests import it.
 *
 * Adapters are loaded when they are first used, so a command pays for what it touches and nothing else.
 *
 * @module
 */

import type { World, WorldOptions } from "./cli/context.ts";
import { asksVersion, VERSION } from "./cli/version.ts";
import { type Basis, once, Opened } from "./compose/basis.ts";
import {
  LazyPeers,
  openAuditSink,
  openDns,
  openLocalProxy,
  openUpstream,
  openUpstreamProxy,
} from "./compose/engine_parts.ts";
import { HomeVaults } from "./compose/home_vaults.ts";
import { openTransport } from "./compose/transport.ts";
import { AppError } from "./kernel/error.ts";
import type { Keychain } from "./ports/keychain.ts";
import type { Terminal } from "./ports/terminal.ts";

/** Runs one command line and returns the process's exit number. */
export async function run(args: readonly string[]): Promise<number> {
  if (asksVersion(args)) {
    await Deno.stdout.write(new TextEncoder().encode(`${VERSION}\n`));
    return 0;
  }
  const surroundings = readSurroundings();
  const interruption = listenForInterruption();
  const [{ SystemTerminal }, { runProgram }] = await Promise.all([
    import("./adapters/terminal/system.ts"),
    import("./cli/program.ts"),
  ]);
  const terminal = new SystemTerminal({ plain: surroundings.plain, interrupt: () => interruption.begin(130) });
  const opened = new Opened();
  try {
    return await runProgram(args, {
      terminal,
      signal: interruption.signal,
      interruptedExit: interruption.exit,
      debug: surroundings.debug,
      makeWorld: (options) => buildWorld(surroundings, terminal, opened, options),
    });
  } finally {
    await opened.close();
    interruption.end();
  }
}

/** What the environment says. */
interface Surroundings {
  /** Absolute. */
  readonly home: string;
  readonly plain: boolean;
  readonly debug: boolean;
  /** The environment as it was found. */
  readonly inherited: Readonly<Record<string, string>>;
  /** Path of a PEM file with more authorities. */
  readonly authorities: string | undefined;
}

/** Reads the environment once, and removes what would steer the runtime behind our back. */
function readSurroundings(): Surroundings {
  // DENO_SERVE_ADDRESS moves a listener to another address and *_PROXY reroutes every request, loopback included: either
  // would let whoever sets a variable open the proxy to the network or receive its traffic.
  // Programs that `env` runs are the person's: they inherit what the person set.
  const inherited = Deno.env.toObject();
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]) {
    Deno.env.delete(name);
    Deno.env.delete(name.toLowerCase());
  }
  Deno.env.delete("DENO_SERVE_ADDRESS");
  const person = Deno.env.get("HOME") ?? Deno.env.get("USERPROFILE");
  const home = Deno.env.get("AGENTSECRETS_HOME") || (person ? `${person}/.agentsecrets` : "");
  return {
    home: absolute(home),
    plain: (Deno.env.get("NO_COLOR") ?? "") !== "" || Deno.env.get("TERM") === "dumb",
    debug: Deno.env.get("AGENTSECRETS_DEBUG") === "1",
    inherited,
    authorities: absolute(Deno.env.get("SSL_CERT_FILE") ?? "") || undefined,
  };
}

/** `path` from the root; an empty one stays empty. */
function absolute(path: string): string {
  const rooted = path === "" || path.startsWith("/") || /^[A-Za-z]:[\\/]/.test(path) || path.startsWith("\\\\");
  return rooted ? path : `${Deno.cwd()}/${path}`;
}

/** A request to end, from Ctrl-C or the system. */
interface Interruption {
  readonly signal: AbortSignal;
  /** The exit number that the request asks for; undefined while there was none. */
  exit(): number | undefined;
  begin(exit: number): void;
  end(): void;
}

/** Turns SIGINT, SIGTERM and SIGHUP into one AbortSignal. */
function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let exit: number | undefined;
  const begin = (wanted: number): void => {
    exit ??= wanted;
    controller.abort(new AppError("cancelled"));
  };
  const handlers: (readonly [Deno.Signal, () => void])[] = Deno.build.os === "windows"
    ? [["SIGINT", () => begin(130)]]
    : [["SIGINT", () => begin(130)], ["SIGTERM", () => begin(143)], ["SIGHUP", () => begin(129)]];
  for (const [signal, handler] of handlers) Deno.addSignalListener(signal, handler);
  return {
    signal: controller.signal,
    exit: () => exit,
    begin,
    end: () => handlers.forEach(([signal, handler]) => Deno.removeSignalListener(signal, handler)),
  };
}

/** The world of one command. Nothing is opened until it is asked for. */
async function buildWorld(
  surroundings: Surroundings,
  terminal: Terminal,
  opened: Opened,
  options: WorldOptions,
): Promise<World> {
  if (surroundings.home === "") {
    throw new AppError("usage", { problem: "Cannot tell the home folder: set AGENTSECRETS_HOME or HOME" });
  }
  await hideMemory();
  // A typing error is said now, not with the first call.
  if (options.upstreamProxy !== undefined) await openUpstreamProxy(options.upstreamProxy, surroundings.inherited, []);
  const [
    { SystemClock },
    { systemRandom: random },
    { DiskFiles },
    { SystemProcesses },
    { SystemSurroundings },
    { placesOf },
  ] = await Promise.all([
    import("./adapters/clock/system.ts"),
    import("./adapters/random/system.ts"),
    import("./adapters/files/disk.ts"),
    import("./adapters/process/system.ts"),
    import("./adapters/surroundings/system.ts"),
    import("./vault/places.ts"),
  ]);
  const clock = new SystemClock();
  const files = new DiskFiles(random, clock);
  const basis: Basis = { clock, random, files, places: placesOf(surroundings.home), opened };
  const vaults = new HomeVaults(basis, options);
  const keychain = (): Promise<Keychain> => vaults.current();
  const dns = once(() => openDns(clock));
  return {
    ...basis,
    terminal,
    workingFolder: Deno.cwd(),
    machine: { name: machineName(), system: Deno.build.os },
    vaults,
    keychain,
    transport: once(() => openTransport(basis, surroundings.authorities)),
    secretReader: async () => {
      const { KeychainSecretReader } = await import("./vault/keychain_secret_reader.ts");
      return new KeychainSecretReader(await keychain());
    },
    broker: {
      connect: async () => {
        return await new (await import("./adapters/broker/socket.ts")).UnixBrokerSocket(basis.places.brokerSocket)
          .connect();
      },
    },
    renameFolder: async (from, to) => {
      await (await import("./adapters/files/rename_folder.ts")).renameFolder(from, to);
    },
    processes: new SystemProcesses(surroundings.inherited),
    peers: new LazyPeers(),
    localProxy: {
      answers: async (...args) => await (await openLocalProxy()).answers(...args),
      forget: async (...args) => await (await openLocalProxy()).forget(...args),
    },
    background: {
      start: async (command) => {
        return await new (await import("./adapters/process/background.ts")).SystemBackground(surroundings.inherited)
          .start(command);
      },
    },
    dns: { resolve: async (host, signal) => await (await dns()).resolve(host, signal) },
    ...(options.upstreamProxy === undefined ? {} : { upstreamProxy: options.upstreamProxy }),
    upstream: once(() => openUpstream(basis, surroundings, options.upstreamProxy)),
    auditSink: once(() => openAuditSink(basis)),
    surroundings: new SystemSurroundings(surroundings.inherited),
    serveMcp: async (ports, mcp, signal) => (await import("./mcp/serve.ts")).serveMcp(ports, mcp, signal),
    debug: surroundings.debug,
    listen: async (options) => {
      const [{ startListener }, { SystemListeningSockets }] = await Promise.all([
        import("./listener/listener.ts"),
        import("./adapters/process/listening_sockets.ts"),
      ]);
      return await startListener(options, new SystemListeningSockets());
    },
    listenBroker: async (listener) => (await import("./listener/broker.ts")).startBroker(listener),
  };
}

/** Hides this process's memory before the first password, key or value comes into it, where the system lets us. */
async function hideMemory(): Promise<void> {
  if (Deno.build.os === "linux") (await import("./adapters/process/harden.ts")).hardenProcess();
}

/** The host's name as a device label: printable, at most 64 characters. */
function machineName(): string {
  try {
    return Deno.hostname().replace(/[^\x20-\x7e]/g, "?").slice(0, 64) || "this machine";
  } catch {
    return "this machine";
  }
}
