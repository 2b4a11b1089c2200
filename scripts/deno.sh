#!/bin/sh
# Finds or installs a Deno of an exact version, then prints its path or runs it.
#
#   scripts/deno.sh --path [VERSION]     prints the executable's path
#   scripts/deno.sh ARGS...              runs the project's Deno (.deno-version) with ARGS
#
# A `deno` of that very version on PATH is used as it is; otherwise npm brings it (package "deno") into
# ${XDG_CACHE_HOME:-~/.cache}/agentsecrets-dev, where it stays for the next run. Nothing else is touched.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)

find_deno() {
  version=$1
  if command -v deno >/dev/null 2>&1 && [ "$(deno --version 2>/dev/null | awk 'NR==1{print $2}')" = "$version" ]; then
    command -v deno
    return
  fi
  folder=${XDG_CACHE_HOME:-$HOME/.cache}/agentsecrets-dev/deno-$version
  found=$folder/node_modules/.bin/deno
  if ! [ -x "$found" ] || ! "$found" --version >/dev/null 2>&1; then
    command -v npm >/dev/null 2>&1 || { echo "deno.sh: npm is needed to install Deno $version" >&2; exit 1; }
    echo "Installing Deno $version from npm" >&2
    mkdir -p "$folder"
    # Written beside and moved into place, so that an interrupted install is never taken for a whole one.
    work=$(mktemp -d "$folder.XXXXXX")
    npm install --loglevel=error --no-audit --no-fund --prefix "$work" "deno@$version" >&2 || {
      rm -rf "$work"
      echo "deno.sh: Deno $version could not be installed from npm: it needs the registry once, and npm's own message is above" >&2
      exit 1
    }
    "$work/node_modules/.bin/deno" --version >/dev/null || { rm -rf "$work"; exit 1; }
    rm -rf "$folder"
    mv "$work" "$folder" 2>/dev/null || rm -rf "$work"
  fi
  echo "$found"
}

if [ "${1:-}" = "--path" ]; then
  find_deno "${2:-$(cat "$here/.deno-version")}"
  exit
fi
# The registry's certificate may come from the system's store.
: "${DENO_TLS_CA_STORE:=system}"
export DENO_TLS_CA_STORE
deno=$(find_deno "$(cat "$here/.deno-version")")
exec "$deno" "$@"
