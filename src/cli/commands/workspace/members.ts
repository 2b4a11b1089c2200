/** `workspace members`. @module */

import { listMembers } from "../../../usecases/list_members.ts";
import { defineCommand } from "../../command.ts";
import { printable } from "../../view/style.ts";
import { iso } from "../../view/time.ts";

export const command = defineCommand({
  detail: "As the workspace's verified log says. Compare fingerprints in person before you trust a name.",
  examples: [{ line: "agentsecrets workspace members", why: "who belongs to it" }],
  define: (command) => command,
  run: async (context) => {
    const members = await listMembers(context.world, context.signal);
    const document = {
      members: members.map((member) => ({
        user_id: member.userId,
        email: member.email ?? null,
        role: member.role,
        me: member.isMe,
        fingerprint: member.fingerprint,
        joined_at: iso(member.joinedAt),
      })),
    };
    await context.view.data(
      document,
      (style) =>
        members.map((member) =>
          `${printable(member.email ?? member.userId)} ${style.dim(`(${printable(member.role)})`)} active\n`
        ).join(""),
    );
  },
});
