#!/bin/sh
# Installs agentsecrets, from this checkout or from a release. Safe to run again: it replaces what it installed before.
#
#   sh install.sh [--prefix DIR] [--demo] [--no-modify-path]
#   sh install.sh --from URL-OR-FOLDER [--version X.Y.Z] [--prefix DIR]
#   sh install.sh --uninstall [--prefix DIR]
#
#   --prefix DIR       install below DIR (DIR/bin, DIR/lib). Default: /usr/local when it can be written, else ~/.local
#   --demo             afterwards show the main job end to end on loopback, in a temporary home
#   --from WHERE       install a released archive from WHERE (https://…, file://… or a folder) instead of building
#   --version X.Y.Z    which release (default: the newest that WHERE/latest names)
#   --no-modify-path   do not add the bin folder to PATH in ~/.profile when it is not there
#   --uninstall        remove the program; your data (~/.agentsecrets) stays, and the last line says where
#
# From a checkout it needs npm only: Deno comes from npm. The program becomes one binary where Deno's runtime can be had,
# otherwise a launcher beside a private copy of Deno: it behaves the same.
set -eu
umask 022

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

prefix=""; demo=0; from=""; version=""; modify_path=1; uninstall=0
while [ $# -gt 0 ]; do
  case $1 in
    --prefix | --from | --version)
      [ $# -ge 2 ] && [ -n "$2" ] || die "$1 needs a value"
      case $1 in --prefix) prefix=$2 ;; --from) from=$2 ;; --version) version=$2 ;; esac
      shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --from=*) from=${1#*=} ;;
    --version=*) version=${1#*=} ;;
    --demo) demo=1 ;;
    --no-modify-path) modify_path=0 ;;
    --uninstall) uninstall=1 ;;
    -h | --help) sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"; exit 0 ;;
    *) die "unknown argument '$1' (see sh install.sh --help)" ;;
  esac
  shift
done

# Where the script stands in a checkout; empty when it was piped into sh.
here=""
case $0 in
  */install.sh | install.sh) here=$(cd "$(dirname "$0")" && pwd); [ -f "$here/main.ts" ] || here="" ;;
esac

if [ -z "$prefix" ]; then
  if mkdir -p /usr/local/bin /usr/local/lib 2>/dev/null && [ -w /usr/local/bin ] && [ -w /usr/local/lib ]; then
    prefix=/usr/local
  else
    [ -n "${HOME:-}" ] || die "HOME is not set: give --prefix DIR"
    prefix=$HOME/.local
  fi
fi
case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac
bin=$prefix/bin
lib=$prefix/lib/agentsecrets
program=$bin/agentsecrets
marker="# added by the agentsecrets installer"

if [ "$uninstall" = 1 ]; then
  rm -f "$program" "$bin/.agentsecrets.new"
  rm -rf "$lib" "$lib.new" "$lib.old"
  if [ -n "${HOME:-}" ] && [ -f "$HOME/.profile" ] && grep -qF "$marker" "$HOME/.profile"; then
    grep -vF "$marker" "$HOME/.profile" >"$HOME/.profile.agentsecrets" || true
    cat "$HOME/.profile.agentsecrets" >"$HOME/.profile" && rm -f "$HOME/.profile.agentsecrets"
  fi
  say "Removed $program. Your data stays in ${AGENTSECRETS_HOME:-${HOME:-~}/.agentsecrets}: delete that folder yourself if you want it gone."
  exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/agentsecrets-install.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$bin" "$prefix/lib" || die "cannot write below $prefix: give --prefix DIR"

# Puts a file in place whole or not at all: a running program keeps its old file.
place() { cp "$1" "$bin/.agentsecrets.new" && chmod 755 "$bin/.agentsecrets.new" && mv -f "$bin/.agentsecrets.new" "$program"; }

