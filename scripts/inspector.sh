#!/bin/sh
# Finds or installs the official MCP inspector of an exact version, for tests/e2e/mcp_test.ts, and prints its path.
#
#   scripts/inspector.sh --path
#
# npm brings it, without running install scripts, into ${XDG_CACHE_HOME:-~/.cache}/agentsecrets-dev, where it stays for the next run.
# Nothing else is touched. Where it cannot be had, nothing is printed, the reason goes to standard error, and the test skips.
set -eu
version=2.12.0

folder=${XDG_CACHE_HOME:-$HOME/.cache}/agentsecrets-dev/inspector-$version
found=$folder/node_modules/.bin/mcp-inspector
if ! [ -x "$found" ]; then
  command -v npm >/dev/null 2>&1 || { echo "inspector.sh: npm is needed to install the MCP inspector" >&2; exit 1; }
  echo "Installing the MCP inspector $version from npm" >&2
  mkdir -p "$folder"
  # Written beside and moved into place, so that an interrupted install is never taken for a whole one.
  work=$(mktemp -d "$folder.XXXXXX")
  if ! npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" "@modelcontextprotocol/inspector@$version" >&2
  then
    rm -rf "$work"
    echo "inspector.sh: npm could not install it; its test skips" >&2
    exit 1
  fi
  rm -rf "$folder"
  mv "$work" "$folder" 2>/dev/null || rm -rf "$work"
fi
# Its own answer, not the file's presence: a Node that is too old must make the test skip, not fail.
"$found" --cli --help >/dev/null 2>&1 || { echo "inspector.sh: the MCP inspector does not run with this Node" >&2; exit 1; }
echo "$found"
