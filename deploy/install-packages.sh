#!/bin/sh
# Installs what building and testing Troupe needs on Debian 12, as root or by way of sudo. What is
# there already is left alone, so a second run needs no network.
#
#   ./deploy/install-packages.sh [--build | --long]
#
# --build  only what building needs.
# --long   also what only `test.sh --long` needs: clang, for libFuzzer.
set -eu

packages="
  g++ cmake ninja-build ccache mold pkg-config git
  libcaf-dev libboost1.81-dev libsimdjson-dev libsqlite3-dev liblua5.4-dev
  libspdlog-dev libfmt-dev libcli11-dev libtomlplusplus-dev libre2-dev
  libcurl4-openssl-dev libsodium-dev libssl-dev libzstd-dev libseccomp-dev prometheus-cpp-dev
  libpq-dev libnats-dev libgtest-dev libgmock-dev libjemalloc-dev
"
test_packages="
  curl jq openssl procps postgresql nats-server wrk slowhttptest strace iproute2 nftables
  e2fsprogs mount prometheus python3-jsonschema python3-yaml python3-aiosmtpd shellcheck systemd
"
case "${1:-}" in
  --build) ;;
  --long) packages="$packages $test_packages clang libclang-rt-dev" ;;
  "") packages="$packages $test_packages" ;;
  *)
    echo "install-packages.sh: unknown option $1" >&2
    exit 2
    ;;
esac

# Node.js comes with its own npm from some sources, which Debian's package would clash with.
command -v npm >/dev/null || packages="$packages nodejs npm"

missing=""
for package in $packages; do
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

root=""
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "These packages are missing, and this user cannot become root:" >&2
    echo " $missing" >&2
    exit 1
  fi
  root="sudo"
fi
echo "Installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$root apt-get update -qq >&2
# Tests start what they need by themselves; these must not begin to run as services here. Where there is
# no systemd nothing has to be held back.
hold=""
for package in prometheus nats-server; do
  case " $missing " in
    *" $package "*) [ ! -d /run/systemd/system ] || hold="$hold $package.service" ;;
  esac
done
# shellcheck disable=SC2086 # one word per unit is meant
[ -z "$hold" ] || $root systemctl mask --runtime --quiet $hold
# shellcheck disable=SC2086 # one word per package is meant
$root apt-get install -y -qq --no-install-recommends $missing >&2
if [ -n "$hold" ]; then
  # shellcheck disable=SC2086 # one word per unit is meant
  $root systemctl unmask --runtime --quiet $hold
  # shellcheck disable=SC2086 # one word per unit is meant
  $root systemctl disable --quiet $hold
fi
