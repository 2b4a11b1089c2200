/** Project Wycheproof's vectors, which lie beside the project: tests that want them skip, and say so, where they are absent. */
import { root } from "../architecture/sources.ts";

/** One vector: hex fields and numbers as the file has them, with its group's. */
export interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
  // deno-lint-ignore no-explicit-any -- each file has fields of its own
  readonly [field: string]: any;
}

const FOLDER = new URL("../shared/vectors/wycheproof/", root);

/** The vectors of `file`, each with the fields of its group, or undefined where the folder is absent. */
export function wycheproof(file: string): Vector[] | undefined {
  let text: string;
  try {
    text = Deno.readTextFileSync(new URL(file, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const groups = JSON.parse(text).testGroups as readonly Readonly<Record<string, unknown>>[];
  return groups.flatMap(({ tests, ...group }) => (tests as Vector[]).map((test) => ({ ...group, ...test })));
}

/** A test over `file`, visibly ignored where the vectors are absent. */
export function wycheproofTest(name: string, file: string, run: (vectors: readonly Vector[]) => void): void {
  const vectors = wycheproof(file);
  const shown = vectors === undefined ? `${name} (skipped: ../shared/vectors/wycheproof is absent)` : name;
  Deno.test({ name: shown, ignore: vectors === undefined, fn: () => run(vectors!) });
}
