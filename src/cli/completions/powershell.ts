/** The completion script of PowerShell. @module */

import type { Completions, Word } from "./words.ts";

/** Put into the profile as `agentsecrets completions powershell | Out-String | Invoke-Expression`. */
export function powershellScript(all: readonly Completions[], program: string): string {
  const rows = all.map(({ path, commands, flags }) =>
    `    ${quoted(path)} = @(${[...commands, ...flags].map(pair).join(", ")})`
  );
  return `# PowerShell completion for ${program}
Register-ArgumentCompleter -Native -CommandName ${program} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @{
${rows.join("\n")}
  }
  $at = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    if ($words.ContainsKey("$at/$element")) { $at = "$at/$element" }
  }
  $words[$at] | Where-Object { $_[0] -like "$wordToComplete*" -and ($wordToComplete -like '-*' -or $_[0] -notlike '-*') } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1]) }
}
`;
}

function pair({ text, about }: Word): string {
  return `@(${quoted(text)}, ${quoted(about)})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
