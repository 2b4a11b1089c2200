/**
 * Looks for values where none may be: outputs, every file of a folder, process lists. A value counts as found raw, in
 * base64 (all alignments), in hex and percent-encoded.
 */

const encoder = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** The texts whose appearance means that `value` leaked. */
export function canaryForms(value: string): readonly string[] {
  const bytes = encoder.encode(value);
  const forms = [value, bytes.toHex(), encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
  for (const lead of [0, 1, 2]) {
    const padded = new Uint8Array(lead + bytes.length);
    padded.set(bytes, lead);
    // The first and last characters depend on the neighbours; what is between them is the value's alone.
    const text = padded.toBase64({ omitPadding: true }).slice(lead === 0 ? 0 : lead + 1, -2);
    forms.push(text, text.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return [...new Set(forms)].filter((form) => form.length >= 8);
}

/** Searches bytes and text for a set of values, each under a name that a failure may print. */
export class CanarySearch {
  readonly #needles: readonly { readonly name: string; readonly form: string }[];
  readonly #found = new Set<string>();
  /** The kernel's own threads, which have no arguments: most of what /proc lists, and looked at many times a second. */
  #kernelThreads: ReadonlySet<string> | undefined;

  constructor(values: Readonly<Record<string, string>>) {
    this.#needles = Object.entries(values).flatMap(([name, value]) =>
      canaryForms(value).map((form) => ({ name, form }))
    );
  }

  /** `<name of the value> in <place>` for every find so far, sorted. */
  get found(): readonly string[] {
    return [...this.#found].sort();
  }

  /** Searches text; `place` says where it came from. */
  text(place: string, text: string): void {
    for (const { name, form } of this.#needles) if (text.includes(form)) this.#found.add(`${name} in ${place}`);
  }

  /** Searches bytes, read as Latin-1 so that no byte is lost. */
  bytes(place: string, bytes: Uint8Array): void {
    this.text(place, latin1.decode(bytes));
  }

  /** Searches names and contents of all files below `folder`; those for which `skip` is true are left out. */
  async folder(folder: string, skip: (path: string) => boolean = () => false): Promise<void> {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      this.text(`the name of ${path}`, entry.name);
      if (entry.isDirectory) await this.folder(path, skip);
      else if (entry.isFile && !skip(path)) this.bytes(path, await Deno.readFile(path).catch(() => new Uint8Array()));
    }
  }

  /** Searches the arguments of every process (Linux; elsewhere it does nothing). */
  processes(): void {
    this.#ofProcesses("cmdline", () => "the arguments of a process");
  }

  /**
   * Searches the environment of every process, the children of `env` excepted: those are the ones that have a process named
   * `agentsecrets` or the runtime with `env` among its arguments above them (Linux; elsewhere it does nothing).
   */
  environments(): void {
    this.#ofProcesses("environ", (pid) => isBelowEnv(pid) ? undefined : `the environment of process '${nameOf(pid)}'`);
  }

  #ofProcesses(file: "cmdline" | "environ", place: (pid: string) => string | undefined): void {
    let names: string[];
    try {
      names = [...Deno.readDirSync("/proc")].map((entry) => entry.name).filter((name) => /^\d+$/.test(name));
    } catch {
      return;
    }
    this.#kernelThreads ??= new Set(names.filter(isKernelThread));
    for (const pid of names) {
      if (this.#kernelThreads.has(pid)) continue;
      try {
        const text = latin1.decode(Deno.readFileSync(`/proc/${pid}/${file}`));
        // Its place is asked for only when there is something: that takes longer than the search.
        if (!this.#needles.some(({ form }) => text.includes(form))) continue;
        const where = place(pid);
        if (where !== undefined) this.text(where, text);
      } catch { /* it ended meanwhile */ }
    }
  }
}

/** PF_KTHREAD of Linux's include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000;

function isKernelThread(pid: string): boolean {
  try {
    // The flags are the seventh word after the name, which ends with the last parenthesis (proc_pid_stat(5)).
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`), words = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(words[6]) & KERNEL_THREAD) !== 0;
  } catch {
    return false;
  }
}

function nameOf(pid: string): string {
  return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
}

/** Whether a process above this one runs our `env`. */
function isBelowEnv(pid: string): boolean {
  for (let at = parentOf(pid); at !== "0" && at !== "1"; at = parentOf(at)) {
    const words = Deno.readTextFileSync(`/proc/${at}/cmdline`).split("\0");
    if (words.includes("env") && words.some((word) => /(agentsecrets|main\.ts)$/.test(word))) return true;
  }
  return false;
}

function parentOf(pid: string): string {
  return /^PPid:\s*(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? "0";
}
