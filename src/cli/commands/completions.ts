/** `completions`. @module */

import { AppError } from "../../kernel/error.ts";
import { defineCommand } from "../command.ts";
import { bashScript } from "../completions/bash.ts";
import { fishScript } from "../completions/fish.ts";
import { powershellScript } from "../completions/powershell.ts";
import { completionsOf } from "../completions/words.ts";
import { zshScript } from "../completions/zsh.ts";
import { PROGRAM } from "../tree.ts";
import { wholeTree } from "../whole_tree.ts";

const SCRIPTS = new Map([
  ["bash", bashScript],
  ["zsh", zshScript],
  ["fish", fishScript],
  ["powershell", powershellScript],
]);

export const command = defineCommand({
  detail: "The script is static: pressing Tab starts no program and hands what you typed to nobody.",
  examples: [
    { line: "source <(agentsecrets completions bash)", why: "in ~/.bashrc; the same with zsh in ~/.zshrc" },
    { line: "agentsecrets completions fish > ~/.config/fish/completions/agentsecrets.fish", why: "for fish" },
  ],
  define: (command) => command.argument("<shell>", "bash, zsh, fish or powershell"),
  run: async (context, _options, shell) => {
    const script = SCRIPTS.get(shell);
    if (script === undefined) {
      throw new AppError("usage", {
        problem: "Cannot make completions for this shell: it takes bash, zsh, fish or powershell",
      });
    }
    const text = script(completionsOf((await wholeTree()).tree), PROGRAM);
    await context.view.data({ shell, script: text }, () => text);
  },
});
