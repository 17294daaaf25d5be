#!/bin/sh
# deps.sh - installs the Debian packages that Suoyin is built with and that are not there yet.
#
#   tools/deps.sh        what `make`, `make check` and `make demo` need
#   tools/deps.sh lint   what `make lint` and `make format` need
#   tools/deps.sh fuzz   what `make fuzz` needs
#   tools/deps.sh coverage   what `make coverage` needs
#
# Calls apt only when something is missing, and sudo only when not root.
set -eu

packages="gcc g++ make pkg-config
  liblmdb-dev libzstd-dev libarchive-dev libsimdjson-dev libjansson-dev libuchardet-dev libxml2-dev
  libxxhash-dev libroaring-dev libutf8proc-dev libopencc-dev unicode-data libcmocka-dev zstd"
[ "${1-}" = fuzz ] && packages="clang-14 libclang-rt-14-dev"
[ "${1-}" = coverage ] && packages="lcov"
[ "${1-}" = lint ] && packages="clang-format-14 clang-tidy-14 cppcheck"

if ! command -v dpkg-query >/dev/null; then
  echo "This is no Debian system. Install what corresponds to these packages, then run make:" >&2
  echo $packages >&2
  exit 0
fi

missing=
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  case $state in installed*) ;; *) missing="$missing $package" ;; esac
done
if [ -z "$missing" ]; then
  echo "All packages are there."
  exit 0
fi

if [ "$(id -u)" = 0 ]; then root=; else root=sudo; fi
apt() { $root env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 "$@" </dev/null; }
install() { apt install -y -q --no-install-recommends $missing; }

# The lists may be missing (in a fresh container) or too old: then the first attempt fails quickly.
echo "Installing:$missing"
if ! install >/dev/null 2>&1; then
  apt update -q
  install
fi
