/**
 * A private D-Bus session with a real gnome-keyring, in a folder of its own. Nothing of it reaches the person's session, and
 * nothing of it is left when it is disposed of. libsecret takes the session from the process's environment, once: programs
 * under test run as children with {@linkcode Session.env}.
 */
import { join } from "node:path";
import { type Ended, feed, runToEnd } from "./child.ts";

const PASSWORD = "keyring password";
/** A keyring that is not on the bus by then does not come up, however busy the machine is, in ms. */
const UP_MS = 60_000;
/** A bus that anyone of this user may use and that starts no service by itself. */
const BUS_CONFIG = (socket: string): string =>
  `<!DOCTYPE busconfig PUBLIC
 "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>`;

async function runs(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Why there can be no session here, or undefined when there can. */
export async function missingForKeyring(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "the Secret Service is Linux's";
  if (!await runs("dbus-daemon", "--version")) return "dbus is not installed";
  if (!await runs("gnome-keyring-daemon", "--version")) return "gnome-keyring is not installed";
  // `secret-tool --version` prints its usage and fails, but it runs.
  const tool = await new Deno.Command("secret-tool", { stdout: "null", stderr: "null" }).output().catch(() =>
    undefined
  );
  return tool === undefined ? "libsecret-tools is not installed" : undefined;
}

/** A D-Bus session, with or without a keyring. */
export class KeyringSession implements AsyncDisposable {
  /** The environment of programs in the session; nothing else of ours is in it but PATH and Deno's folders. */
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #bus: Deno.ChildProcess;
  #keyring: Deno.ChildProcess | undefined;

  private constructor(folder: string, bus: Deno.ChildProcess) {
    this.#folder = folder;
    this.#bus = bus;
    const kept = ["PATH", "DENO_DIR", "DENO_TLS_CA_STORE", "DENO_CERT"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    // Deno's cache is looked for in the home, which is another one here.
    const cache = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache/deno");
    this.env = {
      ...Object.fromEntries(kept),
      DENO_DIR: cache,
      HOME: folder,
      XDG_RUNTIME_DIR: join(folder, "runtime"),
      XDG_DATA_HOME: join(folder, "data"),
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_CACHE_HOME: join(folder, "cache"),
      DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(folder, "bus")}`,
      NO_COLOR: "1",
    };
  }

  /** Starts a bus with nothing on it. */
  static async start(): Promise<KeyringSession> {
    const folder = await Deno.makeTempDir({ prefix: "as-keyring-" });
    for (const name of ["runtime", "data", "config", "cache"]) await Deno.mkdir(join(folder, name), { mode: 0o700 });
    await Deno.writeTextFile(join(folder, "bus.conf"), BUS_CONFIG(join(folder, "bus")));
    const bus = new Deno.Command("dbus-daemon", {
      args: [`--config-file=${join(folder, "bus.conf")}`, "--nofork", "--print-address=1"],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    // The address is printed when the socket listens.
    const reader = bus.stdout.getReader();
    await reader.read();
    await reader.cancel();
    return new KeyringSession(folder, bus);
  }

  /** Starts a bus and an unlocked keyring on it. */
  static async startUnlocked(): Promise<KeyringSession> {
    const session = await KeyringSession.start();
    await session.startKeyring({ unlocked: true });
    return session;
  }

  /** Starts gnome-keyring: unlocked, which makes the default keyring the first time, or as after a reboot. */
  async startKeyring({ unlocked }: { readonly unlocked: boolean }): Promise<void> {
    const keyring = new Deno.Command("gnome-keyring-daemon", {
      args: ["--foreground", "--components=secrets", ...(unlocked ? ["--unlock"] : [])],
      env: { ...this.env },
      clearEnv: true,
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await feed(keyring, unlocked ? PASSWORD : "");
    this.#keyring = keyring;
    const has = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner"];
    const begun = performance.now();
    while (performance.now() - begun < UP_MS) {
      const answer = await this.#call(has[0]!, has[1]!, has[2]!, "string:org.freedesktop.secrets");
      if (answer.includes("boolean true")) return;
    }
    throw new Error("gnome-keyring does not come up");
  }

  /** Ends gnome-keyring with SIGKILL, as a crash does. */
  async stopKeyring(): Promise<void> {
    const keyring = this.#keyring;
    this.#keyring = undefined;
    try {
      keyring?.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
    await keyring?.status;
  }

  /** Sends a signal to gnome-keyring: SIGSTOP makes a service that is there and says nothing. */
  signalKeyring(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#keyring?.kill(signal);
  }

  /** Ends the bus, and with it the session. */
  async stopBus(): Promise<void> {
    await this.stopKeyring();
    try {
      this.#bus.kill("SIGKILL");
    } catch {
      // It ended by itself, or was ended before.
    }
    await this.#bus.status;
  }

  /** Locks the default keyring. */
  async lock(): Promise<void> {
    const path = "/org/freedesktop/secrets";
    const collection = `array:objpath:${path}/collection/login`;
    await this.#call("org.freedesktop.secrets", path, "org.freedesktop.Secret.Service.Lock", collection);
  }

  /** Runs a program in the session; `stdin` is what it reads. */
  async run(program: string, args: readonly string[], stdin = ""): Promise<Ended> {
    return await runToEnd(program, { args: [...args], env: { ...this.env }, clearEnv: true }, stdin);
  }

  async #call(destination: string, path: string, method: string, ...args: string[]): Promise<string> {
    const send = ["--session", "--print-reply", `--dest=${destination}`, path, method, ...args];
    return (await this.run("dbus-send", send)).stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopBus();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
