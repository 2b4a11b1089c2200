#!/bin/sh
# Runs every check of the project on a machine that has git and npm: `deno task ok` with what it needs.
#
# Deno comes from npm (scripts/deno.sh), and so do the official MCP tools (scripts/mcp_tool.sh). On a Debian system, as root or with
# password-less sudo, missing packages for the suites with a keyring, other shells, Python and a browser are installed; elsewhere those
# suites skip and say so. Ends with a line `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."

need=""
command -v gnome-keyring-daemon >/dev/null 2>&1 || need="$need gnome-keyring"
command -v dbus-daemon >/dev/null 2>&1 || need="$need dbus"
command -v secret-tool >/dev/null 2>&1 || need="$need libsecret-tools libsecret-1-0"
command -v curl >/dev/null 2>&1 || need="$need curl"
command -v script >/dev/null 2>&1 || need="$need bsdutils"
command -v zsh >/dev/null 2>&1 || need="$need zsh"
command -v fish >/dev/null 2>&1 || need="$need fish"
/usr/bin/python3 -c "import requests, httpx, websockets" >/dev/null 2>&1 ||
  need="$need python3-requests python3-httpx python3-websockets"
command -v chromium-headless-shell >/dev/null 2>&1 || command -v chromium >/dev/null 2>&1 ||
  need="$need chromium-headless-shell"
if [ -n "$need" ] && command -v apt-get >/dev/null 2>&1; then
  root=""
  if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
  if [ -z "$root" ] || sudo -n true 2>/dev/null; then
    echo "Installing for the tests:$need" >&2
    install() {
      DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
    }
    $root apt-get update -qq >/dev/null || true
    # Together, or else one by one: a package that this release does not have must not keep the others away.
    # shellcheck disable=SC2086 # a list of words is meant
    install $need || for package in $need; do
      install "$package" || echo "$package could not be installed; the suites that need it skip" >&2
    done
  else
    echo "Not installed (needs root):$need; the suites that need them skip" >&2
  fi
fi
MCP_INSPECTOR=${MCP_INSPECTOR:-$(scripts/mcp_tool.sh inspector || true)}
MCP_CONFORMANCE=${MCP_CONFORMANCE:-$(scripts/mcp_tool.sh conformance || true)}
export MCP_INSPECTOR MCP_CONFORMANCE
exec scripts/deno.sh task ok "$@"
