# Sourced by the scripts beside it: strict mode, the project's folders, and one way to say what is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Command-line tools that the project builds for itself. Outside target/, so that `make clean` does not cost minutes.
TOOLS="${XDG_CACHE_HOME:-$HOME/.cache}/crdt-range-map/tools"

# What is built once and then thrown away need not be ready to be built again.
[ -z "${CI:-}" ] || export CARGO_INCREMENTAL=0

say() {
  printf '==> %s\n' "$*"
}

# missing WHAT HOW: stops with what is missing and how to get it.
missing() {
  printf '\nMissing: %s\n  %s\n\n' "$1" "$2" >&2
  exit 1
}

have() {
  command -v "$1" >/dev/null 2>&1
}

# apt_install PACKAGE...: installs Debian packages if this machine lets us; fails otherwise.
apt_install() {
  have apt-get || return 1
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    # -n: never wait for a password in the middle of a build.
    have sudo && sudo -n true 2>/dev/null || return 1
    root=(sudo -n)
  fi
  say "installing with apt-get: $*"
  "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}
