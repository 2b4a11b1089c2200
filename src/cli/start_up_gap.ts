/**
 * Says what a sealed vault cannot close on this machine, wherever a person decides about one.
 *
 * @module
 */

import { startUpGap } from "../usecases/broker/start_up_gap.ts";
import type { CommandContext } from "./context.ts";

/** Nothing for a home that is not sealed, and on a machine that leaves no gap. */
export async function warnOfGap({ world, view }: CommandContext): Promise<void> {
  const gap = await startUpGap(world);
  if (gap !== undefined) await view.warn(`${gap.message}. ${gap.hint}`);
}
