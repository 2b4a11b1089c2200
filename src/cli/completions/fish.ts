/** The completion script of fish. @module */

import type { Completions } from "./words.ts";

/** Put into `~/.config/fish/completions/agentsecrets.fish`. */
export function fishScript(all: readonly Completions[], program: string): string {
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => quoted(path)).join(" ");
  const lines = all.flatMap(({ path, commands, flags }) => {
    const here = `complete -c ${program} -n ${quoted(`test (__${program}_path) = "${path}"`)}`;
    return [
      ...commands.map((word) => `${here} -f -a ${word.text} -d ${quoted(word.about)}`),
      ...flags.map((flag) =>
        [
          here,
          `-l ${flag.text.slice(2)}`,
          ...(flag.short === undefined ? [] : [`-s ${flag.short.slice(1)}`]),
          ...(flag.takesValue ? ["-r"] : []),
          `-d ${quoted(flag.about)}`,
        ].join(" ")
      ),
    ];
  });
  return `# fish completion for ${program}
function __${program}_path
    set -l at ""
    for word in (commandline -opc)[2..-1]
        switch "$at/$word"
            case ${paths}
                set at "$at/$word"
        end
    end
    echo "$at"
end
${lines.join("\n")}
`;
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
