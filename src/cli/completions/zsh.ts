/** The completion script of zsh. @module */

import type { Completions, Word } from "./words.ts";

/** Put on the function path as `_agentsecrets`, or into `~/.zshrc` as `source <(agentsecrets completions zsh)`. */
export function zshScript(all: readonly Completions[], program: string): string {
  const paths = all.filter(({ path }) => path !== "").map(({ path }) => path).join("|");
  const cases = all.map(({ path, commands, flags }) =>
    `    (${path === "" ? "''" : path})\n      commands=(${described(commands)})\n      flags=(${described(flags)}) ;;`
  );
  return `#compdef ${program}
_${program}() {
  local -a commands flags
  local at='' word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    [[ "$word" == "--" ]] && { _normal; return }
    case "$at/$word" in
      (${paths}) at="$at/$word" ;;
    esac
  done
  case "$at" in
${cases.join("\n")}
  esac
  if [[ "$PREFIX" == -* ]]; then
    _describe 'flag' flags
  elif (( $#commands )); then
    _describe 'command' commands
  else
    _files
  fi
}
if [[ "$funcstack[1]" == "_${program}" ]]; then
  _${program} "$@"
else
  compdef _${program} ${program}
fi
`;
}

function described(words: readonly Word[]): string {
  return words.map(({ text, about }) => quoted(`${text}:${about.replace(/[\\:]/g, "\\$&")}`)).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