fetch() {
  case $1 in
    https://*) curl --fail --silent --show-error --location --proto '=https' --tlsv1.2 --output "$2" "$1" ;;
    file://*) cp "${1#file://}" "$2" ;;
    /*) cp "$1" "$2" ;;
    *) die "refused to download from '$1': https://, file:// or a folder" ;;
  esac || die "cannot fetch $1"
}

sha256() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d' ' -f1; }

install_release() {
  case $(uname -s) in Linux) os=linux ;; Darwin) os=macos ;; *) die "no release for $(uname -s): on Windows use the .zip" ;; esac
  case $(uname -m) in x86_64 | amd64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) die "no release for $(uname -m)" ;; esac
  from=${from%/}
  case $from in ./* | ../* | .) from=$(cd "$from" && pwd) ;; esac
  if [ -z "$version" ]; then fetch "$from/latest" "$work/latest"; version=$(head -n 1 "$work/latest"); fi
  version=${version#v}
  case $version in *[!0-9A-Za-z.-]* | "") die "'$version' is not a version" ;; esac
  archive=agentsecrets-$version-$os-$arch.tar.gz
  fetch "$from/v$version/$archive" "$work/$archive"
  fetch "$from/v$version/SHA256SUMS" "$work/SHA256SUMS"
  want=$(awk -v f="$archive" '$2 == f || $2 == "*" f { print $1 }' "$work/SHA256SUMS")
  [ -n "$want" ] || die "SHA256SUMS does not name $archive: nothing was installed"
  [ "$(sha256 "$work/$archive")" = "$want" ] || die "$archive does not match its SHA-256: nothing was installed"
  (cd "$work" && tar xzf "$archive" agentsecrets) || die "$archive holds no program: nothing was installed"
  "$work/agentsecrets" --version >/dev/null || die "the program does not start on this machine: nothing was installed"
  place "$work/agentsecrets"
  rm -rf "$lib"
}

install_checkout() {
  command -v npm >/dev/null 2>&1 || command -v deno >/dev/null 2>&1 || die "npm is needed (it brings Deno): install Node.js first"
  say "Building from $here" >&2
  (cd "$here" && scripts/deno.sh install --frozen --quiet) || die "the dependencies could not be installed"
  if [ -z "${DENORT_BIN:-}" ] && [ -f "$here/../shared/tools/denort" ]; then
    DENORT_BIN=$(bash "$here/../shared/tools/denort" 2>/dev/null) && export DENORT_BIN || unset DENORT_BIN
  fi
  (cd "$here" && scripts/deno.sh run -A scripts/build.ts --out "$work/dist" --bundle-only >&2) || die "the program could not be built"
  if (cd "$here" && scripts/deno.sh run -A scripts/build.ts --out "$work/dist" --compile-only >"$work/compile.log" 2>&1) &&
    "$work/dist/agentsecrets" --version >/dev/null 2>&1; then
    place "$work/dist/agentsecrets"
    rm -rf "$lib"
    return
  fi
  # No runtime to embed here: a launcher beside a private copy of the same Deno, from npm.
  deno=$(cd "$here" && scripts/deno.sh --path 2.6.8)
  real=$(node -e 'const p=require("fs").realpathSync(process.argv[1]);console.log(p)' "$deno")
  real=$("$deno" eval 'console.log(Deno.execPath())' 2>/dev/null || echo "$real")
  rm -rf "$lib.new" "$lib.old"
  mkdir -p "$lib.new"
  cp -R "$work/dist/bundle" "$lib.new/bundle"
  cp "$real" "$lib.new/deno"
  chmod 755 "$lib.new/deno"
  if [ -d "$lib" ]; then mv "$lib" "$lib.old"; fi
  mv "$lib.new" "$lib"
  rm -rf "$lib.old"
  quoted=$(printf '%s' "$lib" | sed "s/'/'\\\\''/g")
  cat >"$work/launcher" <<LAUNCHER
#!/bin/sh
# agentsecrets, installed from a checkout: a bundle run by a private copy of Deno.
lib='$quoted'
# Deno writes the keys of every TLS session into the file that this names, from its start on.
unset SSLKEYLOGFILE
# Half a second later it would ask the network for its newest version, through a proxy where the program has not yet put that aside.
export DENO_NO_UPDATE_CHECK=1
exec "\$lib/deno" run --quiet --no-prompt --cached-only --no-code-cache --config "\$lib/bundle/deno.json" \\
  --allow-all "\$lib/bundle/main.js" "\$@"
LAUNCHER
  place "$work/launcher"
}

if [ -n "$from" ]; then install_release
elif [ -n "$here" ]; then install_checkout
else die "give --from URL-OR-FOLDER with a release, or run it in a checkout"; fi

installed=$("$program" --version) || die "the installed program does not start"
say "Installed agentsecrets $installed in $program"

case ":${PATH:-}:" in
  *":$bin:"*) ;;
  *)
    if [ "$modify_path" = 1 ] && [ -n "${HOME:-}" ]; then
      line="PATH=\"$bin:\$PATH\"; export PATH $marker"
      grep -qsF "$line" "$HOME/.profile" || printf '%s\n' "$line" >>"$HOME/.profile"
      say "Added $bin to PATH in ~/.profile: it counts from your next login; for this shell: export PATH=\"$bin:\$PATH\""
    else
      say "$bin is not on PATH: export PATH=\"$bin:\$PATH\""
    fi ;;
esac

if [ "$demo" = 1 ]; then
  [ -n "$here" ] || die "--demo runs in a checkout"
  (cd "$here" && scripts/deno.sh run -A scripts/demo.ts --program "$program")
fi
