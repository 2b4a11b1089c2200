/**
 * Leaves in the working folder what tells AI assistants how to work with names (src/usecases/teach_agents.ts): where an account or a
 * project begins, so that it lies in the folder that an agent is started in.
 *
 * @module
 */

import { toAppError } from "../kernel/error.ts";
import { teachAgents, type TeachAgentsResult } from "../usecases/teach_agents.ts";
import type { CommandContext } from "./context.ts";

/** Missing rights in the working folder do not undo what was made: the failure is shown as a warning. */
export async function teach(context: CommandContext): Promise<TeachAgentsResult> {
  try {
    return await teachAgents(context.world);
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code === "internal") throw error;
    await context.view.warn(failure.message);
    return { written: [], kept: [] };
  }
}
