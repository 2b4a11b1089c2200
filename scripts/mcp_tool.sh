#!/bin/sh
# Finds or installs an official MCP tool of an exact version, for tests/e2e, and prints the path of its program.
#
#   scripts/mcp_tool.sh inspector      the inspector: `mcp-inspector --cli` (needs a Node that it runs with)
#   scripts/mcp_tool.sh conformance    the conformance suite: a script (run by Deno, as it asks for a newer Node than many have); a preview, as
#                                       no release knows revision 2026-07-28 yet
#
# npm brings it, without running install scripts, into ${XDG_CACHE_HOME:-~/.cache}/agentsecrets-dev, where it stays for the next run.
# Nothing else is touched. Where it cannot be had, nothing is printed, the reason goes to standard error, and the test skips.
set -eu
case "${1:-}" in
  inspector) version=2.12.0 program=node_modules/.bin/mcp-inspector ;;
  conformance) version=0.2.0-alpha.12 program=node_modules/@modelcontextprotocol/conformance/dist/index.js ;;
  *)
    echo "usage: scripts/mcp_tool.sh inspector|conformance" >&2
    exit 2
    ;;
esac

folder=${XDG_CACHE_HOME:-$HOME/.cache}/agentsecrets-dev/$1-$version
if ! [ -e "$folder/$program" ]; then
  command -v npm >/dev/null 2>&1 || { echo "mcp_tool.sh: npm is needed to install the MCP $1" >&2; exit 1; }
  echo "Installing the MCP $1 $version from npm" >&2
  mkdir -p "$folder"
  # Written beside and moved into place, so that an interrupted install is never taken for a whole one.
  work=$(mktemp -d "$folder.XXXXXX")
  if ! npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" "@modelcontextprotocol/$1@$version" >&2; then
    rm -rf "$work"
    echo "mcp_tool.sh: npm could not install the MCP $1; its test skips" >&2
    exit 1
  fi
  rm -rf "$folder"
  mv "$work" "$folder" 2>/dev/null || rm -rf "$work"
fi
# Its own answer, not the file's presence: a Node that is too old must make the test skip, not fail.
if [ "$1" = inspector ] && ! "$folder/$program" --cli --help >/dev/null 2>&1; then
  echo "mcp_tool.sh: the MCP inspector does not run with this Node; its test skips" >&2
  exit 1
fi
echo "$folder/$program"
