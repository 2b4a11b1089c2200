/**
 * The composition root: reads the process's surroundings, builds the adapters and hands them to the commands. Only main.ts and
 * tests import it.
 *
 * Adapters are loaded when they are first used, so a command pays for what it touches and nothing else.
 *
 * @module
 */

import type { VaultGuard } from "./adapters/keychain/guarded.ts";
import type { KeychainSettings, SealedPlace } from "./adapters/keychain/open.ts";
import type { UpstreamProxy } from "./adapters/upstream/proxy/upstream_proxy.ts";
import type { World, WorldOptions } from "./cli/context.ts";
import { VERSION } from "./cli/version.ts";
import { AppError } from "./kernel/error.ts";
import type { Secret } from "./kernel/secret.ts";
import type { AuditSink } from "./ports/audit_sink.ts";
import type { Clock } from "./ports/clock.ts";
import type { Dns } from "./ports/dns.ts";
import type { Files } from "./ports/files.ts";
import type { Keychain, KeychainState } from "./ports/keychain.ts";
import type { LocalProxy } from "./ports/local_proxy.ts";
import type { Peers, PeerUser, TcpPeer } from "./ports/peer.ts";
import type { Random } from "./ports/random.ts";
import type { SyncTransport } from "./ports/sync_transport.ts";
import type { Terminal } from "./ports/terminal.ts";
import type { Upstream } from "./ports/upstream.ts";
import type { NewVault, Vaults } from "./usecases/ports.ts";
import type { VaultChoice } from "./vault/config.ts";
import type { Places } from "./vault/places.ts";

/** Runs one command line and returns the process's exit number. */
export async function run(args: readonly string[]): Promise<number> {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
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
    secretReader: once(async () => {
      const { KeychainSecretReader } = await import("./vault/keychain_secret_reader.ts");
      return new KeychainSecretReader(await keychain());
    }),
    broker: {
      connect: async () => {
        return await new (await import("./adapters/broker/socket.ts")).UnixBrokerSocket(basis.places.brokerSocket)
          .connect();
      },
    },
    renameFolder,
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
      const listener = await (await import("./listener/listener.ts")).startListener(options);
      (await import("./adapters/process/send_at_once.ts")).sendAtOnce();
      return listener;
    },
    listenBroker: async (listener) => (await import("./listener/broker.ts")).startBroker(listener),
  };
}

/** Hides this process's memory before the first password, key or value comes into it, where the system lets us. */
async function hideMemory(): Promise<void> {
  if (Deno.build.os === "linux") (await import("./adapters/process/harden.ts")).hardenProcess();
}

/** What the adapters are built of. */
interface Basis {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly places: Places;
  readonly opened: Opened;
}

/** The keychain of this home: the one that config.json names, or the one that `init` has just made. */
class HomeVaults implements Vaults {
  readonly #basis: Basis;
  readonly #ask: WorldOptions;
  #current: Promise<Keychain> | undefined;
  #sealed = false;

  constructor(basis: Basis, ask: WorldOptions) {
    this.#basis = basis;
    this.#ask = ask;
  }

