/**
 * The main job, end to end, through the real program: init → project → secret → allowlist → an authenticated call to a real
 * local TLS upstream that echoes the credential → the redacted answer → the audit record → its verification. Then a search
 * for the values everywhere. The demonstration prints it; tests/e2e asserts it for each program and vault.
 */
import { CanarySearch } from "./canary.ts";
import { type Ended, endOf, feed } from "./child.ts";
import { startUpstream } from "./upstream.ts";

/** What to run it with. */
export interface MainJobOptions {
  /** The program and its leading arguments, such as `["/usr/local/bin/agentsecrets"]`. */
  readonly program: readonly string[];
  /** Arguments of `init` that choose the vault. */
  readonly vault: readonly string[];
  /** Environment besides HOME, PATH and AGENTSECRETS_HOME, such as the address of a private D-Bus session. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called after each step. */
  readonly onStep?: (step: MainJobStep) => void;
}

/** One command of the job, as it ran. */
export interface MainJobStep extends Ended {
  readonly title: string;
  /** Arguments after the program. */
  readonly args: readonly string[];
}

/** What the job showed. */
export interface MainJobResult {
  readonly steps: readonly MainJobStep[];
  /** Authorization headers that the upstream received, for comparing with the value that was stored. */
  readonly credentialArrived: boolean;
  /** Where a value was found although none may be there; empty when all is well. */
  readonly leaks: readonly string[];
}

/** Runs the whole job in temporary folders, which are gone afterwards. Never touches the person's real home. */
export async function runMainJob(options: MainJobOptions): Promise<MainJobResult> {
  const base = await Deno.makeTempDir({ prefix: "agentsecrets-job-" });
  const upstream = await startUpstream();
  const random = crypto.getRandomValues(new Uint8Array(15)).toHex();
  const value = `sk_demo_${random}`;
  const password = `correct-horse-${random.slice(0, 12)}`;
  const canary = new CanarySearch({ "the secret's value": value, "the password": password });
  const [home, project] = [`${base}/home`, `${base}/my-app`];
  const steps: MainJobStep[] = [];
  try {
    await Deno.mkdir(home);
    await Deno.mkdir(project);
    await Deno.writeTextFile(`${base}/ca.pem`, upstream.caPem);
    const env = {
      PATH: Deno.env.get("PATH") ?? "",
      ...options.env,
      HOME: home,
      AGENTSECRETS_HOME: `${home}/.agentsecrets`,
      SSL_CERT_FILE: `${base}/ca.pem`,
      NO_COLOR: "1",
      ...(Deno.env.get("DENO_DIR") === undefined ? {} : { DENO_DIR: Deno.env.get("DENO_DIR")! }),
    };
    const step = async (title: string, args: readonly string[], stdin = ""): Promise<MainJobStep> => {
      const [program, ...lead] = options.program;
      const child = new Deno.Command(program!, {
        args: [...lead, ...args],
        cwd: project,
        env,
        clearEnv: true,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      await feed(child, stdin);
      const watch = setInterval(() => canary.processes(), 5);
      const ended = await endOf(child);
      clearInterval(watch);
      const done = { title, args, ...ended };
      steps.push(done);
      canary.text(`the output of ${args.slice(0, 3).join(" ")}`, done.stdout + done.stderr);
      options.onStep?.(done);
      return done;
    };
    const init = ["init", "--email", "you@example.com", "--password-stdin", "--storage-mode", "1"];
    await step("Set up an account; the Emergency Kit goes to a file of your own", [
      ...init,
      "--kit",
      `${home}/kit.txt`,
      ...options.vault,
    ], `${password}\n`);
    await step("Create a project", ["project", "create", "my-app"]);
    await step("Store a credential; it comes in on standard input", ["secrets", "set", "DEMO_KEY", "--stdin"], value);
    await step("The agent sees names, never values", ["secrets", "list"]);
    await step("Without the person's word nothing goes out", [
      "call",
      "--url",
      `${upstream.origin}/echo`,
      "--bearer",
      "DEMO_KEY",
    ]);
    await step("The person allows one origin, with the password", [
      "workspace",
      "allowlist",
      "add",
      upstream.origin,
      "--password-stdin",
    ], `${password}\n`);
    const before = upstream.requests.length;
    await step("The agent calls; the upstream echoes the credential; the answer comes back redacted", [
      "call",
      "--url",
      `${upstream.origin}/echo`,
      "--bearer",
      "DEMO_KEY",
    ]);
    await step("An agent asks in JSON", [
      "call",
      "--url",
      `${upstream.origin}/echo`,
      "--header",
      "X-Api-Key=DEMO_KEY",
      "--json",
    ]);
    await step("What happened is on record", ["proxy", "logs", "--last", "5", "--output", "text"]);
    await step("and the record can be proven", ["proxy", "logs", "--verify"]);
    const arrived = upstream.requests.slice(before);
    const credentialArrived = arrived.length === 2 && arrived[0]!.headers["authorization"] === `Bearer ${value}` &&
      arrived[1]!.headers["x-api-key"] === value;
    await canary.folder(base);
    return { steps, credentialArrived, leaks: canary.found };
  } finally {
    await upstream.close();
    await Deno.remove(base, { recursive: true }).catch(() => {});
  }
}
