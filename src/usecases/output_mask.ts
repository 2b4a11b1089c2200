/**
 * What a program with secrets prints, without them: every value of its environment is looked for, those it was not given too, since
 * it may find them in a `.env` file.
 *
 * @module
 */

import type { SecretScope } from "../ports/secret_reader.ts";
import { createRedactor, type RedactionStream, type Redactor } from "../proxy/redact/redactor.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** Masks any number of streams. Reads the values when the first is asked for; disposing of it wipes them. */
export class OutputMask implements Disposable {
  readonly #ports: Pick<WorldWithEngine, "secretReader">;
  readonly #scope: SecretScope;
  readonly #signal: AbortSignal | undefined;
  #redactor: Redactor | undefined;

  constructor(ports: Pick<WorldWithEngine, "secretReader">, scope: SecretScope, signal?: AbortSignal) {
    this.#ports = ports;
    this.#scope = scope;
    this.#signal = signal;
  }

  /** The mask of one stream. @throws {AppError} the keychain's codes */
  async stream(): Promise<RedactionStream> {
    this.#redactor ??= await this.#compile();
    return this.#redactor.stream();
  }

  [Symbol.dispose](): void {
    this.#redactor?.dispose();
    this.#redactor = undefined;
  }

  async #compile(): Promise<Redactor> {
    using secrets = await (await this.#ports.secretReader()).lendAll(this.#scope, this.#signal);
    return createRedactor([...secrets.values.values()]);
  }
}
