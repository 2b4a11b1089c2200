/** The completion script of bash. @module */

import type { Completions } from "./words.ts";

/** Put into `~/.bashrc` as `source <(agentsecrets completions bash)`. */
export function bashScript(all: readonly Completions[], program: string): string {
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => path).join("|");
  const cases = all.map(({ path, commands, flags }) =>
    `    "${path}") commands="${commands.map((c) => c.text).join(" ")}" flags="${
      flags.map((f) => f.text).join(" ")
    }" ;;`
  );
  return `# bash completion for ${program}
_${program}() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path="" commands="" flags="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ "\${COMP_WORDS[i]}" == "--" ]] && { COMPREPLY=(); return; }
    case "$path/\${COMP_WORDS[i]}" in
      ${paths}) path="$path/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ -n "$commands" ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  else
    COMPREPLY=()
  fi
}
complete -o default -F _${program} ${program}
`;
}
