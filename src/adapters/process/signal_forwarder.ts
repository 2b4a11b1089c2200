/**
 * Signals to this process, passed on to the child that it runs.
 *
 * @module
 */

/** Sent on to the child wherever they come from. */
const FORWARDED: readonly Deno.Signal[] = ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"];
/** A terminal sends these to the child itself; passed on as well, it would get them twice. */
const FROM_TERMINAL: readonly Deno.Signal[] = ["SIGINT", "SIGQUIT"];
/** Those that ask for an end. */
const ENDING: ReadonlySet<Deno.Signal> = new Set(["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"]);

/** Passes signals on to a child; those that come before it exists reach it when it does. */
export class SignalForwarder {
  readonly #handlers: { readonly signal: Deno.Signal; readonly handle: () => void }[] = [];
  readonly #early: Deno.Signal[] = [];
  #child: Deno.ChildProcess | undefined;
  #onEnding: (() => void) | undefined;

  /** Begins to catch signals. */
  listen(): void {
    if (Deno.build.os === "windows") return;
    const atTerminal = [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) => stream.isTerminal());
    for (const signal of [...FORWARDED, ...FROM_TERMINAL]) {
      const fromTerminal = atTerminal && FROM_TERMINAL.includes(signal);
      const handle = (): void => this.#take(signal, fromTerminal);
      Deno.addSignalListener(signal, handle);
      this.#handlers.push({ signal, handle });
    }
  }

  /** The child is there. */
  to(child: Deno.ChildProcess): void {
    this.#child = child;
    for (const signal of this.#early.splice(0)) this.#pass(signal);
  }

  /** The child has ended: a signal that asks for an end is for us from now on. Resolves when one comes. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEnding = resolve;
    });
  }

  /** Lets signals do again what they did before. */
  stop(): void {
    for (const { signal, handle } of this.#handlers) Deno.removeSignalListener(signal, handle);
  }

  #take(signal: Deno.Signal, fromTerminal: boolean): void {
    if (this.#onEnding !== undefined) {
      if (ENDING.has(signal)) this.#onEnding();
    } else if (!fromTerminal) this.#pass(signal);
  }

  #pass(signal: Deno.Signal): void {
    if (this.#child === undefined) return void this.#early.push(signal);
    try {
      this.#child.kill(signal);
    } catch {
      // It has just ended.
    }
  }
}
