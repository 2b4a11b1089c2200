#!/bin/sh
# Runs every check of the project on a machine that has git and npm: `deno task ok` with what it needs.
#
# Deno comes from npm (scripts/deno.sh). On a Debian system, as root or with password-less sudo, missing packages for the
# keyring suites are installed; elsewhere those suites skip and say so. Ends with a line `N passed, N failed`.
set -eu
cd "$(dirname "$0")/.."

need=""
command -v gnome-keyring-daemon >/dev/null 2>&1 || need="$need gnome-keyring"
command -v dbus-daemon >/dev/null 2>&1 || need="$need dbus"
command -v secret-tool >/dev/null 2>&1 || need="$need libsecret-tools libsecret-1-0"
command -v curl >/dev/null 2>&1 || need="$need curl"
command -v script >/dev/null 2>&1 || need="$need bsdutils"
if [ -n "$need" ] && command -v apt-get >/dev/null 2>&1; then
  root=""
  if [ "$(id -u)" != 0 ]; then root="sudo -n"; fi
  if [ -z "$root" ] || sudo -n true 2>/dev/null; then
    echo "Installing for the tests:$need" >&2
    $root apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive \
      $root apt-get install -y -qq --no-install-recommends $need >/dev/null 2>&1 ||
      echo "Some packages could not be installed; the suites that need them skip" >&2
  else
    echo "Not installed (needs root):$need; the suites that need them skip" >&2
  fi
fi
exec scripts/deno.sh task ok "$@"
