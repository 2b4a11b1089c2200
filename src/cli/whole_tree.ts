/**
 * The command tree with every command loaded: for completions and the reference, which speak of all of them.
 *
 * @module
 */

import type { AnyCommand, CommandModule } from "./command.ts";
import { COMMANDS, isGroup, type Leaf, type Node } from "./registry.ts";
import { commandTree } from "./tree.ts";

/** A leaf with the words that name it. */
export interface NamedLeaf {
  readonly words: readonly string[];
  readonly leaf: Leaf;
}

/** Every leaf of the registry, in the order of the help. */
export function leaves(nodes: readonly Node[] = COMMANDS, before: readonly string[] = []): NamedLeaf[] {
  return nodes.flatMap((node) => {
    const words = [...before, node.name];
    return isGroup(node) ? leaves(node.below, words) : [{ words, leaf: node }];
  });
}

/** The tree, with the modules that it was made of. It describes; it runs nothing. */
export async function wholeTree(): Promise<{ tree: AnyCommand; loaded: ReadonlyMap<Leaf, CommandModule> }> {
  const loaded = new Map<Leaf, CommandModule>();
  for (const { leaf } of leaves()) loaded.set(leaf, (await leaf.load()).command);
  const tree = commandTree({ loaded, execute: () => Promise.resolve(), color: false, width: 100, print: () => {} });
  return { tree, loaded };
}