  current(): Promise<Keychain> {
    if (this.#current === undefined) {
      const opening = this.#ofConfiguration();
      this.#current = opening;
      // A process that lives long asks again: meanwhile a person may have made the account or unlocked the keychain.
      opening.catch(() => this.#current === opening && (this.#current = undefined));
    }
    return this.#current;
  }

  async probeSystem(signal?: AbortSignal): Promise<KeychainState> {
    return await (await import("./adapters/keychain/open.ts")).probeSystemKeychain(signal);
  }

  async make(profile: string, vault: NewVault): Promise<Keychain> {
    const made = await this.makeBeside(profile, vault);
    this.#current = Promise.resolve(made);
    return made;
  }

  async makeBeside(profile: string, vault: NewVault): Promise<Keychain> {
    const { createKeychain, openKeychain } = await import("./adapters/keychain/open.ts");
    await this.#guard(vault);
    const passphrase = vault.kind === "file" && vault.unlock !== "key-file"
      ? () => Promise.resolve(vault.passphrase.clone())
      : this.#ask.vaultPassphrase;
    const settings = await this.#settings(profile, vault, passphrase);
    await createKeychain(settings);
    return await openKeychain(settings);
  }

  async discard(profile: string, vault: VaultChoice, signal?: AbortSignal): Promise<void> {
    const { discardKeychain } = await import("./adapters/keychain/open.ts");
    await discardKeychain({ ...await this.#place(profile, vault), vault }, signal);
  }

  async open(profile: string, vault: VaultChoice): Promise<Keychain> {
    const { openKeychain } = await import("./adapters/keychain/open.ts");
    const guard = await this.#guardOf(profile, vault);
    return await openKeychain({ ...await this.#settings(profile, vault, () => this.#typed(vault)), guard });
  }

  async announcePassword(profile: string, current: Secret, next: Secret): Promise<void> {
    const { announcePassword } = await import("./adapters/keychain/open.ts");
    await announcePassword(await this.#place(profile, await this.#chosen()), current, next);
  }

  async settlePassword(profile: string): Promise<void> {
    const { settlePassword } = await import("./adapters/keychain/open.ts");
    await settlePassword(await this.#place(profile, await this.#chosen()));
  }

  async remakeSealed(profile: string, password: Secret): Promise<Keychain> {
    using owned = password;
    const chosen = await this.#chosen();
    const { folder: path } = await this.#place(profile, chosen);
    const stamp = new Date(this.#basis.clock.now()).toISOString().replace(/\D/g, "").slice(0, 17);
    if (await this.#basis.files.exists(path)) await renameFolder(path, `${path}.before-${stamp}`);
    const folder = chosen.kind === "file" && chosen.folder !== undefined ? { folder: chosen.folder } : {};
    return await this.make(profile, { kind: "file", unlock: "password", passphrase: owned.clone(), ...folder });
  }

  seal(): void {
    this.#sealed = true;
    this.#current?.then((keychain) => {
      if (Symbol.dispose in keychain) (keychain as Keychain & Disposable)[Symbol.dispose]();
    }, () => {});
  }

  /** What opens the vault, from a person or a flag; nothing any more once it was sealed. */
  async #typed(vault: VaultChoice): Promise<Secret> {
    if (this.#sealed) throw new AppError("vault_sealed");
    if (vault.kind !== "file" || vault.unlock !== "password") return await this.#ask.vaultPassphrase();
    await this.#guard(vault);
    return await this.#ask.password();
  }

  /** A sealed vault opens only where no other program can look on. */
  async #guard(vault: VaultChoice): Promise<void> {
    if (vault.kind !== "file" || vault.unlock !== "password") return;
    await (await import("./adapters/process/harden.ts")).requireHardProcess();
  }

  async #ofConfiguration(): Promise<Keychain> {
    const { requireConfig } = await import("./vault/config.ts");
    const config = await requireConfig(this.#basis.files, this.#basis.places);
    return await this.open(config.profile, config.vault);
  }

  /** The vault that config.json names now. */
  async #chosen(): Promise<VaultChoice> {
    return (await (await import("./vault/config.ts")).requireConfig(this.#basis.files, this.#basis.places)).vault;
  }

  async #guardOf(profile: string, vault: VaultChoice): Promise<VaultGuard> {
    const [{ isSameVault, readConfig }, { lockPath }] = await Promise.all([
      import("./vault/config.ts"),
      import("./vault/places.ts"),
    ]);
    const { files, places } = this.#basis;
    const inForce = async (): Promise<boolean> => {
      const config = await readConfig(files, places);
      return config === undefined || (config.profile === profile && isSameVault(config.vault, vault));
    };
    return { files, lockPath: lockPath(places, "vault"), inForce };
  }

  async #settings(
    profile: string,
    vault: VaultChoice | NewVault,
    passphrase: () => Promise<Secret>,
  ): Promise<KeychainSettings> {
    const unlock = vault.kind === "file" ? { unlock: vault.unlock } : {};
    return { ...await this.#place(profile, vault), vault: { kind: vault.kind, ...unlock }, passphrase };
  }

  async #place(profile: string, vault: VaultChoice | NewVault): Promise<SealedPlace> {
    const { files, random, places } = this.#basis;
    return { profile, folder: (await import("./vault/config.ts")).vaultFolderOf(places, vault), files, random };
  }
}

/** The way to the server that config.json names; before `init` the embedded one. */
async function openTransport(basis: Basis, authorities: string | undefined): Promise<SyncTransport> {
  const { EMBEDDED_ORIGIN, readConfig } = await import("./vault/config.ts");
  const config = await readConfig(basis.files, basis.places);
  const origin = config?.server ?? EMBEDDED_ORIGIN;
  const transport = origin === EMBEDDED_ORIGIN
    ? await embeddedTransport(basis, config !== undefined)
    : await httpsTransport(basis, origin, authorities);
  basis.opened.add(() => transport.close());
  return transport;
}

/** The server in this process. With an account there was a database: a missing one is damage then, not a beginning. */
async function embeddedTransport(basis: Basis, mustExist: boolean): Promise<SyncTransport> {
  const transport = await import("./adapters/sync_transport/embedded.ts");
  const { clock, random, files, places } = basis;
  return new transport.EmbeddedTransport(async () => {
    const [{ SqliteBlobStore }, { createSyncServer }] = await Promise.all([
      import("./adapters/blob_store/sqlite.ts"),
      import("./server/app.ts"),
    ]);
    await files.makeFolder(places.home);
    const store = await SqliteBlobStore.open({ path: places.database, suffix: random(8).toHex(), clock, mustExist });
    const handle = createSyncServer({
      store: () => Promise.resolve(store),
      clock,
      random,
      origin: transport.EMBEDDED_ORIGIN,
      registration: { kind: "open" },
      version: VERSION,
      showStorageFailures: true,
    });
    return { handle, close: () => store.close() };
  });
}

async function httpsTransport(
  { files }: Basis,
  origin: string,
  authorities: string | undefined,
): Promise<SyncTransport> {
  const { HttpsTransport } = await import("./adapters/sync_transport/https.ts");
  return new HttpsTransport(origin, { caCerts: await authoritiesIn(files, authorities) });
}

async function openUpstream(
  { files, places, opened }: Basis,
  { authorities, inherited }: Surroundings,
  upstreamProxy: string | undefined,
): Promise<Upstream> {
  const [{ PinnedUpstream }, { readConfig }] = await Promise.all([
    import("./adapters/upstream/pinned.ts"),
    import("./vault/config.ts"),
  ]);
  const caCerts = await authoritiesIn(files, authorities);
  const asked = upstreamProxy ?? (await readConfig(files, places))?.proxy.upstreamProxy;
  const upstream = new PinnedUpstream({
    caCerts,
    proxy: asked === undefined ? undefined : await openUpstreamProxy(asked, inherited, caCerts),
    userAgent: `agentsecrets/${VERSION}`,
  });
  opened.add(() => upstream.close());
  return upstream;
}

/** The proxy that the person asked for; undefined when it was to come from the environment and is not there. */
async function openUpstreamProxy(
  asked: string,
  inherited: Readonly<Record<string, string>>,
  caCerts: readonly string[],
): Promise<UpstreamProxy | undefined> {
  const [{ proxySettings }, { UpstreamProxy }] = await Promise.all([
    import("./adapters/upstream/proxy/settings.ts"),
    import("./adapters/upstream/proxy/upstream_proxy.ts"),
  ]);
  const settings = proxySettings(asked, inherited);
  return settings === undefined ? undefined : new UpstreamProxy(settings, caCerts);
}

/** The PEM text that SSL_CERT_FILE names. A name without a file is an error: silence would mean other trust than was asked for. */
async function authoritiesIn(files: Files, path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return [];
  const pem = await files.read(path);
  if (pem === undefined) {
    throw new AppError("file_unreadable", { path, reason: "SSL_CERT_FILE names it and there is no such file" });
  }
  return [new TextDecoder().decode(pem)];
}

async function openLocalProxy(): Promise<LocalProxy> {
  return new (await import("./adapters/local_proxy/http.ts")).HttpLocalProxy();
}

async function openAuditSink({ places, opened }: Basis): Promise<AuditSink> {
  const [{ FileAuditSink }, { lockPath }] = await Promise.all([
    import("./adapters/audit_sink/file.ts"),
    import("./vault/places.ts"),
  ]);
  const sink = new FileAuditSink({ path: places.proxyLog, lockPath: lockPath(places, "audit") });
  opened.add(() => sink.close());
  return sink;
}

/** @throws {AppError} `file_exists`, `file_unwritable` */
async function renameFolder(from: string, to: string): Promise<void> {
  // rename(2) replaces an empty folder without a word.
  const taken = await Deno.lstat(to).then(() => true, () => false);
  if (taken) throw new AppError("file_exists", { path: to });
  try {
    await Deno.rename(from, to);
  } catch (error) {
    throw new AppError("file_unwritable", { path: to, reason: "it cannot be moved there" }, { cause: error });
  }
}

/** The host's name as a device label: printable, at most 64 characters. */
function machineName(): string {
  try {
    return Deno.hostname().replace(/[^\x20-\x7e]/g, "?").slice(0, 64) || "this machine";
  } catch {
    return "this machine";
  }
}

/** What was opened during the command, to be closed in reverse when it ends. */
class Opened {
  readonly #closers: (() => Promise<void> | void)[] = [];

  add(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  /** Closes everything; what fails to close is let go with the process. */
  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) {
      try {
        await close();
      } catch {
        // Nothing was acknowledged that is not durable, so an unclean close loses nothing.
      }
    }
  }
}

async function openDns(clock: Clock): Promise<Dns> {
  const [{ RecentDns }, { SystemDns }] = await Promise.all([
    import("./adapters/dns/recent.ts"),
    import("./adapters/dns/system.ts"),
  ]);
  return new RecentDns(new SystemDns(), clock);
}

/** Opened by the first question. */
class LazyPeers implements Peers {
  readonly #open = once(openPeers);
  #peers: Peers | undefined;

  async userOf(peer: TcpPeer): Promise<PeerUser> {
    this.#peers ??= await this.#open();
    return await this.#peers.userOf(peer);
  }

  isOpen(peer: TcpPeer): boolean | undefined {
    return this.#peers?.isOpen(peer);
  }
}

async function openPeers(): Promise<Peers> {
  const [{ SystemPeers }, { openSocketOwners }] = await Promise.all([
    import("./adapters/peer/system.ts"),
    import("./adapters/process/socket_owners.ts"),
  ]);
  return new SystemPeers({ kernel: openSocketOwners });
}

/** The first call makes it, later calls get the same; one that failed is forgotten. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    if (made === undefined) {
      made = make();
      made.catch(() => made = undefined);
    }
    return made;
  };
}
